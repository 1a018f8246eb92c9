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
  const kept = severities.map(() => createQueue<T>())
  let taken = 0
  return {
    add(item) {
      kept[rankOf(item.severity)]!.push(item)
      taken += sizeOf(item)
      const left: T[] = []
      while (taken > room) {
        const oldest = kept.findLast(queue => queue.size() > 0)!.shift()
        taken -= sizeOf(oldest)
        left.push(oldest)
      }
      return left
    },
    items: () => kept.flatMap(queue => queue.items()),
  }
}

/** First in, first out. An array's own shift() moves all the rest, which may be 100,000. */
function createQueue<T>() {
  let items: T[] = []
  let first = 0
  return {
    push: (item: T) => void items.push(item),
    size: () => items.length - first,
    shift(): T {
      const item = items[first]!
      first += 1
      if (first > 1_000 && 2 * first > items.length) {
        items = items.slice(first)
        first = 0
      }
      return item
    },
    items: () => items.slice(first),
  }
}
