const baseMs = 1_000
const capMs = 5 * 60_000

/**
 * The delay in milliseconds before the next attempt, with full jitter: anywhere from 1 ms up to
 * 1 s doubled for each failure, at most 5 minutes. Jitter, so that many hosts that lost the same
 * destination don't come back in step.
 * `attempt` counts the failures so far, from 1; `random` is in [0, 1).
 */
export function backoffMs(attempt: number, random: number): number {
  return Math.max(1, Math.floor(random * Math.min(capMs, baseMs * 2 ** (attempt - 1))))
}
