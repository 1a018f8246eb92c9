/** When something of a series was, epoch milliseconds. */
export interface Span {
  readonly series: string
  readonly first: number
  readonly last: number
}

/** The windows of alerts over time, by their series. */
export interface Spans {
  add(span: Span): void
  /** Whether one of the same series has a moment in common with this one. */
  overlaps(span: Span): boolean
}

/** Of so many the oldest are forgotten: at most 20 MB. */
const limit = 100_000

interface Stretch {
  readonly first: number
  readonly last: number
}

/** Knows none so far. */
export function createSpans(): Spans {
  /** Of each series in the order of time; those that overlap are one. */
  const bySeries = new Map<string, Stretch[]>()
  let size = 0

  /** Half of what the oldest series has. */
  const forgetOldest = () => {
    const [series] = bySeries.keys()
    const stretches = bySeries.get(series!)!
    size -= stretches.splice(0, Math.ceil(stretches.length / 2)).length
    if (stretches.length === 0) bySeries.delete(series!)
  }

  return {
    add({ series, first, last }) {
      const stretches = bySeries.get(series) ?? []
      bySeries.set(series, stretches)
      const from = firstEndingFrom(stretches, first)
      let to = from
      while (to < stretches.length && stretches[to]!.first <= last) to += 1
      const joined = {
        first: Math.min(first, stretches[from]?.first ?? first),
        last: Math.max(last, stretches[to - 1]?.last ?? last),
      }
      stretches.splice(from, to - from, to > from ? joined : { first, last })
      size += 1 - (to - from)
      if (size > limit) forgetOldest()
    },
    overlaps({ series, first, last }) {
      const stretches = bySeries.get(series) ?? []
      const next = stretches[firstEndingFrom(stretches, first)]
      return next !== undefined && next.first <= last
    },
  }
}

/** The index of the first stretch that ends at `time` or later. */
function firstEndingFrom(stretches: readonly Stretch[], time: number): number {
  let low = 0
  let high = stretches.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (stretches[middle]!.last < time) low = middle + 1
    else high = middle
  }
  return low
}
