import { readFileSync } from 'node:fs'
import type { Log } from '../entry/entry.js'
import type { LiteralGroups } from '../rule/literals.js'
import type { ScannedLine } from './scanned-line.js'
import { layTables } from './tables.js'

/** Scans lines of a log for what rules look for. */
export interface Scanner {
  /**
   * Takes whole lines, the last with its newline, of at most `maxScanBytes`. Gives a function that
   * gives one after the other, as one object that changes, and undefined at the end; the next scan
   * ends it.
   */
  scan(lines: Uint8Array): () => ScannedLine | undefined
}

/** As much can be scanned at once. */
export const maxScanBytes = 1_048_576

// The memory: data of the scan itself, records, input, tables.
const recordsAt = 65_536
const recordsEnd = recordsAt + 524_288
const inputAt = recordsEnd
/** The scan reads up to so much behind the input's end. */
const spareBytes = 64
const tablesAt = inputAt + maxScanBytes + spareBytes
const pageBytes = 65_536

// A record: of 32-bit numbers, the end of the line, start and length of the time and of the request
// id, how many candidates there are, and these.
const recordWords = 6
/** Stands for candidates that can't be told. */
const untold = 0xffffffff

interface Exports {
  readonly memory: WebAssemblyMemory
  readonly configure: (...layout: readonly number[]) => void
  readonly scan: (
    from: number,
    to: number,
    out: number,
    outEnd: number,
    isText: boolean,
  ) => number
}

/**
 * A scanner for these rules, known by their place in the list. A rule is no candidate of a line only
 * where the line holds none of one of its groups of literals.
 */
export function createScanner(rules: readonly LiteralGroups[], log: Log): Scanner {
  const wasm = readFileSync(new URL('../../dist/scan.wasm', import.meta.url))
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm))
  const { memory, configure, scan } = exports as Exports
  const { bytes, layout } = layTables(rules, tablesAt)
  const missing = tablesAt + bytes.length + spareBytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes))
  const content = Buffer.from(memory.buffer)
  const words = new Uint32Array(memory.buffer)
  content.set(bytes, tablesAt)
  configure(...layout)

  /** The word of the record that is given out. */
  let record = 0
  const text = (at: number, length: number): string | undefined =>
    at === 0 ? undefined : content.toString('utf8', at, at + length)
  const line = {
    start: 0,
    end: 0,
    candidates: undefined as readonly number[] | undefined,
    time: () => text(words[record + 1]!, words[record + 2]!),
    requestId: () => text(words[record + 3]!, words[record + 4]!),
  }

  return {
    scan(lines) {
      content.set(lines, inputAt)
      const to = inputAt + lines.length
      let from = inputAt
      let next = 0
      let recordsUntil = 0
      return () => {
        if (next === recordsUntil) {
          if (from === to) return undefined
          next = recordsAt >> 2
          recordsUntil = scan(from, to, recordsAt, recordsEnd, log === 'server') >> 2
        }
        record = next
        const count = words[record + 5]!
        const isTold = count !== untold
        next += recordWords + (isTold ? count : 0)
        line.start = from - inputAt
        from = words[record]! + 1
        line.end = from - 1 - inputAt
        line.candidates = isTold ? candidates(record + recordWords, count) : undefined
        return line
      }
    },
  }

  function candidates(at: number, count: number): readonly number[] {
    return count === 0 ? none : Array.from(words.subarray(at, at + count))
  }
}

const none: readonly number[] = []
