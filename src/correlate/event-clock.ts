import { latenessMs } from './correlator.js'

/** Tells the time by the entries. */
export interface EventClock {
  /** The greatest time seen, epoch milliseconds; undefined before the first. */
  readonly now: number | undefined
  /** What `see` would make of an entry's time. */
  judge(time: number | undefined): Judgement
  /**
   * Takes an entry's time, undefined for one that has none and counts as now. Gives the time at
   * which it is to be counted, or why it isn't.
   */
  see(time: number | undefined): number | Exclude<Judgement, 'timely'>
  /** After a restart. */
  resume(now: number): void
}

type Judgement = 'timely' | 'late' | 'ahead' | 'unknown'

/**
 * Time is the greatest entry time seen. An entry more than 5 minutes behind it is late. One more
 * than 5 minutes ahead of `clock` is not believed: a single forged one would make all others late.
 */
export function createEventClock(clock: () => number): EventClock {
  let now: number | undefined

  /** The clock was ahead, and was set back: what it let in then must not make all else late. */
  const believed = () =>
    now !== undefined && now > clock() + latenessMs ? undefined : now

  const judge = (time: number | undefined): Judgement => {
    const known = believed()
    if (time === undefined) return known === undefined ? 'unknown' : 'timely'
    if (known !== undefined && time < known - latenessMs) return 'late'
    return time > clock() + latenessMs ? 'ahead' : 'timely'
  }

  return {
    get now() {
      return now
    },
    judge,
    see(time) {
      now = believed()
      const judgement = judge(time)
      if (judgement !== 'timely') return judgement
      if (time !== undefined) now = Math.max(now ?? time, time)
      return time ?? now!
    },
    resume(time) {
      now = time
    },
  }
}
