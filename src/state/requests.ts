import type { Place } from './place.js'

/** Which lines of an outbox go out as one message, being about one request. */
export interface Requests {
  /**
   * Takes a line in that was found at `place`: gives the place of the one that it joins, if that
   * still waits; undefined where it is a message of its own.
   */
  join(
    place: Place,
    event: string,
    isWaiting: (place: Place) => boolean,
  ): Place | undefined
  /** The lines that have joined the one at `place`. */
  joinedTo(place: Place): readonly Place[]
  /** The message at `place` is settled. */
  settled(place: Place): void
  /** These lines are gone. */
  drop(isGone: (place: Place) => boolean): void
}

/** Of requests whose first line was found so long ago, further lines are messages of their own. */
const maxRequests = 1_000
const none: readonly Place[] = []

/** None is known so far. */
export function createRequests(): Requests {
  const firsts = new Map<string, Place>()
  const joined = new Map<Place, readonly Place[]>()
  return {
    join(place, event, isWaiting) {
      const first = firsts.get(event)
      if (first !== undefined && isWaiting(first)) {
        joined.set(first, [...(joined.get(first) ?? none), place])
        return first
      }
      firsts.delete(event)
      firsts.set(event, place)
      if (firsts.size > maxRequests) firsts.delete(firsts.keys().next().value!)
      return undefined
    },
    joinedTo: place => joined.get(place) ?? none,
    settled: place => void joined.delete(place),
    drop(isGone) {
      for (const [first, places] of joined) {
        if (isGone(first)) joined.delete(first)
        else
          joined.set(
            first,
            places.filter(place => !isGone(place)),
          )
      }
    },
  }
}
