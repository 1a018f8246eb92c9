import { createHash } from 'node:crypto'

const maxChars = 200

/**
 * The text itself, or for one of over 200 characters its begin and a hash of the whole: as good to
 * tell texts apart, and no attacker can make it long.
 */
export function boundedText(text: string): string {
  if (text.length <= maxChars) return text
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
  return `${text.slice(0, 160)}…${hash}`
}
