// An alert's way onto the disk, under the state lock: journal, alert log, outboxes, ledger. Whoever
// takes the lock next can tell which of the steps were taken, and completes what a killed process
// has left. Each step may fail, as on a full disk, without keeping the others from theirs.

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { makeFolder } from '../make-folder.js'
import type { Alert, OngoingAlert } from '../alert/alert.js'
import { createAlertLog } from '../alert/alert-log.js'
import { alertRecord } from '../alert/alert-record.js'
import { fileMark } from './alert-log-search.js'
import { completeBlocks } from './complete-blocks.js'
import {
  appendBlock,
  cutJournal,
  journalSize,
  keepBlocks,
  readBlocks,
  type OutboxEvent,
} from './journal.js'
import type { Delivery } from './delivery.js'
import { createFailures, type FailureEvents } from './failures.js'
import { openLedger, recordedOf } from './ledger.js'
import { lostIds } from './lost-ids.js'
import { appendMessages, nextPlace, outboxDir, type OutboxPlace } from './outbox-files.js'
import { setAside } from './set-aside.js'
import type { StateEvents } from './state-events.js'
import { tryToWrite } from './try-to-write.js'
import { createTurnLock } from './turn-lock.js'
import { createUnwritten } from './unwritten.js'

/** What a recorder can't do is told here; it goes on. */
export interface RecorderEvents extends StateEvents, FailureEvents {
  /** Another process holds the state lock and doesn't give it back: alerts may be doubled. */
  unlocked(): void
  /** The ledger lacked so many records that the alert log has, and knows them again. */
  mended(records: number): void
  /** Records that will never be in the alert log, since too many are waiting for it. */
  lost(records: number): void
}

/** Records alerts, and hands them to the outboxes. */
export interface Recorder {
  /**
   * Records those of an event's alerts that aren't yet, and puts their messages into the outboxes.
   * `route` tells the messages of the alerts that are new. Gives those alerts, and the messages
   * that could not be written. Never throws.
   */
  record(
    alerts: readonly Alert[],
    route: (fresh: readonly Alert[]) => readonly Delivery[],
  ): { readonly fresh: readonly Alert[]; readonly held: readonly OutboxEvent[] }
  /**
   * What keeps the state folder from being used, in words: whoever can wait for better times must not
   * record anything then, since what is recorded already can't be told.
   */
  fault(): string | undefined
  /** Alerts over time that are recorded reach further by now. Never throws. */
  extend(alerts: readonly OngoingAlert[]): void
  /** Completes what was left half done, by whomever, and what a full disk kept from it. */
  complete(): void
  /** Tries that for the last time, and tells of the records that are missing then. */
  end(): void
  /** Does something else with the files of the state folder, while nobody else does. */
  locked<Result>(action: () => Result): Result
}

/** A section under the lock takes milliseconds; a process that is stopped in one holds it for good. */
const lockLimitMs = 2_000
const hopelessMs = 60_000
const retryMs = 5_000

/** A recorder for one alert log. `now` is epoch milliseconds. */
export function createRecorder(
  stateDir: string,
  alertLogFile: string,
  now: () => number,
  events: RecorderEvents,
): Recorder {
  const journal = join(stateDir, 'journal')
  const alertLog = createAlertLog(alertLogFile)
  const ledger = openLedger(stateDir, alertLogFile, events)
  /** Ids in blocks that could not be completed, and the journal's size with them. */
  let pendingIds = new Set<string>()
  let pendingBytes = 0
  let retryAt = 0
  /** Records that are neither in the journal nor in the alert log. */
  const unwritten = createUnwritten(count => events.lost(count))
  let unlockedUntil = 0
  const turnLock = createTurnLock(stateDir, 'state')
  /** Where the next message goes, as long as the lock is held. */
  const places = new Map<string, OutboxPlace>()
  const failures = createFailures(events)
  const inState = (action: () => void) =>
    failures.attempt('state folder', stateDir, action)
  const inAlertLog = (action: () => void, file = alertLogFile) =>
    failures.attempt('alert log', file, action)

  /** Completes what others have left, or a full disk. */
  const tidy = () => {
    const bytes = journalSize(journal)
    if (bytes === 0 || (pendingBytes > 0 && now() < retryAt)) return
    const { blocks, isCorrupt, isHalf } = readBlocks(journal)
    if (isCorrupt) events.corrupt(journal, setAside(journal, ''))
    const ledgerOf = (file: string) =>
      file === resolve(alertLogFile) ? ledger : openLedger(stateDir, file, events)
    const pending = completeBlocks(blocks, {
      stateDir,
      ledgerOf,
      now,
      events,
      inAlertLog,
    })
    if (pending.length < blocks.length || isHalf) keepBlocks(journal, pending)
    pendingIds = new Set(pending.flatMap(({ records }) => records.map(({ id }) => id)))
    pendingBytes = journalSize(journal)
    retryAt = now() + retryMs
  }

  let isMended = false
  /** Once: before anything is taken for new. */
  const mend = () => {
    if (isMended) return
    isMended = true
    const lost = Array.from(lostIds(alertLogFile, isKnown), id => ({ id }))
    if (lost.length === 0) return
    ledger.add(lost, now())
    events.mended(lost.length)
  }

  const locked = <Result>(action: () => Result): Result => {
    const isHopeless = now() < unlockedUntil
    const limitMs = isHopeless ? 0 : lockLimitMs
    let taken = turnLock.take(limitMs)
    if (taken === 'held') return action()
    if (taken === 'refused' && !existsSync(stateDir)) {
      if (inState(() => makeFolder(stateDir))) taken = turnLock.take(limitMs)
    } else if (taken === 'refused' && !isHopeless) {
      unlockedUntil = now() + hopelessMs
      events.unlocked()
    }
    places.clear()
    inState(tidy)
    inState(() => ledger.refresh())
    inState(mend)
    return action()
  }

  const withPlace = (delivery: Delivery): OutboxEvent => {
    const { destination, batch, messages } = delivery
    const dir = outboxDir(stateDir, destination)
    const known = batch === undefined ? places.get(dir) : undefined
    return { destination, place: known ?? placeOrFirst(dir, batch), messages }
  }

  const isKnown = (id: string) => ledger.has({ id }) || pendingIds.has(id)
  /** A summary is known by its id; one of an alert that isn't recorded is about another one's time. */
  const isRecorded = (alert: Alert) =>
    alert.summary
      ? isKnown(alert.id) || !isKnown(alert.of!)
      : ledger.has(recordedOf(alert)) || pendingIds.has(alert.id)

  const complete = () => {
    let bytes = 0
    inState(() => (bytes = journalSize(journal)))
    if (!failures.any() && bytes === 0) return
    retryAt = 0
    const wasFull = failures.any()
    failures.retry(() =>
      locked(() => {
        inAlertLog(() => unwritten.write(text => alertLog.append(text)))
        inState(() => {
          ledger.add([], now())
          if (wasFull) tryToWrite(stateDir)
        })
      }),
    )
  }

  return {
    locked,
    fault() {
      try {
        makeFolder(stateDir)
        if (turnLock.take(lockLimitMs) === 'refused') {
          return 'another process holds its lock and is stuck'
        }
        journalSize(journal)
        ledger.refresh()
        tryToWrite(stateDir)
        return undefined
      } catch (error) {
        return (error as Error).message
      }
    },
    record: (alerts, route) =>
      locked(() => {
        const fresh = alerts.filter(alert => !isRecorded(alert))
        if (fresh.length === 0) return { fresh, held: [] }
        const texts = fresh.map(alertRecord)
        const outboxEvents = route(fresh).map(withPlace)
        const recorded = fresh.map(recordedOf)
        const records = recorded.map((alert, i) => ({ ...alert, text: texts[i]! }))
        let before: number | undefined
        inState(() => {
          const mark = fileMark(alertLogFile)
          const block = { ...mark, records, events: outboxEvents }
          before = appendBlock(journal, block)
        })
        const unlogged = texts.filter(text => !inAlertLog(() => alertLog.append(text)))
        const held = outboxEvents.filter(
          ({ destination, place, messages }) =>
            !inState(() => {
              const dir = outboxDir(stateDir, destination)
              const drop = (count: number) => events.dropped(destination, count)
              places.delete(dir)
              const next = appendMessages(dir, place, messages, drop)
              if (next?.file.endsWith('.queue')) places.set(dir, next)
            }),
        )
        inState(() => ledger.add(recorded, now()))
        // What is held goes out from memory, and must not come into the outbox later as well.
        const isPending = held.length === 0 && unlogged.length > 0
        if (before !== undefined && isPending) pendingBytes = journalSize(journal)
        else {
          if (before !== undefined) cutJournal(journal, before)
          if (unlogged.length > 0) unwritten.keep(unlogged)
        }
        return { fresh, held }
      }),
    extend: alerts =>
      void locked(() => inState(() => ledger.extend(alerts.map(recordedOf), now()))),
    complete,
    end() {
      complete()
      unwritten.giveUp()
    },
  }
}

/** A folder that can't be read can't be appended to either, and that is told. */
function placeOrFirst(dir: string, batch: string | undefined): OutboxPlace {
  try {
    return nextPlace(dir, batch)
  } catch {
    return { file: '000001.queue', size: 0 }
  }
}
