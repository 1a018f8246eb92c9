/** Where an event that waits stands: its file's number and its offset; or its number in memory. */
export type Place = number

/** A file stays below 4 GiB, also where a batch of any size has become one. */
const offsetRange = 2 ** 32

/** Beyond the places of all files: events that are in memory only. */
export const firstHeld = 2 ** 52

/** The place at an offset of the file with this number. */
export function placeAt(number: number, offset: number): Place {
  return number * offsetRange + offset
}

/** The number of a place's file. */
export function fileNumber(place: Place): number {
  return Math.floor(place / offsetRange)
}

/** The offset of a place in its file. */
export function offsetIn(place: Place): number {
  return place % offsetRange
}
