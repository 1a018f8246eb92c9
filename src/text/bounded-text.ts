import { hash } from 'node:crypto'
import { mask } from './mask.js'

const maxChars = 200

/**
 * The text itself; one of over 200 characters, or with a secret in it, masked and cut, with a hash of
 * the whole: as good to tell texts apart, and no attacker can make it long.
 */
export function boundedText(text: string): string {
  const masked = mask(text)
  if (text.length <= maxChars && masked === text) return text
  return `${masked.slice(0, 160)}…${hash('sha256', text).slice(0, 16)}`
}
