import { existsSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readJson } from '../state/read-json.js'
import type { StateEvents } from '../state/state-events.js'
import { freshPace, type Pace } from './pace.js'

/**
 * The pace that a destination's last sender kept; a fresh one where it can't be read. What was never
 * written there is put aside, and told.
 */
export function readPace(outbox: string, events: StateEvents): Pace {
  const file = join(outbox, 'pace.json')
  return readJson(file, isPace, JSON.stringify(freshPace), events) ?? freshPace
}

/** Keeps it, so that a start, also after a kill, sends no faster. Throws errors of the file system. */
export function writePace(outbox: string, pace: Pace): void {
  // A kill in the middle of it must not leave half of it.
  const part = join(outbox, 'pace.json.next')
  writeFileSync(part, JSON.stringify(pace), { mode: 0o640 })
  renameSync(part, join(outbox, 'pace.json'))
}

/** Makes its version another one, without taking space. Throws errors of the file system. */
export function touchPace(outbox: string, pace: Pace, now: number): void {
  const file = join(outbox, 'pace.json')
  if (existsSync(file)) utimesSync(file, now / 1_000, now / 1_000)
  else writePace(outbox, pace)
}

/** Another one after each `writePace`. Throws errors of the file system. */
export function paceVersion(outbox: string): string {
  const file = join(outbox, 'pace.json')
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? '' : `${stat.ino} ${stat.mtimeNs}`
}

/** The latest time that a date can be. */
const maxTime = 8.64e15

function isPace(value: unknown): value is Pace {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(freshPace).every(([name, fresh]: [string, unknown]) => {
    const member: unknown = Object.getOwnPropertyDescriptor(value, name)?.value
    return Array.isArray(fresh)
      ? Array.isArray(member) && member.every(isTime)
      : isTime(member)
  })
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= maxTime
}
