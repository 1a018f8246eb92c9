import { Transform, Writable, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import split2 from 'split2'
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
  /** Each whole line, without its newline. */
  line(line: string): void | Promise<void>
}

interface ChunkReader {
  /** Whole lines as they came in, the last with its newline. */
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
 * Reads a stream to its end, line by line, with back-pressure. Memory is bounded by a small
 * multiple of `maxLineBytes`, and time is linear: split2 copies an unfinished line again with every
 * chunk, so what follows the last newline of a chunk is held back until the line is whole.
 * An abort of `stop` counts as the stream's end.
 * @throws where the stream fails
 */
export async function readLines(
  input: Readable,
  limits: LineLimits,
  readers: LineReaders,
  stop: AbortSignal,
): Promise<void> {
  const whole = wholeLines(limits, readers)
  const bytes = untilAborted(input, stop)
  if ('lines' in readers) await pipeline(bytes, whole.stream, chunks(readers))
  else await pipeline(bytes, whole.stream, split2('\n'), lines(readers))
  const rest = whole.rest()
  if (rest !== '') await readers.rest(rest)
}

function chunks(reader: ChunkReader): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      settle(reader.lines(chunk), done)
    },
  })
}

function lines(reader: LineReader): Writable {
  return new Writable({
    objectMode: true,
    write(line: string, _encoding, done) {
      settle(reader.line(line.endsWith('\r') ? line.slice(0, -1) : line), done)
    },
  })
}

async function* untilAborted(input: Readable, stop: AbortSignal): AsyncGenerator<Buffer> {
  const end = () => input.destroy()
  stop.addEventListener('abort', end)
  try {
    yield* input as AsyncIterable<Buffer>
  } catch (error) {
    if (!stop.aborted) throw error
  } finally {
    stop.removeEventListener('abort', end)
  }
}

/** Passes on whole lines only, and takes those over the limit out. */
function wholeLines(limits: LineLimits, readers: RestReaders) {
  let held: Buffer[] = []
  let heldBytes = 0
  /** In the place of the list, where it was long. */
  let long: LongLine | undefined
  let overlong: OverlongLineReader | undefined

  const hold = (piece: Buffer) => {
    if (piece.length === 0) return
    if (overlong !== undefined) return overlong.push(piece)
    heldBytes += piece.length
    if (heldBytes > limits.maxLineBytes) {
      overlong = readOverlongLine(limits.literals)
      for (const part of takeHeld(piece)) overlong.push(part)
      return
    }
    held.push(piece)
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

  const endOverlong = async () => {
    const line = overlong!.end()
    overlong = undefined
    await readers.overlong(line)
  }

  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      readers.bytes(chunk.length)
      const last = chunk.lastIndexOf(newline)
      if (last === -1) {
        hold(chunk)
        return done()
      }
      let lines = chunk.subarray(0, last + 1)
      let ended: Promise<void> | undefined
      if (heldBytes > 0 || overlong !== undefined) {
        // What was held is the begin of this chunk's first line, unless that one is overlong.
        const first = lines.indexOf(newline)
        hold(lines.subarray(0, first))
        if (overlong !== undefined) {
          ended = endOverlong()
          lines = lines.subarray(first + 1)
        } else lines = oneOf(takeHeld(lines.subarray(first)))
      }
      hold(chunk.subarray(last + 1))
      settle(ended, error => done(error, lines.length > 0 ? lines : undefined))
    },
    flush(done) {
      settle(overlong === undefined ? undefined : endOverlong(), done)
    },
  })
  return { stream, rest: () => oneOf(takeHeld(Buffer.alloc(0))).toString() }
}

function oneOf(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

function settle(
  result: void | Promise<void>,
  done: (error?: Error | null) => void,
): void {
  if (result === undefined) done()
  else result.then(() => done(), done)
}
