import { latenessMs } from './correlator.js'

/** Tells the time by the entries. */
export interface EventClock {
  /** The greatest time seen, epoch milliseconds; undefined before the first. */
  readonly now: number | undefined
  /**
   * Takes an entry's time, undefined for one that has none and counts as now. Gives the time at
   * which it is to be counted, or why it isn't.
   */
  see(time: number | undefined): number | 'late' | 'ahead' | 'unknown'
  /** After a restart. */
  resume(now: number): void
}

/**
 * Time is the greatest entry time seen. An entry more than 5 minutes behind it is late. One more
 * than 5 minutes ahead of `clock` is not believed: a single forged one would make all others late.
 */
export function createEventClock(clock: () => number): EventClock {
  let now: number | undefined
  return {
    get now() {
      return now
    },
    see(time) {
      // The clock was ahead, and was set back: what it let in then must not make all else late.
      if (now !== undefined && now > clock() + latenessMs) now = undefined
      if (time === undefined) return now ?? 'unknown'
      if (now !== undefined && time < now - latenessMs) return 'late'
      if (time > clock() + latenessMs) return 'ahead'
      now = Math.max(now ?? time, time)
      return time
    },
    resume(time) {
      now = time
    },
  }
}
