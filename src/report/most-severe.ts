import { rankOf, severities, type Severity } from '../rule/severity.js'

/** As many of the things given to it as it may keep: the most severe, and of these the latest. */
export interface MostSevere<T> {
  /** Gives back the one that it doesn't keep, if there is one. */
  readonly add: (item: T) => T | undefined
  /** The most severe first, and of one severity in the order in which they came. */
  readonly items: () => T[]
}

/** Keeps at most `limit` items. */
export function mostSevere<T extends { readonly severity: Severity }>(
  limit: number,
): MostSevere<T> {
  const kept = severities.map((): Set<T> => new Set())
  let size = 0
  return {
    add(item) {
      kept[rankOf(item.severity)]!.add(item)
      size += 1
      if (size <= limit) return undefined
      size -= 1
      const least = kept.findLast(({ size }) => size > 0)!
      const [oldest] = least
      least.delete(oldest!)
      return oldest
    },
    items: () => kept.flatMap(items => [...items]),
  }
}
