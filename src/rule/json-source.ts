import {
  findNodeAtLocation,
  parseTree,
  printParseErrorCode,
  type Node,
  type ParseError,
} from 'jsonc-parser'
import { positionAt, type Fault } from '../fault.js'
import type { Pointer } from './compile-rule.js'

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

/** Reads a JSON text with positions; `file` is only for the messages. Never throws. */
export function readJsonSource(file: string, text: string): JsonSource {
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
    const node = findNodeAtLocation(root, [...pointer])
    return node ?? (pointer.length > 0 ? nodeAt(pointer.slice(0, -1)) : root)
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
      const property = nodeAt(pointer)?.children?.find(
        child => child.children?.[0]?.value === key,
      )
      return faultAt(property?.offset ?? nodeAt(pointer)?.offset ?? 0, message)
    },
  }
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
