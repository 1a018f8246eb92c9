import { isEmpty, isJsonObject } from './json-object.js'

/** Stands in a field path for every member of an object or array (`*`). */
export const everyMember = Symbol('every member')

/** A parsed field path: keys, and `everyMember` for `*`. */
export type FieldPath = readonly (string | typeof everyMember)[]

/** Arrays nested deeper than this aren't looked into: the entry is the attacker's to nest. */
const maxNesting = 32

/**
 * Parses `request.data.a\.b.*`: keys between dots, `\.` a dot in a key, `\*` a key that is a star,
 * `\\` a backslash. Gives undefined for an empty path or an empty key.
 */
export function parseFieldPath(text: string): FieldPath | undefined {
  const path: (string | typeof everyMember)[] = []
  let key = ''
  let escaped = false
  const end = () => {
    path.push(key === '*' && !escaped ? everyMember : key)
    key = ''
    escaped = false
  }
  for (let i = 0; i < text.length; i++) {
    const next = text[i + 1]
    if (text[i] === '\\' && (next === '.' || next === '*' || next === '\\')) {
      key += next
      escaped = true
      i++
    } else if (text[i] === '.') {
      if (key === '') return undefined
      end()
    } else key += text[i]
  }
  if (key === '') return undefined
  end()
  return path
}

/**
 * The value at a path, or undefined. A path goes through arrays: below an array, and for `*`, the
 * result is the flat array of what each member has there, members that are empty left out.
 */
export function valueAt(root: unknown, path: FieldPath): unknown {
  return walk(root, path, 0, 0)
}

function walk(start: unknown, path: FieldPath, from: number, nesting: number): unknown {
  let value = start
  for (let i = from; i < path.length; i++) {
    const key = path[i]!
    if (Array.isArray(value)) {
      return collect(value, path, key === everyMember ? i + 1 : i, nesting)
    }
    if (!isJsonObject(value)) return undefined
    if (key === everyMember) return collect(Object.values(value), path, i + 1, nesting)
    if (!Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

function collect(
  members: readonly unknown[],
  path: FieldPath,
  from: number,
  nesting: number,
): unknown[] {
  if (nesting >= maxNesting) return []
  return members
    .map(member => walk(member, path, from, nesting + 1))
    .filter(value => !isEmpty(value))
    .flat()
}

/**
 * True when the value itself, or where it is an array one element of it, passes the test. Empty
 * values never do.
 */
export function someElement(
  value: unknown,
  test: (element: unknown) => boolean,
  nesting = 0,
): boolean {
  if (!Array.isArray(value)) return !isEmpty(value) && test(value)
  if (nesting >= maxNesting) return false
  return value.some(element => someElement(element, test, nesting + 1))
}
