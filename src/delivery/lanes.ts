import { backoffMs } from './backoff.js'

/** When what fails may be tried again: what one of two lanes fails on holds up nothing in the other. */
export interface Lanes {
  /** Nothing is tried before, in epoch milliseconds: of what was set apart, and of what wasn't. */
  held(): { readonly apartHeldUntil: number; readonly heldUntil: number }
  /** One more failure, after which nothing in its lane is tried for `leastMs`. */
  failed(isApart: boolean, now: number, leastMs: number): void
  /** The next failure is the first one again. */
  clear(): void
}

/** Nothing has failed. `random` is in [0, 1). */
export function createLanes(random: () => number): Lanes {
  const open = { heldUntil: 0, failures: 0 }
  let [apart, others] = [open, open]
  return {
    held: () => ({ apartHeldUntil: apart.heldUntil, heldUntil: others.heldUntil }),
    failed(isApart, now, leastMs) {
      const failures = (isApart ? apart : others).failures + 1
      const heldUntil = now + Math.max(leastMs, backoffMs(failures, random()))
      if (isApart) apart = { heldUntil, failures }
      else others = { heldUntil, failures }
    },
    clear() {
      apart = others = open
    },
  }
}
