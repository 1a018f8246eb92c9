/**
 * Gives the keys of a map in the order in which they were put in, each but once; whoever takes one
 * deletes it. A new iterator would step over all that was deleted before, each time. It is held
 * weakly, as one that isn't asked keeps every table that the map has outgrown since: 150 bytes for
 * some two keys that come and go, for ever.
 */
export function createOldestKeys<K>(map: ReadonlyMap<K, unknown>): () => K | undefined {
  let keys = new WeakRef(map.keys())
  const begin = () => {
    const begun = map.keys()
    keys = new WeakRef(begun)
    return begun.next()
  }
  return () => {
    const next = keys.deref()?.next()
    return (next === undefined || next.done === true ? begin() : next).value
  }
}
