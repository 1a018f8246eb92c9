import type { Entry } from '../entry/entry.js'
import { isEmpty } from '../entry/json-object.js'
import { mask } from '../text/mask.js'
import { oneLine } from '../text/one-line.js'

/** A rendered title is at most this long, so that every channel can carry it whole. */
const maxTitle = 500
/** One field's share of a title. */
const maxField = 200
/** Arrays in arrays are shown to this depth: the entry is the attacker's to nest. */
const maxNesting = 4

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
    return (entry: Entry) => oneLine(mask(asText(get(entry))), maxField)
  })
  return entry => oneLine(parts.map(part => part(entry)).join(''), maxTitle)
}

function asText(value: unknown, nesting = 0): string {
  if (isEmpty(value)) return '-'
  if (Array.isArray(value)) {
    if (nesting >= maxNesting) return '[…]'
    const shown = value.slice(0, 50)
    return shown.map(element => asText(element, nesting + 1)).join(', ')
  }
  if (typeof value === 'string') return value
  if (typeof value === 'object') return '{…}'
  return JSON.stringify(value)
}
