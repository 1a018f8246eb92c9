// What rules over time remember, between two runs of a handler: for each alert log one file with a
// digest and JSON, replaced whole, so that a kill leaves the one before.

import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeFolder } from '../make-folder.js'
import { alertLogName } from './alert-log-name.js'
import { waitForLock, type Lock } from './lock.js'

/** The file of an alert log's rules. */
export function correlationFile(stateDir: string, alertLog: string): string {
  return join(stateDir, 'correlation', alertLogName(alertLog))
}

/**
 * Takes the lock of whoever writes this file, waiting `limitMs` at most; undefined where another
 * handler has it, or where there can be no state folder.
 */
export function lockCorrelation(
  stateDir: string,
  alertLog: string,
  limitMs: number,
): Lock | undefined {
  try {
    makeFolder(stateDir)
  } catch {
    // That it can't be used is told when something is written.
  }
  return waitForLock(stateDir, `correlation ${alertLogName(alertLog)}`, limitMs)
}

/**
 * What the file holds; undefined where there is none.
 * @throws errors of the file system, and a SyntaxError where it holds something else
 */
export function readCorrelation(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  if (text === '') return undefined
  // A changed number would be a state that no log leads to, so the text must be ours to the letter.
  const end = text.indexOf('\n')
  const json = text.slice(end + 1)
  if (text.slice(0, end) !== digestOf(json)) throw new SyntaxError('its digest is wrong')
  return JSON.parse(json) as unknown
}

/** Replaces what the file holds. Throws errors of the file system; the file is as it was then. */
export function writeCorrelation(file: string, state: unknown): void {
  makeFolder(dirname(file))
  // Two handlers overlap at a restart of syslog-ng.
  const next = `${file}.${process.pid}.next`
  const json = JSON.stringify(state)
  writeFileSync(next, `${digestOf(json)}\n${json}`, { mode: 0o640 })
  renameSync(next, file)
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
