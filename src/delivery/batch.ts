// A replay's alerts, which go out as one digest when it ends. Its process holds the batch's lock
// until then; when it was killed, whoever sends to the destination lets the batch go.

import { closeBatch, openBatches } from '../state/outbox-files.js'
import { tryLock, type Lock } from '../state/lock.js'

/** Takes a batch's lock, before anything is put into it. */
export function lockBatch(stateDir: string, batch: string): Lock | undefined {
  return tryLock(stateDir, `batch ${batch}`)
}

/** Lets the batches of dead processes go out. `locked` takes the state lock. */
export function adoptBatches(
  stateDir: string,
  outbox: string,
  locked: (action: () => void) => void,
): void {
  for (const batch of openBatches(outbox)) {
    const lock = lockBatch(stateDir, batch)
    if (lock === undefined) continue
    locked(() => closeBatch(outbox, batch))
    lock.release()
  }
}
