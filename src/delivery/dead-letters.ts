import { appendFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../make-folder.js'
import type { Alert } from '../alert/alert.js'
import {
  appendMessages,
  cutHalfLineOf,
  nextPlace,
  outboxDir,
  type OutboxPlace,
} from '../state/outbox-files.js'
import { alertsOf } from '../state/outbox-line.js'
import { readFileLines } from '../state/read-lines.js'
import type { StateEvents } from '../state/state-events.js'

/** A message that a destination refused for good: a line of `dead-letters.ndjson` in its outbox. */
export interface DeadLetter {
  /** When it was given up, RFC 3339. */
  readonly time: string
  /** Why, in the destination's own words. */
  readonly reason: string
  readonly alerts: readonly Alert[]
}

/** The file of a destination's dead letters. */
function deadLetterFile(stateDir: string, destination: string): string {
  return join(outboxDir(stateDir, destination), 'dead-letters.ndjson')
}

/**
 * Counts what these destinations refuse from now on, by whichever process it is sent: gives a function
 * that gives the count. Throws errors of the file system.
 */
export function watchDeadLetters(
  stateDir: string,
  destinations: readonly string[],
): () => number {
  const files = destinations.map(name => deadLetterFile(stateDir, name))
  const before = new Map(files.map(file => [file, sizeOf(file)]))
  return () =>
    files.reduce((sum, file) => {
      const known = before.get(file)!
      // One that is shorter was queued again meanwhile, and begins anew.
      const from = sizeOf(file) < known ? 0 : known
      return sum + Array.from(readFileLines(file, from)).length
    }, 0)
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** Beyond this a destination's dead letters are in the alert log only. */
const maxBytes = 64 * 1024 * 1024
const partChars = 1024 * 1024

/** Appends events that were given up; `onDropped` is told of those without room. Throws errors of the file system. Called with the state lock held. */
export function appendDeadLetters(
  stateDir: string,
  destination: string,
  events: Iterable<readonly Alert[]>,
  { time, reason }: Omit<DeadLetter, 'alerts'>,
  onDropped: (events: number) => void,
): void {
  const file = deadLetterFile(stateDir, destination)
  makeFolder(outboxDir(stateDir, destination))
  cutHalfLineOf(file)
  let room = maxBytes - sizeOf(file)
  let dropped = 0
  let text = ''
  const write = () => {
    appendFileSync(file, text, { mode: 0o640 })
    text = ''
  }
  for (const alerts of events) {
    const letter: DeadLetter = { time, reason, alerts }
    const line = `${JSON.stringify(letter)}\n`
    room -= line.length
    if (room < 0) dropped += 1
    else text += line
    if (text.length >= partChars) write()
  }
  write()
  if (dropped > 0) onDropped(dropped)
}

/**
 * Puts a destination's dead letters back into its outbox; gives how many. A line that was never
 * written there is put aside, and told. Throws errors of the file system. Called with the state lock
 * held.
 */
export function requeueDeadLetters(
  stateDir: string,
  destination: string,
  events: Pick<StateEvents, 'corrupt' | 'dropped'>,
): number {
  const dir = outboxDir(stateDir, destination)
  const file = deadLetterFile(stateDir, destination)
  let place: OutboxPlace | undefined
  let count = 0
  let broken = ''
  for (const { bytes } of readFileLines(file, 0)) {
    const alerts = alertsOf(bytes)
    if (alerts === undefined) broken += `${bytes.toString('latin1')}\n`
    else {
      place ??= nextPlace(dir, undefined)
      const drop = (dropped: number) => events.dropped(destination, dropped)
      place = appendMessages(dir, place, [alerts], drop)
      count += 1
    }
  }
  if (broken !== '') {
    const aside = `${file}.corrupt`
    writeFileSync(aside, broken, { mode: 0o640, encoding: 'latin1' })
    events.corrupt(file, aside)
  }
  // Once they are in the outbox again.
  rmSync(file, { force: true })
  return count
}
