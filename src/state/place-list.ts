/** Places of events, ascending. Eight bytes each, where a Set of numbers takes fifty. */
export interface PlaceList extends Iterable<number> {
  readonly size: number
  /** The first one; undefined where there is none. */
  first(): number | undefined
  has(place: number): boolean
  /** Fast where it is beyond all others, as new ones are. */
  add(place: number): void
  /** Whether it was there. Fast for the first one, which most are. */
  delete(place: number): boolean
}

/** Dropped from the front only in lots. */
const lot = 1_024

/** An empty list. */
export function createPlaceList(): PlaceList {
  let places: number[] = []
  let head = 0
  /** Where it is, or belongs. */
  const find = (place: number) => {
    let low = head
    let high = places.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (places[middle]! < place) low = middle + 1
      else high = middle
    }
    return low
  }
  return {
    get size() {
      return places.length - head
    },
    first: () => places[head],
    has: place => places[find(place)] === place,
    add(place) {
      const at = find(place)
      if (at === places.length) places.push(place)
      else places.splice(at, 0, place)
    },
    delete(place) {
      const at = find(place)
      if (places[at] !== place) return false
      if (at > head) places.splice(at, 1)
      else if (++head >= lot && head * 2 >= places.length) {
        places = places.slice(head)
        head = 0
      }
      return true
    },
    *[Symbol.iterator]() {
      for (let i = head; i < places.length; i++) yield places[i]!
    },
  }
}
