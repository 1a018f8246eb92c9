/**
 * Gives the keys of a map in the order in which they were put in, each but once; whoever takes one
 * deletes it. A new iterator would step over all that was deleted before, each time.
 */
export function createOldestKeys<K>(map: ReadonlyMap<K, unknown>): () => K | undefined {
  let keys = map.keys()
  return () => {
    const next = keys.next()
    if (next.done !== true) return next.value
    keys = map.keys()
    return keys.next().value
  }
}
