import { readFileSync } from 'node:fs'
import type { Log } from '../entry/entry.js'
import type { LiteralGroups } from '../rule/literals.js'
import type { ScannedLines } from './scanned-lines.js'
import { layTables } from './tables.js'

/** Scans lines of a log for what rules look for. */
export interface Scanner {
  /**
   * Takes whole lines, the last with its newline, of at most `maxScanBytes`. Gives a function that
   * gives what it finds, as one object that changes, and undefined at the end; the next scan ends
   * it. Where it is asked for lines singly, the next has a count of 1.
   */
  scan(lines: Uint8Array): (isSingly: boolean) => ScannedLines | undefined
}

/** As much can be scanned at once. */
export const maxScanBytes = 1_048_576

// The memory: data of the scan itself, input, tables, a record.
const inputAt = 524_288
/** The scan reads up to so much behind the input's end. */
const spareBytes = 64
const tablesAt = inputAt + maxScanBytes + spareBytes
const pageBytes = 65_536

// The record: of 32-bit numbers, how many lines of a run there are, where the last ends, start and
// length of the time of the first and of the last; then of the line behind them the start (0: there
// is none), the end, start and length of the time and of the request id, how many candidates it has,
// and these.
const runWords = 6
const recordWords = 13
/** Stands for candidates that can't be told. */
const untold = 0xffffffff

interface Exports {
  readonly memory: WebAssemblyMemory
  readonly configure: (...layout: readonly number[]) => void
  readonly scan: (
    from: number,
    to: number,
    record: number,
    isText: boolean,
    isSingly: boolean,
  ) => void
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
  // Aligned, for the words of the record.
  const recordAt = (tablesAt + bytes.length + 3) & ~3
  const end = recordAt + 4 * (recordWords + rules.length)
  const missing = end - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes))
  const content = Buffer.from(memory.buffer)
  const record = new Uint32Array(memory.buffer, recordAt, recordWords + rules.length)
  content.set(bytes, tablesAt)
  configure(...layout)

  const text = (word: number): string | undefined => {
    const at = record[word]!
    return at === 0 ? undefined : content.toString('utf8', at, at + record[word + 1]!)
  }
  const run = {
    start: 0,
    end: 0,
    count: 0,
    candidates: none,
    firstTime: () => text(2),
    time: () => text(4),
    requestId: () => undefined,
  }
  const line = {
    start: 0,
    end: 0,
    count: 1,
    candidates: undefined as readonly number[] | undefined,
    firstTime: () => text(8),
    time: () => text(8),
    requestId: () => text(10),
  }

  return {
    scan(lines) {
      content.set(lines, inputAt)
      const to = inputAt + lines.length
      let from = inputAt
      /** Whether the record's line is still to be given. */
      let isLineLeft = false
      return isSingly => {
        if (!isLineLeft) {
          if (from === to) return undefined
          scan(from, to, recordAt, log === 'server', isSingly)
          isLineLeft = record[runWords] !== 0
          run.count = record[0]!
          if (run.count > 0) {
            run.start = from - inputAt
            run.end = record[1]! - inputAt
            from = record[1]! + 1
            return run
          }
        }
        isLineLeft = false
        const count = record[recordWords - 1]!
        line.start = record[runWords]! - inputAt
        line.end = record[runWords + 1]! - inputAt
        line.candidates = count === untold ? undefined : candidates(count)
        from = record[runWords + 1]! + 1
        return line
      }
    },
  }

  function candidates(count: number): readonly number[] {
    if (count === 0) return none
    const list: number[] = []
    for (let i = 0; i < count; i++) list.push(record[recordWords + i]!)
    return list
  }
}

const none: readonly number[] = []
