import { rankOf, severities, type Severity } from '../rule/severity.js'

/** Of the things given to it as many as there is room for: the most severe, and of these the latest. */
export interface MostSevere<T> {
  /** Gives back those that it doesn't keep. */
  readonly add: (item: T) => T[]
  /** The most severe first, and of one severity in the order in which they came. */
  readonly items: () => T[]
}

/** Keeps items whose sizes come to at most `room`; no item may be larger than that. */
export function mostSevere<T extends { readonly severity: Severity }>(
  room: number,
  sizeOf: (item: T) => number,
): MostSevere<T> {
  const kept = severities.map((): Set<T> => new Set())
  let taken = 0
  return {
    add(item) {
      kept[rankOf(item.severity)]!.add(item)
      taken += sizeOf(item)
      const left: T[] = []
      while (taken > room) {
        const least = kept.findLast(({ size }) => size > 0)!
        const [oldest] = least
        least.delete(oldest!)
        taken -= sizeOf(oldest!)
        left.push(oldest!)
      }
      return left
    },
    items: () => kept.flatMap(items => [...items]),
  }
}
