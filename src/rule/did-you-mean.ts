import { closest, distance } from 'fastest-levenshtein'

/**
 * `, did you mean "x"?` for the nearest of the known words, or nothing where none is near: at most
 * a third of the letters differ, they stand in another order, or one word begins with the other.
 * Case doesn't count.
 */
export function suggest(word: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const asked = word.toLowerCase()
  const lowered = known.map(candidate => candidate.toLowerCase())
  const best = closest(asked, lowered)
  const meant = isNear(asked, best)
    ? best
    : lowered.find(candidate => startsEither(asked, candidate))
  return meant === undefined ? '' : `, did you mean "${known[lowered.indexOf(meant)]}"?`
}

function isNear(word: string, best: string): boolean {
  return (
    distance(word, best) <= Math.max(1, Math.floor(best.length / 3)) ||
    sorted(word) === sorted(best)
  )
}

function sorted(word: string): string {
  return Array.from(word).sort().join('')
}

/** `monday` and `mon`; shorter beginnings say too little. */
function startsEither(a: string, b: string): boolean {
  return Math.min(a.length, b.length) >= 3 && (a.startsWith(b) || b.startsWith(a))
}
