import { statSync } from 'node:fs'
import type { Fault } from '../fault.js'
import { destinations } from '../notify/destinations.js'
import { heartbeatKeys } from './monitoring.js'
import type { Keys } from './read-keys.js'
import { writtenValues } from './written-values.js'

/** S_IROTH: all users of the machine may read it. */
const readableByOthers = 0o004

function keysOf(kind: string): Keys {
  return Object.hasOwn(destinations, kind) ? destinations[kind]!.keys : {}
}

/** A warning for each secret that is written in an ini which everybody can read. Never throws. */
export function exposedSecrets(file: string): Fault[] {
  let mode: number
  try {
    mode = statSync(file).mode
  } catch {
    return []
  }
  if ((mode & readableByOthers) === 0) return []
  return writtenValues(file).flatMap(({ section, kind, key, line, column }) => {
    const keys = section === 'heartbeat' ? heartbeatKeys : keysOf(kind)
    if (!Object.hasOwn(keys, key) || !keys[key]!.isSecret) return []
    const shown = (mode & 0o777).toString(8).padStart(4, '0')
    const message =
      `[${section}] ${key} is a secret, and everybody on this machine can read it here ` +
      `(mode ${shown}): chmod o-r, or write it as file:PATH or env:NAME`
    return [{ file, line, column, message }]
  })
}
