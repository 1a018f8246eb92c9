import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Alert } from '../alert/alert.js'
import { appendMessages, nextPlace, outboxDir } from '../state/outbox-files.js'

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

/** Appends events that were given up. Throws errors of the file system. Called with the state lock held. */
export function appendDeadLetters(
  stateDir: string,
  destination: string,
  events: Iterable<readonly Alert[]>,
  { time, reason }: Omit<DeadLetter, 'alerts'>,
): void {
  const file = deadLetterFile(stateDir, destination)
  mkdirSync(outboxDir(stateDir, destination), { recursive: true, mode: 0o750 })
  for (const alerts of events) {
    const letter: DeadLetter = { time, reason, alerts }
    appendFileSync(file, `${JSON.stringify(letter)}\n`, { mode: 0o640 })
  }
}

/**
 * Reads them; lines that aren't whole are left out, and told in `broken`. None where there is no
 * file. Throws other errors of the file system.
 */
function readDeadLetters(
  stateDir: string,
  destination: string,
): { letters: DeadLetter[]; broken: number } {
  let text: string
  try {
    text = readFileSync(deadLetterFile(stateDir, destination), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return { letters: [], broken: 0 }
    throw error
  }
  const lines = text.split('\n').filter(line => line !== '')
  const letters = lines.map(parse).filter(letter => letter !== undefined)
  return { letters, broken: lines.length - letters.length }
}

/**
 * Puts a destination's dead letters back into its outbox; gives how many. Throws errors of the file
 * system. Called with the state lock held.
 */
export function requeueDeadLetters(
  stateDir: string,
  destination: string,
  onDropped: (events: number) => void,
): number {
  const { letters, broken } = readDeadLetters(stateDir, destination)
  const dir = outboxDir(stateDir, destination)
  const messages = letters.map(({ alerts }) => alerts)
  if (messages.length > 0) {
    appendMessages(dir, nextPlace(dir, undefined), messages, onDropped)
  }
  if (letters.length + broken > 0) removeDeadLetters(stateDir, destination, broken)
  return letters.length
}

/** Deletes them, once they are in the outbox again; what was broken stays beside, as `.corrupt`. */
function removeDeadLetters(stateDir: string, destination: string, broken: number): void {
  const file = deadLetterFile(stateDir, destination)
  if (broken > 0) renameSync(file, `${file}.corrupt`)
  else rmSync(file, { force: true })
}

function parse(line: string): DeadLetter | undefined {
  try {
    const letter = JSON.parse(line) as DeadLetter
    return Array.isArray(letter.alerts) && letter.alerts.length > 0 ? letter : undefined
  } catch {
    return undefined
  }
}
