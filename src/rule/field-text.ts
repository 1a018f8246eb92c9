import { isEmpty } from '../entry/json-object.js'

/** Arrays in arrays are shown to this depth: the entry is the attacker's to nest. */
const maxNesting = 4

/** A field's value as people read it: `-` where it is missing, an array's elements with commas. */
export function fieldText(value: unknown, nesting = 0): string {
  if (isEmpty(value)) return '-'
  if (Array.isArray(value)) {
    if (nesting >= maxNesting) return '[…]'
    const shown = value.slice(0, 50)
    return shown.map(element => fieldText(element, nesting + 1)).join(', ')
  }
  if (typeof value === 'string') return value
  if (typeof value === 'object') return '{…}'
  return JSON.stringify(value)
}
