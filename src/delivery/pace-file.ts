import { renameSync, writeFileSync } from 'node:fs'
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

function isPace(value: unknown): value is Pace {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(freshPace).every(([name, fresh]: [string, unknown]) => {
    const member: unknown = Object.getOwnPropertyDescriptor(value, name)?.value
    return Array.isArray(fresh)
      ? Array.isArray(member) && member.every(Number.isFinite)
      : Number.isFinite(member)
  })
}
