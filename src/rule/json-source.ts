import { parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser'
import { positionAt, type Fault } from '../fault.js'
import type { Pointer } from './report-fault.js'

/** A JSON file that can say where each of its values stands. */
export interface JsonSource {
  readonly value: unknown
  /** Syntax errors and repeated keys. With any, `value` is not to be used. */
  readonly faults: readonly Fault[]
  /** A fault at a value; a pointer that leads nowhere stops at the last value on its way. */
  readonly fault: (pointer: Pointer, message: string) => Fault
  /** A fault at a key of the object at `pointer`. */
  readonly keyFault: (pointer: Pointer, key: string, message: string) => Fault
}

/** Far more than a rule needs; parser and validator take stack by the level. */
const maxDepth = 200

/** Reads a JSON text with positions; `file` is only for the messages. Never throws. */
export function readJsonSource(file: string, text: string): JsonSource {
  const tooDeep = offsetBelow(maxDepth, text)
  if (tooDeep !== undefined) {
    const message = `not usable: nested deeper than ${maxDepth} levels`
    const fault = { file, ...positionAt(text, tooDeep), message }
    return {
      value: undefined,
      faults: [fault],
      fault: (_, other) => ({ ...fault, message: other }),
      keyFault: (_, __, other) => ({ ...fault, message: other }),
    }
  }
  const errors: ParseError[] = []
  const root = parseTree(text, errors, {
    disallowComments: true,
    allowTrailingComma: false,
  })
  const faultAt = (offset: number, message: string): Fault => ({
    file,
    ...positionAt(text, offset),
    message,
  })
  const nodeAt = (pointer: Pointer): Node | undefined => {
    if (root === undefined) return undefined
    let node = root
    for (const segment of pointer) {
      const next = memberAt(node, segment)
      if (next === undefined) return node
      node = next
    }
    return node
  }
  const syntax = errors.map(({ error, offset }) =>
    faultAt(offset, `not valid JSON: ${inWords(printParseErrorCode(error))}`),
  )
  const repeats = syntax.length > 0 || root === undefined ? [] : repeatedKeys(root)
  const faults = [
    ...syntax,
    ...repeats.map(key => faultAt(key.offset, `the key "${key.value}" is there twice`)),
  ]
  return {
    value: syntax.length > 0 ? undefined : JSON.parse(text),
    faults,
    fault: (pointer, message) => faultAt(nodeAt(pointer)?.offset ?? 0, message),
    keyFault: (pointer, key, message) => {
      const node = nodeAt(pointer)
      return faultAt((propertyOf(node, key) ?? node)?.offset ?? 0, message)
    },
  }
}

/** Where a text opens more than so many objects and arrays in one another, or undefined. */
function offsetBelow(depth: number, text: string): number | undefined {
  let open = 0
  let isText = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    // A string that nothing closes ends with its line, for the parser too.
    if (isLineBreak(character)) isText = false
    else if (isText && character === '\\' && !isLineBreak(text[i + 1])) i++
    else if (character === '"') isText = !isText
    else if (isText) continue
    else if ('{['.includes(character)) open++
    else if (']}'.includes(character)) open--
    if (open > depth) return i
  }
  return undefined
}

function isLineBreak(character: string | undefined): boolean {
  return character === '\n' || character === '\r'
}

/** A pointer can't tell the index 0 from a key "0"; the node can. */
function memberAt(node: Node, segment: string | number): Node | undefined {
  if (node.type === 'array') return node.children?.[Number(segment)]
  return propertyOf(node, String(segment))?.children?.[1]
}

function propertyOf(node: Node | undefined, key: string): Node | undefined {
  return node?.children?.find(child => child.children?.[0]?.value === key)
}

/** `PropertyNameExpected` to `property name expected`. */
function inWords(code: string): string {
  return code.replace(/(?!^)([A-Z])/g, ' $1').toLowerCase()
}

/** JSON.parse silently keeps the last of them. */
function repeatedKeys(node: Node): Node[] {
  const children = node.children ?? []
  const keys =
    node.type === 'object' ? children.flatMap(child => child.children?.[0] ?? []) : []
  const repeats = keys.filter((key, i) =>
    keys.slice(0, i).some(k => k.value === key.value),
  )
  return [...repeats, ...children.flatMap(repeatedKeys)]
}
