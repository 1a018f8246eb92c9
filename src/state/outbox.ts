// What waits for one destination, as its sender sees it: the sender alone reads and settles, with
// the destination's lock held. Of an event, only its place is kept in memory, so that an outage of
// days fits into a small machine.

import { renameSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import type { Alert } from '../alert/alert.js'
import { severities, type Severity } from '../rule/severity.js'
import { dissolveBatch, outboxFile, outboxNumbers } from './outbox-files.js'
import { batchAlerts } from './outbox-line.js'
import { fileNumber, firstHeld, type Place } from './place.js'
import { createPlaceList } from './place-list.js'
import { openQueueFiles } from './queue-files.js'
import type { StateEvents } from './state-events.js'

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
  /** These events, in the order of `all`. */
  events(places: readonly Place[]): WaitingEvents
  /** Takes an event out, so that others go first; `putBack` undoes it. */
  defer(place: Place): void
  putBack(place: Place): void
  /** The oldest batch that waits. */
  batch(): Batch | undefined
}

/** Events of one message. */
export interface WaitingEvents {
  /** Their alerts; those that are gone or unreadable are left out. */
  read(): Iterable<readonly Alert[]>
  /** These have been dealt with. Throws errors of the file system, and writes it down later then. */
  settle(): void
}

/** Alerts that go out as one digest. */
export interface Batch extends WaitingEvents {
  /** From now on its events wait like any others. Called with the state lock held. */
  dissolve(): void
}

/** Events in memory, where the disk takes none. */
const maxHeld = 1_000

/** The outbox in a folder. Reads nothing before the first `poll`. */
export function openOutbox(dir: string, events: StateEvents): Outbox {
  const waiting = new Map(severities.map(severity => [severity, createPlaceList()]))
  const deferred = new Map<Place, Severity>()
  const held = new Map<Place, readonly Alert[]>()
  let batches: number[] = []
  let heldSoFar = 0

  /** False where it didn't wait. */
  const takeOut = (place: Place) => {
    const isWaiting = [...waiting.values()].some(places => places.delete(place))
    held.delete(place)
    return deferred.delete(place) || isWaiting
  }

  const forget = (number: number) => {
    for (const places of waiting.values()) {
      for (const place of Array.from(places)) {
        if (fileNumber(place) === number) places.delete(place)
      }
    }
  }

  const files = openQueueFiles(dir, events, {
    // One that was deferred before its file was cut is so still, whatever stands there now.
    found: (place, severity) => {
      if (!deferred.has(place)) waiting.get(severity)!.add(place)
    },
    unreadable: takeOut,
    gone: forget,
  })

  const all = () => [...waiting.values()].flatMap(places => [...places])

  return {
    async poll() {
      batches = outboxNumbers(dir, 'digest')
      await files.poll()
    },
    hold(alerts) {
      if (held.size >= maxHeld) {
        const [oldest] = held.keys()
        takeOut(oldest!)
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
    events(places) {
      /** Of each line as it was read: another one may stand there when it is settled. */
      const checks = new Uint32Array(places.length)
      return {
        *read() {
          yield* files.read(
            places.filter(place => place < firstHeld),
            checks,
          )
          for (const place of places) if (held.has(place)) yield held.get(place)!
        },
        settle() {
          for (const [i, place] of places.entries()) {
            if (takeOut(place)) files.settle(place, checks[i]!)
          }
          files.write()
        },
      }
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
      let isCorrupt = false
      return {
        read: () => batchAlerts(path, () => (isCorrupt = true)),
        settle() {
          batches.shift()
          if (!isCorrupt) return rmSync(path, { force: true })
          renameSync(path, `${path}.corrupt`)
          events.corrupt(path, `${path}.corrupt`)
        },
        dissolve() {
          batches.shift()
          dissolveBatch(dir, number)
        },
      }
    },
  }
}
