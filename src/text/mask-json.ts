import { mask } from './mask.js'

/**
 * JSON with every string in it masked, names of members too: its own text could hide a token
 * behind escapes. Numbers beyond 2^53 are rounded. Throws a SyntaxError for what is no JSON, and a
 * RangeError for nesting beyond the stack.
 */
export function maskJson(json: string): string {
  return JSON.stringify(masked(JSON.parse(json)))
}

function masked(value: unknown): unknown {
  if (typeof value === 'string') return mask(value)
  if (Array.isArray(value)) return value.map(masked)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [mask(name), masked(member)]),
  )
}
