// What a destination fails on, set apart so that it holds up nothing else. A digest that fails while
// other messages pass, or that is refused, has an event in it that the destination doesn't take: it
// is halved until that one fails by itself.

import type { Outbox } from '../state/outbox.js'
import type { Place } from '../state/place.js'
import type { Chosen } from './choose-message.js'
import { createTroubled } from './troubled.js'

/** What was set apart from an outbox, and what to do about failures. */
export interface SetApart {
  /** Whether something waits here, and whether it is its turn: in turns with what isn't set apart. */
  turn(): 'none' | 'waits' | 'is next'
  /** What goes next of it, as one message. */
  next(): readonly Place[]
  /** This message failed, for now or (`isRefused`) for good. With `give up`, nothing was done. */
  failed(
    message: Pick<Chosen, 'what' | 'places'>,
    isRefused: boolean,
    now: number,
  ): 'try on' | 'take apart' | 'give up'
  /** This message was delivered. */
  delivered(message: Pick<Chosen, 'what' | 'places' | 'isCritical'>): void
  /** These, as one message, don't wait any more, however that came. */
  settled(places: readonly Place[]): void
  /** This event stands elsewhere from now on, and is found there. */
  moved(place: Place): void
  /** Lets events back that let others go first. */
  look(now: number): void
  /** How many events are set apart. */
  count(): number
}

/** A digest that failed so often is looked into. */
const maxDigestFailures = 3
/** A batch that failed so often joins what else waits. */
const maxBatchFailures = 5
/** With more failures in a row, it may be the destination that fails, and halving slows down. */
const maxInARow = 8

/** Nothing is set apart at first. */
export function createSetApart(outbox: Outbox): SetApart {
  const troubled = createTroubled()
  /** Each goes as one message; in turns. */
  let parts: (readonly Place[])[] = []
  /** An event of a digest that fails, sent alone to see whether anything passes. */
  let probe: Place | undefined
  let wasPart = false
  let inARow = 0
  let digestFailures = 0
  let hasDelivered = false
  let batchFailures = 0

  /** How many events and parts wait to be sent, but for what lets others go first. */
  const countMessages = () => {
    const { critical, others, batches } = outbox.waiting()
    return critical + others + batches + parts.length
  }

  const setApart = (places: readonly Place[]) => {
    const half = Math.ceil(places.length / 2)
    for (const part of [places.slice(0, half), places.slice(half)]) {
      if (part.length > 0) parts.push(part)
      for (const place of part) outbox.defer(place)
    }
  }
  const remove = (place: Place) => {
    parts = parts.filter(part => part[0] !== place)
  }

  const digestFailed = (places: readonly Place[], isRefused: boolean) => {
    if (digestFailures++ === 0) hasDelivered = false
    if (isRefused || (hasDelivered && digestFailures >= maxDigestFailures)) {
      digestFailures = 0
      setApart(places)
      return 'take apart'
    }
    if (digestFailures % maxDigestFailures !== 0) return 'try on'
    // The newest: the older ones may have failed before they came into a digest.
    probe = places.at(-1)!
    setApart([probe])
    return 'try on'
  }

  const partFailed = (places: readonly Place[], isRefused: boolean) => {
    remove(places[0]!)
    const isSlow = inARow > maxInARow && inARow % maxInARow !== 0
    if (isSlow && !isRefused) {
      parts.push(places)
      return 'try on'
    }
    setApart(places)
    return 'take apart'
  }

  const eventFailed = (place: Place, what: Chosen['what'], now: number) => {
    if (what === 'apart' && place === probe) {
      probe = undefined
      remove(place)
      outbox.putBack(place)
      return 'try on'
    }
    // The event itself still waits, too.
    const verdict = troubled.failed(place, now, countMessages() > 1)
    if (verdict === 'give up') return verdict
    if (verdict !== 'try on') outbox.defer(place)
    if (what === 'apart') remove(place)
    const isPart = what === 'apart' || verdict === 'go by itself'
    if (isPart && verdict !== 'let others go first') parts.push([place])
    return 'try on'
  }

  return {
    turn() {
      if (parts.length === 0) return 'none'
      return wasPart ? 'waits' : 'is next'
    },
    next: () => parts[0] ?? [],
    failed({ what, places }, isRefused, now) {
      inARow += 1
      wasPart = what === 'apart'
      if (what === 'digest' && places.length > 1) return digestFailed(places, isRefused)
      if (what === 'batch') {
        if (!isRefused && ++batchFailures < maxBatchFailures) return 'try on'
        batchFailures = 0
        return 'take apart'
      }
      if (places.length > 1) return partFailed(places, isRefused)
      return isRefused ? 'give up' : eventFailed(places[0]!, what, now)
    },
    delivered({ what, places, isCritical }) {
      inARow = 0
      hasDelivered = true
      wasPart = what === 'apart'
      if (what === 'batch') batchFailures = 0
      // The digest that failed is through, or too few are left for one.
      if (what === 'digest' || (what === 'event' && !isCritical)) digestFailures = 0
      for (const place of troubled.delivered(places)) outbox.putBack(place)
    },
    settled(places) {
      const [first] = places
      if (first === undefined) return
      if (first === probe) probe = undefined
      remove(first)
      for (const place of places) troubled.forget(place)
    },
    moved(place) {
      if (place === probe) probe = undefined
      parts = parts
        .map(part => part.filter(other => other !== place))
        .filter(part => part.length > 0)
      troubled.forget(place)
    },
    look(now) {
      // By themselves, or else they would be the ruin of a digest.
      for (const place of troubled.due(now, countMessages() > 0)) parts.push([place])
    },
    count: () => troubled.deferred + parts.reduce((sum, part) => sum + part.length, 0),
  }
}
