/** What is known of a line before it is decoded. */
export interface ScannedLine {
  /** Where it begins and where its newline stands, in what was scanned. */
  readonly start: number
  readonly end: number
  /** Which rules it may match, by their number; undefined where only decoding can tell. */
  readonly candidates: readonly number[] | undefined
  /** An audit entry's `time` as it is written, undefined where it has none. Only where candidates are told. */
  readonly time: () => string | undefined
  /** Its `request.id`, in the same way. */
  readonly requestId: () => string | undefined
}

/** Gives the lines of a chunk of whole lines one after the other, with nothing known of them. */
export function plainLines(chunk: Uint8Array): () => ScannedLine | undefined {
  let start = 0
  return () => {
    if (start >= chunk.length) return undefined
    const end = chunk.indexOf(newline, start)
    const line = { start, end, candidates: undefined, time: nothing, requestId: nothing }
    start = end + 1
    return line
  }
}

const newline = 10
const nothing = () => undefined
