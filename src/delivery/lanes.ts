import { backoffMs } from './backoff.js'

/** What fails holds up nothing in another lane; but where a critical event fails, all wait. */
export type Lane = 'critical' | 'apart' | 'others'

/** When what fails may be tried again. */
export interface Lanes {
  /** Nothing is tried before, in epoch milliseconds: at all, of what was set apart, and of the others. */
  held(): {
    readonly closedUntil: number
    readonly apartHeldUntil: number
    readonly heldUntil: number
  }
  /** One more failure, after which nothing in its lane is tried for `leastMs`. */
  failed(lane: Lane, now: number, leastMs: number): void
  /** The destination takes nothing before that. */
  close(until: number): void
  /** It has answered, if not as hoped: a critical event's next failure is the first one again. */
  answered(): void
  /** All may be tried, and the next failure is the first one again. */
  clear(): void
}

const open = { heldUntil: 0, failures: 0 }
const allOpen = { critical: open, apart: open, others: open }

/** Nothing has failed. `random` is in [0, 1). */
export function createLanes(random: () => number): Lanes {
  let lanes: Record<Lane, typeof open> = allOpen
  return {
    held: () => ({
      closedUntil: lanes.critical.heldUntil,
      apartHeldUntil: lanes.apart.heldUntil,
      heldUntil: lanes.others.heldUntil,
    }),
    failed(lane, now, leastMs) {
      const failures = lanes[lane].failures + 1
      const heldUntil = now + Math.max(leastMs, backoffMs(failures, random()))
      lanes = { ...lanes, [lane]: { heldUntil, failures } }
    },
    close(until) {
      lanes = { ...lanes, critical: { ...lanes.critical, heldUntil: until } }
    },
    answered() {
      lanes = { ...lanes, critical: { ...lanes.critical, failures: 0 } }
    },
    clear() {
      lanes = allOpen
    },
  }
}
