// The queue files of one outbox, as its sender reads and marks them. Files only grow: one that
// doesn't was cut or replaced by something else, and is read again from its start.

import { appendFileSync, rmSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Alert } from '../alert/alert.js'
import { maxFiles, outboxFile, outboxNumbers } from './outbox-files.js'
import { alertsOf, headOf, type LineHead } from './outbox-line.js'
import { fileNumber, offsetIn, placeAt, type Place } from './place.js'
import {
  isStillThere,
  linesAt,
  readUpTo,
  unreadFile,
  type QueueFile,
} from './queue-file.js'
import { readFileLines, type FileLine } from './read-lines.js'
import { appendMarks, checkOf, dropMarks, markText, mendMarks } from './settled-marks.js'
import type { StateEvents } from './state-events.js'

/** Told of what is found in the files. */
export interface QueueListener {
  /** An event that isn't settled. */
  found(place: Place, head: LineHead): void
  /** An event that can't be read; it is settled. */
  unreadable(place: Place): void
  /** A file is gone, or begins anew. */
  gone(number: number): void
}

/** The queue files of one outbox. */
export interface QueueFiles {
  /** Looks for what was added. Rejects with errors of the file system. */
  poll(): Promise<void>
  /** The alerts of these events, which ascend, and the check of each line that was read. */
  read(places: readonly Place[], checks: Uint32Array): Iterable<readonly Alert[]>
  /** This event, with its line's check or 0 where it is gone, doesn't wait any more. */
  settle(place: Place, check: number): void
  /** Writes that down. Throws errors of the file system, and does it later then. */
  write(): void
}

const linesATurn = 1_000

/** The queue files in a folder. Reads nothing before the first `poll`. */
export function openQueueFiles(
  dir: string,
  events: StateEvents,
  listener: QueueListener,
): QueueFiles {
  const files = new Map<number, QueueFile>()
  /** The marks of what is settled that aren't written yet, by file. */
  const unmarked = new Map<number, string>()
  /** Files of which lines were put aside, with the file that these are in now; to be told once. */
  const corrupt = new Map<string, string>()
  const pathOf = (number: number) => outboxFile(dir, number, 'queue')
  const doneOf = (number: number) => outboxFile(dir, number, 'done')

  /** Gives whether all marks of a file that wasn't read before are about events in it. */
  const readQueue = async (number: number): Promise<boolean> => {
    const file = files.get(number) ?? unreadFile()
    const marks = files.has(number) ? undefined : mendMarks(doneOf(number), events)
    files.set(number, file)
    let lines = 0
    let settled = 0
    for (const line of readFileLines(pathOf(number), file.bytes)) {
      readUpTo(file, line)
      if (marks?.has(line)) settled += 1
      else addEvent(number, file, line)
      // Whoever reads the log should have a turn.
      if (++lines % linesATurn === 0) await nextTurn()
    }
    if (marks === undefined || marks.count === settled) return true
    dropMarks(doneOf(number), readFileLines(pathOf(number), 0), marks)
    return false
  }

  const addEvent = (number: number, file: QueueFile, { offset, bytes }: FileLine) => {
    const head = headOf(bytes)
    file.waiting += 1
    if (head !== undefined) listener.found(placeAt(number, offset), head)
    else giveUp(placeAt(number, offset), bytes)
  }

  const giveUp = (place: Place, line: Buffer) => {
    const path = pathOf(fileNumber(place))
    const aside = `${path}.corrupt`
    appendFileSync(aside, `${line.toString('latin1')}\n`, { mode: 0o640 })
    settle(place, checkOf(line))
    listener.unreadable(place)
    corrupt.set(path, aside)
  }

  const tellCorrupt = () => {
    for (const [path, aside] of corrupt) events.corrupt(path, aside)
    corrupt.clear()
  }

  const settle = (place: Place, check: number) => {
    const number = fileNumber(place)
    const file = files.get(number)
    if (file === undefined) return
    file.waiting -= 1
    if (check === 0) return
    const text = markText(offsetIn(place), check)
    unmarked.set(number, (unmarked.get(number) ?? '') + text)
  }

  const writeMarks = () => {
    for (const [number, text] of unmarked) {
      appendMarks(doneOf(number), text)
      unmarked.delete(number)
    }
  }

  /** A file that isn't the newest one takes no more events, and goes when all are settled. */
  const removeSettled = () => {
    const newest = Math.max(...files.keys())
    for (const [number, file] of files) {
      if (number === newest || file.waiting > 0) continue
      rmSync(pathOf(number), { force: true })
      rmSync(doneOf(number), { force: true })
      files.delete(number)
    }
  }

  const beginAgain = async (number: number) => {
    writeMarks()
    files.delete(number)
    listener.gone(number)
    events.cut(pathOf(number))
    await readQueue(number)
  }

  const forget = (number: number, isOurs: boolean) => {
    unmarked.delete(number)
    const file = files.get(number)
    files.delete(number)
    listener.gone(number)
    if (isOurs && file && file.waiting > 0) events.cut(pathOf(number))
  }

  return {
    async poll() {
      const numbers = outboxNumbers(dir, 'queue')
      for (const [number, file] of Array.from(files)) {
        // Another process deletes the oldest where there are too many, and tells it.
        if (!numbers.includes(number)) forget(number, numbers.length < maxFiles)
        else if (!isStillThere(pathOf(number), file)) await beginAgain(number)
      }
      const newest = Math.max(0, ...files.keys())
      for (const number of numbers) {
        if (number >= newest && !(await readQueue(number))) events.cut(pathOf(number))
      }
      if (unmarked.size > 0) writeMarks()
      removeSettled()
      tellCorrupt()
    },
    *read(places, checks) {
      let first = 0
      for (const number of new Set(places.map(fileNumber))) {
        const inFile = places.filter(place => fileNumber(place) === number)
        for (const { index, bytes } of linesAt(pathOf(number), inFile.map(offsetIn))) {
          checks[first + index] = checkOf(bytes)
          const alerts = alertsOf(bytes)
          if (alerts !== undefined) yield alerts
          else giveUp(inFile[index]!, bytes)
        }
        first += inFile.length
      }
      tellCorrupt()
    },
    settle,
    write() {
      writeMarks()
      removeSettled()
    },
  }
}
