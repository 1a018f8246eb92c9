// What waits for one destination, as its sender sees it: the sender alone reads and settles, with
// the destination's lock held. Of an event, only its place is kept in memory, so that an outage of
// days fits into a small machine.

import { basename } from 'node:path'
import type { Alert } from '../alert/alert.js'
import { rankOf, severities, type Severity } from '../rule/severity.js'
import { openBatch } from './batch-file.js'
import { appendMessages, nextPlace, outboxNumbers } from './outbox-files.js'
import type { LineHead } from './outbox-line.js'
import { fileNumber, firstHeld, type Place } from './place.js'
import { createPlaceList } from './place-list.js'
import { openQueueFiles } from './queue-files.js'
import { createRequests } from './requests.js'
import type { StateEvents } from './state-events.js'
import type { Batch, WaitingEvents } from './waiting-events.js'

/** What waits, and what was sent. */
export interface Outbox {
  /**
   * Looks for what was added, and for what has waited for its outcome long enough at `now`, epoch
   * milliseconds. Rejects with errors of the file system.
   */
  poll(now: number): Promise<void>
  /** Keeps an event in memory, where it can't be written to disk. */
  hold(alerts: readonly Alert[]): void
  /** Whether any event is in memory only. */
  isHolding(): boolean
  /**
   * Writes down what is held, and gives the places that it had in memory. Called with the state lock
   * held. Throws errors of the file system; nothing has changed then.
   */
  writeHeld(): Place[]
  /** How many events and batches wait to be sent; `awaiting` an outcome first. */
  waiting(): {
    readonly critical: number
    readonly others: number
    readonly batches: number
    readonly awaiting: number
  }
  /** When the one was raised that waits longest, RFC 3339; undefined where none can be read. */
  oldest(): string | undefined
  /** The oldest of the most severe; undefined where nothing waits. */
  first(): Place | undefined
  /** Every event that waits to be sent, as they were raised. */
  all(): Place[]
  /** These events, in the order of `all`. */
  events(places: readonly Place[]): WaitingEvents
  /** Takes an event out, so that others go first; `putBack` undoes it. */
  defer(place: Place): void
  putBack(place: Place): void
  /** The oldest batch that waits. */
  batch(): Batch | undefined
}

/** Events in memory, where the disk takes none. */
const maxHeld = 1_000

/** The outbox in a folder. Reads nothing before the first `poll`. */
export function openOutbox(dir: string, events: StateEvents): Outbox {
  const waiting = new Map(severities.map(severity => [severity, createPlaceList()]))
  const deferred = new Map<Place, Severity>()
  const held = new Map<Place, readonly Alert[]>()
  const awaiting = new Map<Place, { severity: Severity; until: number }>()
  const requests = createRequests()
  let time = 0
  let batches: number[] = []
  let heldSoFar = 0
  const dropped = (count: number) => events.dropped(basename(dir), count)

  /** False where it didn't wait. */
  const takeOut = (place: Place) => {
    const isWaiting = [...waiting.values()].some(places => places.delete(place))
    held.delete(place)
    const isDeferred = deferred.delete(place)
    return awaiting.delete(place) || isDeferred || isWaiting
  }

  const stillWaits = (place: Place) =>
    awaiting.has(place) ||
    deferred.has(place) ||
    [...waiting.values()].some(places => places.has(place))

  const found = (place: Place, { severity, event, until = 0, isOutcome }: LineHead) => {
    // One that was deferred before its file was cut is so still, whatever stands there now.
    if (deferred.has(place)) return
    const first =
      event === undefined ? undefined : requests.join(place, event, stillWaits)
    if (first !== undefined) return joined(first, severity, isOutcome)
    if (until > time) awaiting.set(place, { severity, until })
    else waiting.get(severity)!.add(place)
  }

  /** A message is as severe as the worst line of it, and need not wait for what it has. */
  const joined = (first: Place, severity: Severity, isOutcome: boolean) => {
    const awaited = awaiting.get(first)
    if (awaited !== undefined) {
      const worst = worse(awaited.severity, severity)
      awaiting.set(first, { severity: worst, until: isOutcome ? 0 : awaited.until })
    }
    for (const [current, places] of waiting) {
      if (worse(current, severity) === current || !places.delete(first)) continue
      return waiting.get(severity)!.add(first)
    }
  }

  const release = () => {
    for (const [place, { severity, until }] of awaiting) {
      if (until > time) continue
      awaiting.delete(place)
      waiting.get(severity)!.add(place)
    }
  }

  const forget = (number: number) => {
    requests.drop(place => fileNumber(place) === number)
    for (const place of awaiting.keys()) {
      if (fileNumber(place) === number) awaiting.delete(place)
    }
    for (const places of waiting.values()) {
      for (const place of Array.from(places)) {
        if (fileNumber(place) === number) places.delete(place)
      }
    }
  }

  const files = openQueueFiles(dir, events, {
    found,
    unreadable(place) {
      takeOut(place)
      requests.drop(gone => gone === place)
    },
    gone: forget,
  })

  const all = () => [...waiting.values()].flatMap(places => [...places])

  const eventsAt = (places: readonly Place[]): WaitingEvents => {
    const joined = new Set(places.flatMap(place => requests.joinedTo(place)))
    const lines = joined.size === 0 ? places : [...places, ...joined].sort(ascending)
    /** Of each line as it was read: another one may stand there when it is settled. */
    const checks = new Uint32Array(lines.length)
    return {
      *read() {
        yield* files.read(
          lines.filter(place => place < firstHeld),
          checks,
        )
        for (const place of places) if (held.has(place)) yield held.get(place)!
      },
      settle() {
        const still = new Set(places.flatMap(place => requests.joinedTo(place)))
        for (const [i, line] of lines.entries()) {
          if (joined.has(line) ? still.has(line) : takeOut(line)) {
            files.settle(line, checks[i]!)
          }
        }
        for (const place of places) requests.settled(place)
        files.write()
      },
    }
  }

  return {
    async poll(now) {
      time = now
      batches = outboxNumbers(dir, 'digest')
      await files.poll()
      release()
    },
    hold(alerts) {
      if (held.size >= maxHeld) {
        const [oldest] = held.keys()
        takeOut(oldest!)
        dropped(1)
      }
      const place = firstHeld + heldSoFar++
      held.set(place, alerts)
      waiting.get(alerts[0]!.severity)!.add(place)
    },
    isHolding: () => held.size > 0,
    writeHeld() {
      const places = [...held.keys()]
      appendMessages(dir, nextPlace(dir, undefined), [...held.values()], dropped)
      for (const place of places) takeOut(place)
      return places
    },
    waiting() {
      const sizes = [...waiting.values()].map(places => places.size)
      const [critical = 0, ...others] = sizes
      const sum = others.reduce((total, size) => total + size, 0)
      return { critical, others: sum, batches: batches.length, awaiting: awaiting.size }
    },
    oldest() {
      const firsts = [...waiting.values()].flatMap(places => places.first() ?? [])
      const places = [...firsts, ...deferred.keys(), ...awaiting.keys()]
      const oldest = places.reduce((least, place) => Math.min(least, place), Infinity)
      if (oldest === Infinity) return undefined
      try {
        for (const [alert] of eventsAt([oldest]).read()) return alert?.raised
      } catch {
        // The sender, which reads it too, says what is wrong with the file.
      }
      return undefined
    },
    first() {
      for (const places of waiting.values()) if (places.size > 0) return places.first()
      return undefined
    },
    // Places grow as events are raised; those in memory come last.
    all: () => all().sort(ascending),
    events: eventsAt,
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
      return openBatch(dir, number, events, () => batches.shift())
    },
  }
}

function ascending(a: number, b: number): number {
  return a - b
}

function worse(a: Severity, b: Severity): Severity {
  return rankOf(a) <= rankOf(b) ? a : b
}
