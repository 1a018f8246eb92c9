import type { Fault } from '../fault.js'
import { readJsonSource, type JsonSource } from './json-source.js'
import type { RuleFile } from './rule-files.js'
import type { SchemaFault } from './schema-check.js'

/** A JSON file that was held against its schema. */
export interface CheckedSource {
  readonly source: JsonSource
  /** All that is wrong with it so far. */
  readonly faults: Fault[]
}

/** Reads a file as JSON with positions, and tells at its place each way in which it breaks its schema. */
export function readCheckedSource(
  { file, text }: RuleFile,
  check: (value: unknown) => readonly SchemaFault[],
): CheckedSource {
  const source = readJsonSource(file, text)
  const schemaFaults = source.value === undefined ? [] : check(source.value)
  const placed = schemaFaults.map(({ pointer, key, message }) =>
    key === undefined
      ? source.fault(pointer, message)
      : source.keyFault(pointer, key, message),
  )
  return { source, faults: [...source.faults, ...placed] }
}
