/** Deeper than anything Vault logs, and far from what the call stack holds. */
const maxDepth = 64

/**
 * JSON text of a parsed JSON value with the keys of each object sorted, so that the order of a
 * logger's arguments makes no other event. Members deeper than 64 levels become one fixed text,
 * so it never overflows the stack.
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (depth >= maxDepth) return '"too deep"'
  if (Array.isArray(value)) {
    return `[${value.map(item => canonicalJson(item, depth + 1)).join()}]`
  }
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member, depth + 1)}`)
  return `{${members.join()}}`
}
