import type { Key } from '../rule/compile-clause.js'
import { idOf } from './correlator.js'
import { createKeyTable } from './key-table.js'

/** Holds back the messages of one rule. */
export interface Throttle {
  /** Whether the message of an alert at this time goes out; none does for so long after it. */
  admit(key: Key, at: number): boolean
  save(): unknown
  load(saved: unknown): void
}

/** A key that was given up sends once more: rather a message too many than one too few. */
const maxKeys = 10_000

/** `throttle`: after a message for a key none for `forMs`, by the time of the entries. */
export function createThrottle(forMs: number): Throttle {
  const sent = createKeyTable<{ at: number }>(maxKeys)
  return {
    admit(key, at) {
      const id = idOf(key)
      const last = sent.get(id)
      // What is earlier than a message is late, and held back as well.
      if (last !== undefined && at - last.at < forMs) return false
      sent.touch(id, () => ({ at })).at = at
      return true
    },
    save: () => [...sent.entries()],
    load(saved) {
      for (const [id, { at }] of saved as [string, { at: number }][]) {
        sent.touch(id, () => ({ at }))
      }
    },
  }
}
