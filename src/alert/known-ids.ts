/** Remembers which alert ids were raised, so that an event alerts once a rule. */
export interface KnownIds {
  /** Adds an id; false if it was there. */
  add(id: string): boolean
}

/**
 * A memory of the last `limit` ids (about 100 bytes each), the oldest out first; `onEvict` is told
 * of each one that is forgotten.
 */
export function createKnownIds(limit: number, onEvict: () => void): KnownIds {
  const ids = new Set<string>()
  return {
    add(id) {
      if (ids.has(id)) return false
      ids.add(id)
      if (ids.size > limit) {
        // A Set iterates in the order of insertion.
        for (const oldest of ids) {
          ids.delete(oldest)
          break
        }
        onEvict()
      }
      return true
    },
  }
}
