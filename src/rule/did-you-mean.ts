import { closest, distance } from 'fastest-levenshtein'

/**
 * `, did you mean "x"?` for the nearest of the known words, or nothing where none is near: at most
 * a third of the word's letters differ.
 */
export function suggest(word: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const best = closest(word, known)
  const isNear = distance(word, best) <= Math.max(1, Math.floor(best.length / 3))
  return isNear ? `, did you mean "${best}"?` : ''
}
