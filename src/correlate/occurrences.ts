import type { Window } from './correlator.js'

/** What of a key's events lies near enough to matter, in the order of time. */
export interface Occurrences {
  /** Takes an event; false where it says nothing new: a value that was seen within the window. */
  add(at: number, value: string): boolean
  /** The events of the first window around `at` that holds at least `count`; undefined for none. */
  burst(at: number, count: number): (Window & { readonly count: number }) | undefined
  /** When fewer than `count` are left in a window that ends then; -Infinity where there are fewer. */
  endOf(count: number): number
  /** Forgets what happened until `time`, and the oldest beyond `limit` events. */
  prune(time: number, limit: number): void
  readonly size: number
  /** The latest event's time; -Infinity where there is none. */
  readonly last: number
  save(): unknown
}

/** Every event counts. A window is half open: an event is in it until `withinMs` later. */
export function createEventOccurrences(withinMs: number, saved?: unknown): Occurrences {
  let times = numbers(saved ?? [])
  return {
    add(at) {
      times.splice(after(times, at), 0, at)
      return true
    },
    burst(at, count) {
      for (let end = after(times, at) - 1; end < times.length; end++) {
        const last = times[end]!
        if (last >= at + withinMs) return undefined
        const start = after(times, last - withinMs)
        const size = after(times, last) - start
        if (size >= count) return { first: times[start]!, last, count: size }
      }
      return undefined
    },
    endOf: count =>
      times.length < count ? -Infinity : times[times.length - count]! + withinMs,
    prune(time, limit) {
      const gone = Math.max(after(times, time), times.length - limit)
      // In lots: a long array is not to be copied for each event.
      if (gone > times.length / 8) times = times.slice(gone)
    },
    get size() {
      return times.length
    },
    get last() {
      return times.at(-1) ?? -Infinity
    },
    save: () => times,
  }
}

/** Distinct values count. */
export function createValueOccurrences(withinMs: number, saved?: unknown): Occurrences {
  const timesOf = new Map<string, number[]>()
  for (const [value, times] of Object.entries(saved ?? {})) {
    timesOf.set(value, numbers(times))
  }
  const within = (times: readonly number[], end: number) => {
    const start = after(times, end - withinMs)
    return start < after(times, end) ? times[start] : undefined
  }
  return {
    add(at, value) {
      const times = timesOf.get(value) ?? []
      const isNew = !times.some(time => Math.abs(time - at) < withinMs)
      times.splice(after(times, at), 0, at)
      // Of three within one window the middle one makes no difference to any window.
      for (let i = times.length - 2; i > 0; i--) {
        if (times[i + 1]! - times[i - 1]! < withinMs) times.splice(i, 1)
      }
      timesOf.set(value, times)
      return isNew
    },
    burst(at, count) {
      const ends = [...timesOf.values()]
        .flat()
        .filter(time => time >= at && time < at + withinMs)
      for (const last of new Set([at, ...ends.sort((a, b) => a - b)])) {
        const firsts = [...timesOf.values()]
          .map(times => within(times, last))
          .filter(first => first !== undefined)
        if (firsts.length >= count) {
          return { first: Math.min(...firsts), last, count: firsts.length }
        }
      }
      return undefined
    },
    endOf(count) {
      if (timesOf.size < count) return -Infinity
      const latest = [...timesOf.values()].map(times => times.at(-1)!)
      return latest.sort((a, b) => b - a)[count - 1]! + withinMs
    },
    prune(time, limit) {
      for (const [value, times] of timesOf) {
        const kept = times.slice(after(times, time))
        if (kept.length > 0) timesOf.set(value, kept)
        else timesOf.delete(value)
      }
      if (timesOf.size <= limit) return
      const latest = [...timesOf].sort(([, a], [, b]) => a.at(-1)! - b.at(-1)!)
      for (const [value] of latest.slice(0, timesOf.size - limit)) timesOf.delete(value)
    },
    get size() {
      return timesOf.size
    },
    get last() {
      return [...timesOf.values()].reduce(
        (last, times) => Math.max(last, times.at(-1)!),
        -Infinity,
      )
    },
    save: () => Object.fromEntries(timesOf),
  }
}

/** How many of the ascending times are at most `time`: the index behind them. */
export function after(times: readonly number[], time: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (times[middle]! <= time) low = middle + 1
    else high = middle
  }
  return low
}

/** @throws TypeError for anything else */
export function numbers(saved: unknown): number[] {
  if (Array.isArray(saved) && saved.every(Number.isFinite))
    return [...(saved as number[])]
  throw new TypeError('not an array of numbers')
}
