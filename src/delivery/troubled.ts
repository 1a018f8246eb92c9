import type { Place } from '../state/outbox.js'

/** What to do with an event after it failed again. */
export type Verdict = 'try on' | 'let others go first' | 'give up'

/** Tells an event on which a destination fails from a destination that fails on everything. */
export interface Troubled {
  /** One more failure of this event, at `now` (epoch milliseconds). */
  failed(place: Place, now: number): Verdict
  /** Something was delivered. */
  delivered(): void
  /** The events that have let others go first for long enough, each told once. */
  due(now: number): Place[]
  /** How many are still letting others go first. */
  readonly deferred: number
}

const maxFailures = 5
const maxRounds = 3
const deferralMs = 5 * 60_000

/**
 * An event that failed five times in a row lets others go first for five minutes. When they pass
 * and it doesn't, in three such rounds, the destination is well and the event is given up; as long
 * as nothing passes, it is tried on for good.
 */
export function createTroubled(): Troubled {
  let deliveries = 0
  const events = new Map<
    Place,
    { failures: number; rounds: number; deliveries: number }
  >()
  const until = new Map<Place, number>()
  return {
    failed(place, now) {
      const event = events.get(place) ?? { failures: 0, rounds: 0, deliveries }
      events.set(place, event)
      event.failures += 1
      if (event.failures < maxFailures) return 'try on'
      event.failures = 0
      if (deliveries > event.deliveries) event.rounds += 1
      event.deliveries = deliveries
      if (event.rounds >= maxRounds) {
        events.delete(place)
        return 'give up'
      }
      until.set(place, now + deferralMs)
      return 'let others go first'
    },
    delivered() {
      deliveries += 1
    },
    due(now) {
      const places = [...until].filter(([, time]) => time <= now).map(([place]) => place)
      for (const place of places) until.delete(place)
      return places
    },
    get deferred() {
      return until.size
    },
  }
}
