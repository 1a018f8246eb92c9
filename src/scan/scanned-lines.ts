/** What is known of a line, or of a run of lines, before it is decoded. */
export interface ScannedLines {
  /** Where the first begins and where the last one's newline stands, in what was scanned. */
  readonly start: number
  readonly end: number
  /**
   * How many these are. More than one only of audit entries that no rule can match, of one second
   * in UTC, and in the order of time.
   */
  readonly count: number
  /** Which rules they may match, by their number; undefined where only decoding can tell. */
  readonly candidates: readonly number[] | undefined
  /**
   * `time` of the first and of the last audit entry as it is written, undefined where it has none.
   * Only where candidates are told.
   */
  readonly firstTime: () => string | undefined
  readonly time: () => string | undefined
  /** `request.id` of an audit entry, in the same way; only where the count is 1. */
  readonly requestId: () => string | undefined
}

/**
 * Gives the lines of a chunk of whole lines one after the other, from a line's start on, with nothing
 * known of them.
 */
export function plainLines(chunk: Uint8Array, start = 0): () => ScannedLines | undefined {
  return () => {
    if (start >= chunk.length) return undefined
    const end = chunk.indexOf(newline, start)
    const line = {
      start,
      end,
      count: 1,
      candidates: undefined,
      firstTime: nothing,
      time: nothing,
      requestId: nothing,
    }
    start = end + 1
    return line
  }
}

const newline = 10
const nothing = () => undefined
