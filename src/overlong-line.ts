import { createHash } from 'node:crypto'

/** What is known of a line that was too long to be read whole. */
export interface OverlongLine {
  /** Its whole length in bytes, without the newline. */
  readonly bytes: number
  /** Its first and last bytes as text. */
  readonly head: string
  readonly tail: string
  /** SHA-256 of the whole line, hex. */
  readonly digest: string
  /** Which of the literals that were looked for it holds. */
  readonly literals: ReadonlySet<string>
}

/** Takes an overlong line piece by piece, in memory that doesn't grow with it. */
export interface OverlongLineReader {
  push(piece: Buffer): void
  end(): OverlongLine
}

/** This much of each end is kept: many times what is shown, since secrets in it are masked. */
const shownBytes = 4_096

/** Reads one overlong line, looking for these literals as they stand (not JSON-escaped otherwise). */
export function readOverlongLine(literals: readonly string[]): OverlongLineReader {
  const hash = createHash('sha256')
  const missing = new Map(literals.map(literal => [literal, Buffer.from(literal)]))
  const found = new Set<string>()
  const overlap = Math.max(
    shownBytes,
    ...literals.map(literal => Buffer.byteLength(literal)),
  )
  let bytes = 0
  let head = Buffer.alloc(0)
  let tail = Buffer.alloc(0)
  return {
    push(piece) {
      hash.update(piece)
      bytes += piece.length
      if (head.length < shownBytes) {
        head = Buffer.concat([head, piece.subarray(0, shownBytes - head.length)])
      }
      // The end of the last piece goes in front, since a literal may lie across the two.
      const window = Buffer.concat([tail, piece])
      for (const [literal, wanted] of missing) {
        if (!window.includes(wanted)) continue
        found.add(literal)
        missing.delete(literal)
      }
      tail = Buffer.from(window.subarray(-overlap))
    },
    end: () => ({
      bytes,
      head: head.toString(),
      tail: tail.subarray(-shownBytes).toString(),
      digest: hash.digest('hex'),
      literals: found,
    }),
  }
}
