import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { countWaiting, outboxDir } from './outbox-files.js'

/** Where messages wait for a destination that isn't there. */
export interface AbandonedOutbox {
  /** The folder. */
  readonly dir: string
  readonly waiting: number
}

/** The outboxes of other destinations than these in which messages wait. Never throws. */
export function abandonedOutboxes(
  stateDir: string,
  destinations: readonly string[],
): AbandonedOutbox[] {
  try {
    return readdirSync(join(stateDir, 'outbox'))
      .filter(name => !destinations.includes(name))
      .map(name => outboxDir(stateDir, name))
      .map(dir => ({ dir, waiting: countWaiting(dir) }))
      .filter(({ waiting }) => waiting > 0)
  } catch {
    // No folder yet, or one that can't be read, which is told when something is to be written.
    return []
  }
}
