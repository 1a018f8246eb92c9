// Which events of a queue file are settled: `000001.done` has a line for each, its offset and a hash
// of its line. By the hash, a mark says nothing of another event at that offset, as in a file that
// something else has shortened.

import { hash } from 'node:crypto'
import { appendFileSync, readFileSync } from 'node:fs'
import type { FileLine } from './read-lines.js'
import { setAside } from './set-aside.js'
import type { StateEvents } from './state-events.js'

/** The marks of a queue file. */
export interface Marks {
  /** Whether an event is settled. */
  has(line: FileLine): boolean
  /** How many there are. */
  readonly count: number
}

const mark = /^(\d{10}) ([0-9a-f]{8})$/
/** A killed process or a full disk leaves the beginning of one. */
const halfMark = /^(?:\d{0,10}|\d{10} [0-9a-f]{0,8})$/

/** What a mark holds of an event's line: 32 bits of a hash, never 0. */
export function checkOf(line: Buffer): number {
  return hash('sha256', line, 'buffer').readUInt32BE() || 1
}

/** The mark of the event with this offset and check. */
export function markText(offset: number, check: number): string {
  return `${String(offset).padStart(10, '0')} ${check.toString(16).padStart(8, '0')}\n`
}

/** Appends marks to a file of them. Throws errors of the file system. */
export function appendMarks(doneFile: string, marks: string): void {
  // After half a mark, this begins a line of its own.
  appendFileSync(doneFile, `\n${marks}`, { mode: 0o640 })
}

/** The marks in a file; none where it can't be read. */
export function readMarks(doneFile: string): Marks {
  return marksIn(linesOf(doneFile))
}

/**
 * The same for whoever writes that file: what was never written there is put aside, and told.
 * Throws errors of the file system.
 */
export function mendMarks(doneFile: string, events: StateEvents): Marks {
  const lines = linesOf(doneFile)
  if (!lines.every(line => halfMark.test(line))) {
    const whole = lines.filter(line => mark.test(line)).map(line => `${line}\n`)
    events.corrupt(doneFile, setAside(doneFile, whole.join('')))
  }
  return marksIn(lines)
}

/** Leaves in a file those of its marks that are about these lines. Throws errors of the file system. */
export function dropMarks(
  doneFile: string,
  lines: Iterable<FileLine>,
  marks: Marks,
): void {
  let text = ''
  for (const line of lines) {
    if (marks.has(line)) text += markText(line.offset, checkOf(line.bytes))
  }
  setAside(doneFile, text)
}

function linesOf(doneFile: string): string[] {
  try {
    return readFileSync(doneFile, 'latin1').split('\n')
  } catch {
    return []
  }
}

function marksIn(lines: readonly string[]): Marks {
  const checks = new Map<number, number>()
  for (const line of lines) {
    const [, offset, check] = mark.exec(line) ?? []
    if (check !== undefined) checks.set(Number(offset), parseInt(check, 16))
  }
  return {
    has: ({ offset, bytes }) =>
      checks.has(offset) && checks.get(offset) === checkOf(bytes),
    count: checks.size,
  }
}
