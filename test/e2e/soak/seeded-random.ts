/** Choices that a seed decides, so that a run can be had again. */
export interface Random {
  /** In [low, high). */
  between(low: number, high: number): number
  /** True in this share of all cases. */
  chance(share: number): boolean
  /** One of the list, which isn't empty. */
  pick<Item>(list: readonly Item[]): Item
  /** Draws each of the list once, in any order, and then again. */
  deck<Item>(list: readonly Item[]): () => Item
}

/** Choices of their own for each part of a run, whatever the other parts choose meanwhile. */
export function seededRandom(seed: number, part: string): Random {
  // FNV-1a.
  let state = Buffer.from(part).reduce(
    (hash, byte) => Math.imul(hash ^ byte, 0x01000193),
    seed ^ 0x811c9dc5,
  )
  // Mulberry32.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const index = (length: number) => Math.floor(next() * length)
  return {
    between: (low, high) => low + next() * (high - low),
    chance: share => next() < share,
    pick: list => list[index(list.length)]!,
    deck: list => {
      let left = [...list]
      return () => {
        if (left.length === 0) left = [...list]
        return left.splice(index(left.length), 1)[0]!
      }
    },
  }
}
