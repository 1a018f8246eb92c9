// What rules over time remember, between two runs of a handler: one JSON file for each alert log,
// replaced whole, so that a kill leaves the one before.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { alertLogName } from './alert-log-name.js'

/** The file of an alert log's rules. */
export function correlationFile(stateDir: string, alertLog: string): string {
  return join(stateDir, 'correlation', `${alertLogName(alertLog)}.json`)
}

/** What the file holds; undefined where there is none. Throws errors of the file system and of JSON. */
export function readCorrelation(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Throws errors of the file system; the file is as it was then. */
export function writeCorrelation(file: string, state: unknown): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o750 })
  // Two handlers overlap while syslog-ng reloads.
  const next = `${file}.${process.pid}.next`
  writeFileSync(next, JSON.stringify(state), { mode: 0o640 })
  renameSync(next, file)
}
