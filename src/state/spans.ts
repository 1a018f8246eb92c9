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

/** Of so many the oldest are forgotten: at most 30 MB. */
const limit = 100_000

/** Knows none so far. */
export function createSpans(): Spans {
  const bySeries = new Map<string, Span[]>()
  let size = 0
  const forgetOldest = () => {
    const [[series, [, ...rest]]] = bySeries as unknown as [[string, Span[]]]
    if (rest.length > 0) bySeries.set(series, rest)
    else bySeries.delete(series)
    size -= 1
  }
  return {
    add(span) {
      const known = bySeries.get(span.series) ?? []
      // A series that is seen again is the youngest.
      bySeries.delete(span.series)
      bySeries.set(span.series, [...known, span])
      if (++size > limit) forgetOldest()
    },
    overlaps: ({ series, first, last }) =>
      bySeries.get(series)?.some(other => first <= other.last && last >= other.first) ??
      false,
  }
}
