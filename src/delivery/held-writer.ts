import type { Outbox } from '../state/outbox.js'
import type { SenderOptions } from './sender-options.js'
import type { SetApart } from './set-apart.js'

const retryMs = 5_000

/**
 * Writes what an outbox holds in memory into its files, once they take it again; tried each 5
 * seconds of `now`, always where that is Infinity. Throws errors of the file system.
 */
export function createHeldWriter(
  outbox: Outbox,
  apart: SetApart,
  locked: SenderOptions['locked'],
): (now: number) => void {
  let retryAt = 0
  return now => {
    if (now < retryAt || !outbox.isHolding()) return
    if (now < Infinity) retryAt = now + retryMs
    locked(() => {
      // In the files they are found anew, and anywhere else.
      for (const place of outbox.writeHeld()) apart.moved(place)
    })
  }
}
