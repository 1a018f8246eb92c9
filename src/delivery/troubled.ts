import type { Place } from '../state/place.js'

/** What to do with an event after it failed again. */
export type Verdict = 'try on' | 'go by itself' | 'let others go first' | 'give up'

/** Tells an event on which a destination fails from a destination that fails on everything. */
export interface Troubled {
  /** One more failure of this event, at `now` (epoch milliseconds). */
  failed(place: Place, now: number, doOthersWait: boolean): Verdict
  /**
   * These were delivered. Gives the events that let others go first though nothing had been
   * delivered since they began to fail: it may have been an outage, which has ended.
   */
  delivered(places: readonly Place[]): Place[]
  /** The events that have let others go first for long enough, or where none waits; each told once. */
  due(now: number, doOthersWait: boolean): Place[]
  /** Nothing more is to be known of it, nor does it let others go first. */
  forget(place: Place): void
  /** How many are still letting others go first. */
  readonly deferred: number
}

const maxFailures = 5
const maxRounds = 3
const deferralMs = 5 * 60_000

/**
 * An event that failed five times in a row lets others go first for five minutes, or as long as
 * others wait; it goes by itself from then on, so that nothing waits for it. When they pass and it
 * doesn't, in three such rounds, the destination is well and the event is given up; as long as
 * nothing passes, it is tried on for good.
 */
export function createTroubled(): Troubled {
  let deliveries = 0
  const events = new Map<
    Place,
    { failures: number; rounds: number; deliveries: number }
  >()
  const deferred = new Map<Place, { until: number; mayBeOutage: boolean }>()
  const takeBack = (places: readonly Place[]) => {
    for (const place of places) deferred.delete(place)
    return [...places]
  }
  return {
    failed(place, now, doOthersWait) {
      const event = events.get(place) ?? { failures: 0, rounds: 0, deliveries }
      events.set(place, event)
      event.failures += 1
      if (event.failures < maxFailures) return 'try on'
      event.failures = 0
      const mayBeOutage = deliveries === event.deliveries
      if (!mayBeOutage) event.rounds += 1
      event.deliveries = deliveries
      if (event.rounds >= maxRounds) return 'give up'
      if (!doOthersWait) return 'go by itself'
      deferred.set(place, { until: now + deferralMs, mayBeOutage })
      return 'let others go first'
    },
    delivered(places) {
      deliveries += 1
      for (const place of places) events.delete(place)
      const ended = [...deferred].filter(([, { mayBeOutage }]) => mayBeOutage)
      return takeBack(ended.map(([place]) => place))
    },
    due(now, doOthersWait) {
      const due = [...deferred].filter(([, { until }]) => until <= now || !doOthersWait)
      return takeBack(due.map(([place]) => place))
    },
    forget(place) {
      events.delete(place)
      deferred.delete(place)
    },
    get deferred() {
      return deferred.size
    },
  }
}
