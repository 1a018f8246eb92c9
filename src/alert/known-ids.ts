import { createIdSet } from './id-set.js'

/** Remembers which alert ids were raised, so that an event alerts once a rule. */
export interface KnownIds {
  /** Adds an id; false if it was there. */
  add(id: string): boolean
}

/**
 * A memory of at least the last `limit` ids and at most twice as many (40 bytes each), the oldest
 * out first; `onEvict` is told how many are forgotten.
 */
export function createKnownIds(
  limit: number,
  onEvict: (count: number) => void,
): KnownIds {
  let older = createIdSet(limit)
  let newer = createIdSet(limit)
  return {
    add(id) {
      if (older.has(id) || !newer.add(id)) return false
      if (newer.size >= limit) {
        if (older.size > 0) onEvict(older.size)
        older = newer
        newer = createIdSet(limit)
      }
      return true
    },
  }
}
