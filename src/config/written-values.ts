import { readFileSync } from 'node:fs'
import { isJsonObject } from '../entry/json-object.js'
import type { IniPosition } from './ini-positions.js'
import { parseIni } from './parse-ini.js'
import { standsElsewhere } from './read-keys.js'

/** A value that stands in an ini itself, with its key's place. */
export interface WrittenValue extends Pick<IniPosition, 'section' | 'line' | 'column'> {
  /** The section's name without a label: `slack` of `slack "oncall"`. */
  readonly kind: string
  readonly key: string
  readonly value: string
}

/** The values in an ini, but for those of which only `env:` or `file:` stands there. None where it can't be read. */
export function writtenValues(file: string): WrittenValue[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return []
  }
  const { sections, positions } = parseIni(text)
  return positions.flatMap(({ section, key, line, column }) => {
    const content = sections[section]
    if (key === undefined || !isJsonObject(content)) return []
    const value = content[key]
    if (typeof value !== 'string' || standsElsewhere(value)) return []
    const [kind = ''] = section.split(' ')
    return [{ section, kind, key, value, line, column }]
  })
}
