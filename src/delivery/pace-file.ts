import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freshPace, type Pace } from './pace.js'

/** The pace that a destination's last sender kept; a fresh one where it can't be read. */
export function readPace(outbox: string): Pace {
  try {
    const pace: unknown = JSON.parse(readFileSync(join(outbox, 'pace.json'), 'utf8'))
    return isPace(pace) ? pace : freshPace
  } catch {
    return freshPace
  }
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
