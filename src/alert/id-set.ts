/** A set of alert ids that takes 40 bytes an id at most, where strings in a Set take 100. */
export interface IdSet {
  has(id: string): boolean
  /** False if it was there. */
  add(id: string): boolean
  readonly size: number
}

/** Beyond this part of its slots the table grows; looking on for a free one stays short. */
const maxLoad = 0.8
/** Most sets have few ids, above all those of rules' own tests. */
const firstSlots = 64
/** Words of 32 bits in an id. */
const words = 4

/**
 * An empty set of ids, which are 32 hex digits (see `alertId`): hashes, so that their own bits say
 * where they stand in the table. One that outgrows its first, small table gets room for so many at
 * once: each table that is left behind stays until the heap is collected.
 */
export function createIdSet(room: number): IdSet {
  let slots = firstSlots
  let table = new Uint32Array(slots * words)
  let size = 0
  const id = new Uint32Array(words)

  const parse = (text: string) => {
    for (let i = 0; i < words; i++) {
      // The first word of a slot is 0 where the slot is free; one id in 4 billion is changed.
      id[i] = parseInt(text.slice(i * 8, i * 8 + 8), 16) || (i === 0 ? 1 : 0)
    }
  }
  /** The place of `id`, or the free one where it belongs. */
  const find = (): number => {
    let slot = id[0]! % slots
    for (; ; slot = (slot + 1) % slots) {
      const at = slot * words
      if (table[at] === 0) return at
      let same = 0
      while (same < words && table[at + same] === id[same]) same += 1
      if (same === words) return at
    }
  }
  const grow = () => {
    const old = table
    slots = Math.max(slots * 2, 2 ** Math.ceil(Math.log2(room / maxLoad)))
    table = new Uint32Array(slots * words)
    for (let at = 0; at < old.length; at += words) {
      if (old[at] === 0) continue
      for (let i = 0; i < words; i++) id[i] = old[at + i]!
      table.set(id, find())
    }
  }
  return {
    has(text) {
      parse(text)
      return table[find()] !== 0
    },
    add(text) {
      parse(text)
      const at = find()
      if (table[at] !== 0) return false
      table.set(id, at)
      size += 1
      if (size > slots * maxLoad) grow()
      return true
    },
    get size() {
      return size
    },
  }
}
