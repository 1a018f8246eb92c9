// The events of one step of a sequence, in the order of time.

/**
 * An entry that a step took: its time, its number among all (one line is one step of a sequence),
 * and where an alert comes without an entry, the title for it.
 */
export type Event = readonly [at: number, number: number, title?: string]

/** In the order of time, and of two at one time in that of their lines. */
export function isAfter(a: Event, b: Event): boolean {
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1])
}

/** The index of the first event at `time` or later. */
export function firstFrom(events: readonly Event[], time: number): number {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (events[middle]![0] < time) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Takes the latest `count` events up to another one's moment, and gives the earliest of them;
 * undefined where there are fewer. Lines in `taken` can't be taken again.
 */
export function takeBefore(
  events: readonly Event[],
  [until]: Event,
  count: number,
  taken: Set<number>,
): Event | undefined {
  let missing = count
  for (let i = firstFrom(events, until + 1) - 1; i >= 0; i--) {
    const event = events[i]!
    if (taken.has(event[1])) continue
    taken.add(event[1])
    missing -= 1
    if (missing === 0) return event
  }
  return undefined
}
