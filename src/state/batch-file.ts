import { renameSync, rmSync } from 'node:fs'
import { dissolveBatch, outboxFile } from './outbox-files.js'
import { batchAlerts } from './outbox-line.js'
import type { StateEvents } from './state-events.js'
import type { Batch } from './waiting-events.js'

/** The batch in an outbox's file of this number; `onGone` is called when it waits no more. */
export function openBatch(
  dir: string,
  number: number,
  events: StateEvents,
  onGone: () => void,
): Batch {
  const path = outboxFile(dir, number, 'digest')
  let isCorrupt = false
  return {
    read: () => batchAlerts(path, () => (isCorrupt = true)),
    settle() {
      onGone()
      if (!isCorrupt) return rmSync(path, { force: true })
      renameSync(path, `${path}.corrupt`)
      events.corrupt(path, `${path}.corrupt`)
    },
    dissolve() {
      onGone()
      dissolveBatch(dir, number)
    },
  }
}
