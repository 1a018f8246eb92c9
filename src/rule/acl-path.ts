/**
 * Compiles a path in the syntax of Vault's ACL policies: `+` stands for one whole segment, `*` at
 * the end for any rest; all else is literal. Gives a predicate on a path, or a sentence that says
 * what is wrong.
 * Source: developer.hashicorp.com/vault/docs/concepts/policies, "Policy syntax".
 */
export function compileAclPath(pattern: string): ((path: string) => boolean) | string {
  const isPrefix = pattern.endsWith('*')
  const fixed = isPrefix ? pattern.slice(0, -1) : pattern
  if (fixed.includes('*')) return '"*" stands only at the end of a path'
  const segments = fixed.split('/')
  if (segments.some(segment => segment.includes('+') && segment !== '+')) {
    return '"+" stands for a whole segment, between slashes'
  }
  // As Vault does: what it would mean beyond `+/*` and `*` nobody can tell.
  if (pattern.endsWith('+*')) return '"+*" is no wildcard; write "+/*" or "*"'
  if (!segments.includes('+')) {
    return isPrefix ? path => path.startsWith(fixed) : path => path === fixed
  }
  return path => matchSegments(segments, path.split('/'), isPrefix)
}

function matchSegments(
  pattern: readonly string[],
  path: readonly string[],
  isPrefix: boolean,
): boolean {
  if (isPrefix ? path.length < pattern.length : path.length !== pattern.length)
    return false
  return pattern.every((segment, i) => {
    const actual = path[i]!
    if (segment === '+') return actual !== ''
    const isLast = i === pattern.length - 1
    return isPrefix && isLast ? actual.startsWith(segment) : actual === segment
  })
}
