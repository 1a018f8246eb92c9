import { pipeline } from 'node:stream/promises'
import split2 from 'split2'
import { maxLeftBytes, type Input } from './input.js'
import { startLongLine, type LongLine } from './long-line.js'
import {
  readOverlongLine,
  type OverlongLine,
  type OverlongLineReader,
} from './overlong-line.js'

const newline = 10

/** From so many held bytes on they are no list of pieces any more. */
const longBytes = 1024 * 1024

/** Who takes what was read. A returned promise holds up the reading until it is settled. */
export type LineReaders = RestReaders & (LineReader | ChunkReader)

interface LineReader {
  /** Each whole line, without its line end. */
  line(line: string): void | Promise<void>
}

interface ChunkReader {
  /** Whole lines as they came in, the last with its newline; only lent, as an input's chunks. */
  lines(chunk: Buffer): void | Promise<void>
}

interface RestReaders {
  /** The text after the last newline, once, at the end; it may be half a line. */
  rest(line: string): void | Promise<void>
  /** A line over the limit, in place of its text. */
  overlong(line: OverlongLine): void | Promise<void>
  /** How many bytes came in. */
  bytes(count: number): void
}

/** Limits of reading; they may change meanwhile. */
export interface LineLimits {
  /** Longer lines aren't read. Larger than any chunk of the stream (64 KiB). */
  readonly maxLineBytes: number
  /** What to look for in lines over the limit. */
  readonly literals: readonly string[]
}

/**
 * Reads an input to its end, line by line, with back-pressure. Memory is bounded by a small multiple
 * of `maxLineBytes`, and time is linear: split2 copies an unfinished line again with every chunk, so
 * what follows the last newline of a chunk is held back until the line is whole.
 * An abort of `stop` counts as the end.
 * @throws where the input fails
 */
export async function readLines(
  input: Input,
  limits: LineLimits,
  readers: LineReaders,
  stop: AbortSignal,
): Promise<void> {
  const whole = 'lines' in readers ? readers : splitting(readers)
  const chunks = wholeLines(limits, readers, lines => whole.lines(lines))
  const left = await input.read(chunk => chunks.push(chunk), stop)
  const rest = await chunks.end(left)
  if (rest !== '') await readers.rest(rest)
}

/** Takes whole lines of bytes, and gives them one by one, as split2 finds them. */
function splitting(reader: LineReader): ChunkReader {
  return {
    async lines(chunk) {
      await pipeline([chunk], split2('\n'), async lines => {
        for await (const line of lines as AsyncIterable<string>)
          await reader.line(line.endsWith('\r') ? line.slice(0, -1) : line)
      })
    },
  }
}

/**
 * Gives on whole lines only, and takes those over the limit out. The begin of a line is left to the
 * input, and one that is longer is held.
 */
function wholeLines(
  limits: LineLimits,
  readers: RestReaders,
  give: (lines: Buffer) => void | Promise<void>,
) {
  let held: Buffer[] = []
  let heldBytes = 0
  /** In the place of the list, where it was long. */
  let long: LongLine | undefined
  let overlong: OverlongLineReader | undefined
  /** Of the last chunk so many bytes were left; no newline is in them. */
  let left = 0

  /** Keeps a copy of what is only lent. */
  const hold = (piece: Buffer) => {
    if (piece.length === 0) return
    if (overlong !== undefined) return overlong.push(piece)
    heldBytes += piece.length
    if (heldBytes > limits.maxLineBytes) {
      overlong = readOverlongLine(limits.literals)
      for (const part of takeHeld(piece)) overlong.push(part)
      return
    }
    if (held.length === 0 && long?.push(piece) === true) return
    held.push(Buffer.from(piece))
    if (heldBytes < longBytes) return
    long ??= startLongLine()
    while (held.length > 0 && long.push(held[0]!)) held.shift()
  }

  /** What is held, with what follows. */
  const takeHeld = (rest: Buffer): Buffer[] => {
    const isIn = held.length === 0 && long?.push(rest) === true
    const parts = [...(long ? [long.end()] : []), ...held, ...(isIn ? [] : [rest])]
    held = []
    heldBytes = 0
    long = undefined
    return parts
  }

  const endOverlong = () => {
    const line = overlong!.end()
    overlong = undefined
    return readers.overlong(line)
  }

  /** Ends the line that was begun with the chunk's first newline, if it has one. */
  const endBegun = (chunk: Buffer, newlineAt: number): void | Promise<void> => {
    hold(chunk.subarray(0, newlineAt))
    return overlong === undefined
      ? give(oneOf(takeHeld(chunk.subarray(newlineAt, newlineAt + 1))))
      : endOverlong()
  }

  return {
    /** As an input's `take`. */
    push(chunk: Buffer): number | Promise<number> {
      const come = chunk.subarray(left)
      readers.bytes(come.length)
      const isBegun = heldBytes > 0 || overlong !== undefined
      const first = isBegun ? chunk.indexOf(newline) : -1
      const lastCome = isBegun && first === -1 ? -1 : come.lastIndexOf(newline)
      const last = lastCome === -1 ? -1 : left + lastCome
      left = 0
      if (isBegun && last === -1) {
        hold(chunk)
        return 0
      }
      const giveOthers = () => {
        const rest = chunk.subarray(last + 1)
        if (rest.length > maxLeftBytes) hold(rest)
        else left = rest.length
        const given = last > first ? give(chunk.subarray(first + 1, last + 1)) : undefined
        return given === undefined ? left : given.then(() => left)
      }
      const ended = isBegun ? endBegun(chunk, first) : undefined
      return ended === undefined ? giveOthers() : ended.then(giveOthers)
    },
    /** Gives the text behind the last newline, of which this was left. */
    async end(rest: Buffer): Promise<string> {
      if (overlong !== undefined) await endOverlong()
      return oneOf(takeHeld(rest)).toString()
    },
  }
}

function oneOf(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}
