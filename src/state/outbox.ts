// What waits for one destination, as its sender sees it: the sender alone reads and settles, with
// the destination's lock held. Of an event, only its place is kept in memory, so that an outage of
// days fits into a small machine.

import { appendFileSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Alert } from '../alert/alert.js'
import { severities, type Severity } from '../rule/severity.js'
import {
  dissolveBatch,
  outboxFile,
  outboxNumbers,
  settledOffsets,
} from './outbox-files.js'
import { alertsOf, batchAlerts, severityOf } from './outbox-line.js'
import { createPlaceList } from './place-list.js'
import { readFileLines } from './read-lines.js'
import type { StateEvents } from './state-events.js'

/** Where an event that waits stands: its file's number and its offset; or its number in memory. */
export type Place = number

/** What waits, and what was sent. */
export interface Outbox {
  /** Looks for what was added. Rejects with errors of the file system. */
  poll(): Promise<void>
  /** Keeps an event in memory, where it can't be written to disk. */
  hold(alerts: readonly Alert[]): void
  /** How many events and batches wait. */
  waiting(): {
    readonly critical: number
    readonly others: number
    readonly batches: number
  }
  /** The oldest of the most severe; undefined where nothing waits. */
  first(): Place | undefined
  /** Every event that waits, as they were raised. */
  all(): Place[]
  /** The alerts of events, in the order of `all`; those that are gone or unreadable are left out. */
  read(places: readonly Place[]): Iterable<readonly Alert[]>
  /** These have been dealt with. Throws errors of the file system, and writes it down later then. */
  settle(places: readonly Place[]): void
  /** Takes an event out, so that others go first; `putBack` undoes it. */
  defer(place: Place): void
  putBack(place: Place): void
  /** The oldest batch that waits. */
  batch(): Batch | undefined
}

/** Alerts that go out as one digest. */
export interface Batch {
  read(): Iterable<readonly Alert[]>
  settle(): void
  /** From now on its events wait like any others. Called with the state lock held. */
  dissolve(): void
}

/** A file stays below 4 GiB, also where a batch of any size has become one. */
const offsetRange = 2 ** 32
/** Beyond the places of all files: events that are in memory only. */
const firstHeld = 2 ** 52
const linesATurn = 1_000
/** Events in memory, where the disk takes none. */
const maxHeld = 1_000

/** The outbox in a folder. Reads nothing before the first `poll`. */
export function openOutbox(dir: string, events: StateEvents): Outbox {
  const waiting = new Map(severities.map(severity => [severity, createPlaceList()]))
  const deferred = new Map<Place, Severity>()
  const held = new Map<Place, readonly Alert[]>()
  /** How far each file was read, and how many of its events aren't settled. */
  const files = new Map<number, { bytes: number; waiting: number }>()
  let batches: number[] = []
  /** Settled, but not written yet. */
  let unmarked: Place[] = []
  let heldSoFar = 0

  const pathOf = (number: number) => outboxFile(dir, number, 'queue')

  const readQueue = async (number: number) => {
    const file = files.get(number) ?? { bytes: 0, waiting: 0 }
    const settled = files.has(number) ? undefined : settledOffsets(dir, number)
    files.set(number, file)
    let lines = 0
    for (const { offset, bytes } of readFileLines(pathOf(number), file.bytes)) {
      file.bytes = offset + bytes.length + 1
      const severity = severityOf(bytes)
      if (settled?.has(offset)) continue
      const place = number * offsetRange + offset
      if (severity === undefined) {
        unmarked.push(place)
        reportCorrupt(number, bytes)
        continue
      }
      file.waiting += 1
      waiting.get(severity)!.add(place)
      // Whoever reads the log should have a turn.
      if (++lines % linesATurn === 0) await nextTurn()
    }
  }

  const reportCorrupt = (number: number, bytes: Buffer) => {
    const aside = `${pathOf(number)}.corrupt`
    appendFileSync(aside, `${bytes.toString('latin1')}\n`, { mode: 0o640 })
    events.corrupt(pathOf(number), aside)
  }

  /** A file that isn't the newest one takes no more events, and goes when all are settled. */
  const removeSettled = () => {
    const newest = Math.max(...files.keys())
    for (const [number, file] of files) {
      if (number === newest || file.waiting > 0) continue
      rmSync(pathOf(number), { force: true })
      rmSync(outboxFile(dir, number, 'done'), { force: true })
      files.delete(number)
    }
  }

  const writeMarks = () => {
    for (const number of new Set(unmarked.map(fileNumber))) {
      const marks = unmarked.filter(place => fileNumber(place) === number)
      const text = marks.map(place => `${offsetText(place)}\n`).join('')
      // After half a mark of a killed process, this begins a line of its own.
      appendFileSync(outboxFile(dir, number, 'done'), `\n${text}`, { mode: 0o640 })
      unmarked = unmarked.filter(place => fileNumber(place) !== number)
    }
  }

  const settleHeld = (place: Place) => {
    for (const places of waiting.values()) places.delete(place)
    held.delete(place)
  }

  const forget = (number: number) => {
    files.delete(number)
    for (const places of waiting.values()) {
      for (const place of Array.from(places)) {
        if (fileNumber(place) === number) places.delete(place)
      }
    }
  }

  const all = () => [...waiting.values()].flatMap(places => [...places])

  return {
    async poll() {
      batches = outboxNumbers(dir, 'digest')
      const numbers = outboxNumbers(dir, 'queue')
      for (const number of files.keys()) {
        // Another process deleted it, since there were too many.
        if (!numbers.includes(number)) forget(number)
      }
      const newest = Math.max(0, ...files.keys())
      for (const number of numbers) if (number >= newest) await readQueue(number)
      if (unmarked.length > 0) writeMarks()
      removeSettled()
    },
    hold(alerts) {
      if (held.size >= maxHeld) {
        const [oldest] = held.keys()
        settleHeld(oldest!)
        events.dropped(basename(dir), 1)
      }
      const place = firstHeld + heldSoFar++
      held.set(place, alerts)
      waiting.get(alerts[0]!.severity)!.add(place)
    },
    waiting() {
      const sizes = [...waiting.values()].map(places => places.size)
      const [critical = 0, ...others] = sizes
      const sum = others.reduce((total, size) => total + size, 0)
      return { critical, others: sum, batches: batches.length }
    },
    first() {
      for (const places of waiting.values()) if (places.size > 0) return places.first()
      return undefined
    },
    // Places grow as events are raised; those in memory come last.
    all: () => all().sort((a, b) => a - b),
    *read(places) {
      for (const number of new Set(
        places.filter(place => place < firstHeld).map(fileNumber),
      )) {
        const inFile = places.filter(place => fileNumber(place) === number)
        const wanted = new Set(inFile.map(place => place % offsetRange))
        for (const { offset, bytes } of readFileLines(
          pathOf(number),
          inFile[0]! % offsetRange,
        )) {
          if (!wanted.delete(offset)) continue
          const alerts = alertsOf(bytes)
          if (alerts === undefined) reportCorrupt(number, bytes)
          else yield alerts
          if (wanted.size === 0) break
        }
      }
      for (const place of places) if (held.has(place)) yield held.get(place)!
    },
    settle(places) {
      for (const place of places) {
        for (const places of waiting.values()) if (places.delete(place)) break
        deferred.delete(place)
        held.delete(place)
        const file = files.get(fileNumber(place))
        if (file !== undefined) {
          file.waiting -= 1
          unmarked.push(place)
        }
      }
      writeMarks()
      removeSettled()
    },
    defer(place) {
      for (const [severity, places] of waiting) {
        if (places.delete(place)) deferred.set(place, severity)
      }
    },
    putBack(place) {
      const severity = deferred.get(place)
      if (severity !== undefined) waiting.get(severity)!.add(place)
      deferred.delete(place)
    },
    batch() {
      const [number] = batches
      if (number === undefined) return undefined
      const path = outboxFile(dir, number, 'digest')
      return {
        read: () => batchAlerts(path),
        settle() {
          batches.shift()
          rmSync(path, { force: true })
        },
        dissolve() {
          batches.shift()
          dissolveBatch(dir, number)
        },
      }
    },
  }
}

function fileNumber(place: Place): number {
  return Math.floor(place / offsetRange)
}

function offsetText(place: Place): string {
  return String(place % offsetRange).padStart(10, '0')
}
