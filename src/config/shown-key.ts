import { suggest } from '../rule/did-you-mean.js'

/** Longer than any key; shorter than most secrets. */
const maxKeyChars = 20

/**
 * A key that is wrong where it stands, in words, and `, did you mean "x"?` where one of `known` is
 * near. A secret may have a line to itself, so what doesn't look like a key is not shown, nor a line
 * without `=`.
 */
export function shownKey(
  key: string,
  isAssigned: boolean,
  known: readonly string[],
): { readonly words: string; readonly hint: string } {
  if (!isAssigned) {
    return { words: `line of ${key.length} characters without "="`, hint: '' }
  }
  const hint = suggest(key, known)
  const isPlain = /^[a-z_]+$/.test(key) || (hint !== '' && /^[\w-]+$/.test(key))
  return isPlain && key.length <= maxKeyChars
    ? { words: `key "${key}"`, hint }
    : { words: `key of ${key.length} characters`, hint: '' }
}
