import type { Entry } from '../entry/entry.js'
import { mask } from '../text/mask.js'
import { oneLine } from '../text/one-line.js'
import { fieldText } from './field-text.js'

/** A rendered title is at most this long, so that every channel can carry it whole. */
const maxTitle = 500
/** One field's share of a title. */
const maxField = 200

/**
 * Compiles `text {{field}} text` into a renderer. A missing field renders as `-`, an array as its
 * elements with commas. The fields are the attacker's: tokens are masked, control characters made
 * visible and the length bounded here, so a title is safe to carry everywhere (each channel still
 * escapes its own mark-up). `field` gives the getter for a path and reports what is wrong with it;
 * `report` takes what is wrong with the braces.
 */
export function compileTitle(
  title: string,
  field: (path: string) => (entry: Entry) => unknown,
  report: (message: string) => void,
): (entry: Entry) => string {
  // Odd parts are what stood between {{ and }}.
  const parts = title.split(/\{\{(.*?)\}\}/).map((part, i) => {
    if (i % 2 === 0) {
      if (/\{\{|\}\}/.test(part)) report(`"{{" and "}}" come in pairs, got "${title}"`)
      return () => part
    }
    if (/[{}]/.test(part))
      report(`a field between "{{" and "}}" has no braces, got "${title}"`)
    const get = field(part.trim())
    return (entry: Entry) => oneLine(mask(fieldText(get(entry))), maxField)
  })
  return entry => oneLine(parts.map(part => part(entry)).join(''), maxTitle)
}
