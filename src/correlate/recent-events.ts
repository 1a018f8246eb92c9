import { hash } from 'node:crypto'
import { createOldestKeys } from './oldest-keys.js'

/** Remembers what a rule has counted, so that the copies of an event count once. */
export interface RecentEvents {
  /** False for what was counted before. `at` is the event's time, `now` the greatest seen. */
  isFirst(what: readonly string[], at: number, now: number): boolean
  save(): unknown
  load(saved: unknown): void
}

/** Request and response, and their copies by other nodes and devices, come within this time. */
const keptMs = 10 * 60_000
/** At most 10 MB. */
const limit = 100_000

/** Nothing was counted so far; `onForgotten` is told of what had to be forgotten too early. */
export function createRecentEvents(onForgotten: () => void): RecentEvents {
  const times = new Map<string, number>()
  const nextOldest = createOldestKeys(times)
  let oldest: string | undefined
  const drop = (now: number) => {
    for (; (oldest ??= nextOldest()) !== undefined; oldest = undefined) {
      const isOld = times.get(oldest)! < now - keptMs
      if (!isOld && times.size <= limit) return
      if (!isOld) onForgotten()
      times.delete(oldest)
    }
  }
  return {
    isFirst(what, at, now) {
      // Not a slice of a longer string, which would stay with it.
      const digest = hash('sha256', JSON.stringify(what), 'buffer')
      const id = digest.toString('base64url', 0, 16)
      if (times.has(id)) return false
      times.set(id, at)
      drop(now)
      return true
    },
    save: () => [...times],
    load(saved) {
      for (const [id, time] of saved as [string, number][]) times.set(id, time)
    },
  }
}
