import { readFileSync, statSync } from 'node:fs'
import { isJsonObject } from '../entry/json-object.js'
import type { Fault } from '../fault.js'
import { destinations } from '../notify/destinations.js'
import { heartbeatKeys } from './monitoring.js'
import { parseIni } from './parse-ini.js'
import { standsElsewhere, type Keys } from './read-keys.js'

/** S_IROTH: all users of the machine may read it. */
const readableByOthers = 0o004

function keysOf(kind: string): Keys {
  return Object.hasOwn(destinations, kind) ? destinations[kind]!.keys : {}
}

/** A warning for each secret that is written in an ini which everybody can read. Never throws. */
export function exposedSecrets(file: string): Fault[] {
  let mode: number
  let text: string
  try {
    mode = statSync(file).mode
    text = readFileSync(file, 'utf8')
  } catch {
    return []
  }
  if ((mode & readableByOthers) === 0) return []
  const { sections, positions } = parseIni(text)
  return positions.flatMap(({ section, key, line, column }) => {
    const [kind = ''] = section.split(' ')
    const keys = section === 'heartbeat' ? heartbeatKeys : keysOf(kind)
    if (key === undefined || !Object.hasOwn(keys, key) || !keys[key]!.isSecret) return []
    const content = sections[section]
    const value = isJsonObject(content) ? content[key] : undefined
    if (typeof value !== 'string' || standsElsewhere(value)) return []
    const shown = (mode & 0o777).toString(8).padStart(4, '0')
    const message =
      `[${section}] ${key} is a secret, and everybody on this machine can read it here ` +
      `(mode ${shown}): chmod o-r, or write it as file:PATH or env:NAME`
    return [{ file, line, column, message }]
  })
}
