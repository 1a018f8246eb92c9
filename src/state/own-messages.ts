import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readJson } from './read-json.js'
import type { StateEvents } from './state-events.js'

/** Keeps the handler's own messages few; their records are all in the alert log. */
export interface OwnMessages {
  /**
   * Whether a message of this kind may go out: one an hour, over all processes and starts. Gives
   * how many were held back since the last one, or undefined where this one is. Never throws.
   */
  admit(kind: string, now: number): number | undefined
}

const intervalMs = 3_600_000

/** By kind: when the last one went, in epoch milliseconds, and how many were held back since. */
type Kinds = Record<string, { last: number; held: number }>

/**
 * Called with the state lock held. Where the state folder can't be used, it counts in memory. A file
 * that holds something else is put aside, and told.
 */
export function openOwnMessages(
  stateDir: string,
  events: Pick<StateEvents, 'corrupt'>,
): OwnMessages {
  const file = join(stateDir, 'own-messages.json')
  let kinds: Kinds = {}
  return {
    admit(kind, now) {
      kinds = newest(kinds, readJson(file, isKinds, '{}', events) ?? {})
      const { last, held } = kinds[kind] ?? { last: -Infinity, held: 0 }
      // A clock that was set back must not hold messages back for longer.
      const isDue = now - last >= intervalMs || now < last
      kinds = {
        ...kinds,
        [kind]: isDue ? { last: now, held: 0 } : { last, held: held + 1 },
      }
      write(file, JSON.stringify(kinds))
      return isDue ? held : undefined
    },
  }
}

/** What could not be written to a full disk is newer than the file. */
function newest(memory: Kinds, file: Kinds): Kinds {
  const kept = Object.entries(memory).filter(([kind, { last, held }]) => {
    const other = file[kind]
    return !other || last > other.last || (last === other.last && held > other.held)
  })
  return { ...file, ...Object.fromEntries(kept) }
}

function isKinds(value: unknown): value is Kinds {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every(
      (kind: Partial<Kinds[string]> | null) =>
        typeof kind?.last === 'number' && typeof kind.held === 'number',
    )
  )
}

function write(file: string, text: string): void {
  try {
    writeFileSync(`${file}.next`, text, { mode: 0o640 })
    renameSync(`${file}.next`, file)
  } catch {
    // A full disk is told by what comes after: the journal can't be written either.
  }
}
