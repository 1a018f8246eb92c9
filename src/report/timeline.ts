import { rankOf, type Severity } from '../rule/severity.js'
import { added, noCounts, type Counts } from './tally.js'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const maxBars = 60
const steps = [
  ...[1, 2, 5, 10, 30].map(minutes => minutes * minute),
  ...[1, 3, 6, 12].map(hours => hours * hour),
  day,
  7 * day,
]

/** How many alerts there are in each stretch of time, one stretch after the other. */
export interface Timeline {
  /** When the first stretch begins, epoch milliseconds. */
  readonly start: number
  /** How long each is, in milliseconds. */
  readonly step: number
  readonly bars: readonly Counts[]
}

/** Counts alerts by their times (epoch milliseconds), in any order; at most 60 stretches in the end. */
export function createTimeline(): {
  readonly add: (time: number, severity: Severity) => void
  readonly timeline: () => Timeline
} {
  const minutes = new Map<number, Counts>()
  return {
    add(time, severity) {
      const at = Math.floor(time / minute)
      const counts = minutes.get(at) ?? noCounts()
      counts[rankOf(severity)]! += 1
      minutes.set(at, counts)
    },
    timeline() {
      if (minutes.size === 0) return { start: 0, step: minute, bars: [] }
      let [from, to] = [Infinity, -Infinity]
      for (const at of minutes.keys()) {
        from = Math.min(from, at * minute)
        to = Math.max(to, at * minute)
      }
      let step = steps.find(step => to / step - Math.floor(from / step) < maxBars)
      for (step ??= 14 * day; to / step - Math.floor(from / step) >= maxBars;) step *= 2
      const start = Math.floor(from / step) * step
      const bars = Array.from({ length: Math.floor((to - start) / step) + 1 }, noCounts)
      for (const [at, counts] of minutes) {
        const bar = Math.floor((at * minute - start) / step)
        bars[bar] = added(bars[bar]!, counts)
      }
      return { start, step, bars }
    },
  }
}
