import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freshPace, type Pace } from './pace.js'

/** The latest time that a date can be. */
const maxTime = 8.64e15

/**
 * The pace that a destination's last sender kept; a fresh one where it can't be read. What a server
 * asked for that was reached with other `settings` doesn't bind this one.
 */
export function readPace(outbox: string, settings: string): Pace {
  try {
    const kept: unknown = JSON.parse(readFileSync(join(outbox, 'pace.json'), 'utf8'))
    if (!isPace(kept)) return freshPace
    const { settings: others, ...pace } = kept
    return others === settings ? pace : { ...pace, notBefore: 0 }
  } catch {
    return freshPace
  }
}

/** Keeps it, so that a start, also after a kill, sends no faster. Throws errors of the file system. */
export function writePace(outbox: string, settings: string, pace: Pace): void {
  // A kill in the middle of it must not leave half of it.
  const part = join(outbox, 'pace.json.next')
  writeFileSync(part, JSON.stringify({ ...pace, settings }), { mode: 0o640 })
  renameSync(part, join(outbox, 'pace.json'))
}

function isPace(value: unknown): value is Pace & { readonly settings?: unknown } {
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
