import { rankOf, type Severity } from '../rule/severity.js'
import { added, noCounts, type Counts } from './tally.js'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const week = 7 * day
const maxBars = 60
const steps = [
  ...[1, 2, 5, 10, 30].map(minutes => minutes * minute),
  ...[1, 3, 6, 12].map(hours => hours * hour),
  day,
  week,
]
/** So many stretches are counted apart; the log says its times, and an attacker parts of it. */
const maxStretches = 10_000

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
  /** A minute, an hour, a day, or weeks: each step from there on is a multiple of it. */
  let unit = minute
  let stretches = new Map<number, Counts>()
  return {
    add(time, severity) {
      const at = Math.floor(time / unit)
      const counts = stretches.get(at) ?? noCounts()
      counts[rankOf(severity)]! += 1
      stretches.set(at, counts)
      if (stretches.size <= maxStretches) return
      const coarser = [hour, day, week].find(other => other > unit) ?? 2 * unit
      stretches = regrouped(stretches, unit, coarser)
      unit = coarser
    },
    timeline() {
      if (stretches.size === 0) return { start: 0, step: minute, bars: [] }
      let [from, to] = [Infinity, -Infinity]
      for (const at of stretches.keys()) {
        from = Math.min(from, at * unit)
        to = Math.max(to, at * unit)
      }
      const isEnough = (step: number) =>
        Math.floor(to / step) - Math.floor(from / step) < maxBars
      let step =
        steps.find(step => step >= unit && isEnough(step)) ?? Math.max(unit, week)
      while (!isEnough(step)) step *= 2
      const start = Math.floor(from / step) * step
      const bars = Array.from({ length: Math.floor((to - start) / step) + 1 }, noCounts)
      for (const [at, counts] of regrouped(stretches, unit, step)) {
        bars[at - start / step] = counts
      }
      return { start, step, bars }
    },
  }
}

/** Counts by the number of their stretch, in longer stretches. */
function regrouped(
  stretches: ReadonlyMap<number, Counts>,
  unit: number,
  longer: number,
): Map<number, Counts> {
  const groups = new Map<number, Counts>()
  for (const [at, counts] of stretches) {
    const group = Math.floor((at * unit) / longer)
    groups.set(group, added(groups.get(group) ?? noCounts(), counts))
  }
  return groups
}
