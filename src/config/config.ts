import { readFileSync } from 'node:fs'
import { isJsonObject } from '../entry/json-object.js'
import type { Fault } from '../fault.js'
import { destinations } from '../notify/destinations.js'
import { suggest } from '../rule/did-you-mean.js'
import type { IniPosition } from './ini-positions.js'
import { wholeNumber } from './ini-value.js'
import { parseIni } from './parse-ini.js'
import { readDestination, type DestinationSettings } from './read-destination.js'
import {
  heartbeatConfig,
  heartbeatKeys,
  metricsConfig,
  metricsKeys,
  type HeartbeatConfig,
  type MetricsConfig,
} from './monitoring.js'
import { readKeys, type FaultReport, type Keys, type ReadKeys } from './read-keys.js'
import { routeOf, type Route } from './route.js'
import { shownKey } from './shown-key.js'

/** A section that names a destination: `[slack]` or `[slack "oncall"]`. */
export interface DestinationConfig extends DestinationSettings {
  /** What its state is kept under: `slack` or `slack-oncall`. */
  readonly name: string
  /** A key of `destinations`. */
  readonly kind: string
  readonly route: Route
}

/** The settings, with every default filled in. */
export interface Config {
  /** In the order of the ini; those of no use left out. */
  readonly destinations: readonly DestinationConfig[]
  readonly maxLineBytes: number
  readonly metrics?: MetricsConfig
  readonly heartbeat?: HeartbeatConfig
}

const mebibyte = 1024 * 1024

/** Not below 1 MiB, which real lines reach; not above 256 MiB, syslog-ng's own limit. */
const limits: Keys = {
  max_line_bytes: { parse: wholeNumber(mebibyte, 256 * mebibyte, 'bytes') },
}

const monitoringKeys = { metrics: metricsKeys, heartbeat: heartbeatKeys }

/** A kind, and the label of one of several. */
const destinationSection = /^(\w+)(?: +"([\w-]{1,64})")?$/

/**
 * Reads the ini; a missing file is a fault only if it was named. Values may be `env:NAME` or
 * `file:PATH`. What has a fault is left out and its default taken; what is right as written but can't
 * be used now is reported too, and kept. Never throws; no message holds a value that may be a secret.
 */
export function readConfig(
  file: string,
  isNamed: boolean,
  env: NodeJS.ProcessEnv,
): { config: Config; faults: Fault[] } {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const isFault = isNamed || code !== 'ENOENT'
    const message = `can't be read: ${code}; the defaults hold, and nothing is sent`
    const faults = isFault ? [{ file, line: 1, column: 1, message }] : []
    return { config: { destinations: [], maxLineBytes: 64 * mebibyte }, faults }
  }
  return parseConfig(file, text, env)
}

/** The same for the text of an ini. */
export function parseConfig(
  file: string,
  iniText: string,
  env: NodeJS.ProcessEnv,
): { config: Config; faults: Fault[] } {
  const { sections, positions } = parseIni(iniText)
  const faults: Fault[] = []
  const placeOf = (section: string, key: string | undefined) =>
    positions.find(at => at.section === section && at.key === key)
  const fault: FaultReport['fault'] = (section, key, message) => {
    const { line, column } = placeOf(section, key) ?? { line: 1, column: 1 }
    faults.push({ file, line, column, message })
  }
  const describe = (section: string, key: string, known: readonly string[] = []) =>
    shownKey(key, placeOf(section, key)?.isAssigned ?? false, known)
  const report: FaultReport = {
    fault,
    unknownKey(section, key, known) {
      const { words, hint } = describe(section, key, known)
      fault(section, key, `unknown ${words} in [${section}]${hint}`)
    },
  }
  for (const { section, key = '', isAssigned, line, column } of repeatedKeys(positions)) {
    const { words } = shownKey(key, isAssigned, [])
    const message = `[${section}] ${words} is there twice, and the last one holds`
    faults.push({ file, line, column, message })
  }
  for (const { section, key = '', isAssigned, line, cutAt } of positions) {
    if (cutAt === undefined) continue
    const { words } = shownKey(key, isAssigned, [key])
    const message =
      `[${section}] ${words} ends here, where a comment begins: ` +
      'quote the whole value, or put a blank before a comment'
    faults.push({ file, line, column: cutAt, message })
  }

  let maxLineBytes = 64 * mebibyte
  const found: DestinationConfig[] = []
  const monitoring: { metrics?: ReadKeys; heartbeat?: ReadKeys } = {}
  for (const [section, content] of Object.entries(sections)) {
    const [, kind = '', label] = destinationSection.exec(section) ?? []
    const destination = Object.hasOwn(destinations, kind) ? destinations[kind] : undefined
    if (!isJsonObject(content)) {
      const { words } = describe('', section)
      fault('', section, `${words} stands in no section, or its [section] isn't closed`)
    } else if (section === 'limits') {
      const { settings } = readKeys(section, content, limits, env, report)
      const { max_line_bytes } = settings
      if (max_line_bytes !== undefined) maxLineBytes = Number(max_line_bytes)
    } else if (section === 'metrics' || section === 'heartbeat') {
      monitoring[section] = readKeys(
        section,
        content,
        monitoringKeys[section],
        env,
        report,
      )
    } else if (destination !== undefined) {
      const read = readDestination(section, content, destination, env, report)
      if (read === undefined) continue
      const name = label === undefined ? kind : `${kind}-${label}`
      if (found.some(other => other.name === name)) {
        fault(section, undefined, `[${section}] is there twice, and the first one holds`)
      } else found.push({ name, kind, ...read, route: routeOf(read.settings) })
    } else {
      const known = [
        ...Object.keys(destinations),
        'limits',
        ...Object.keys(monitoringKeys),
      ]
      fault(section, undefined, `unknown section [${section}]${suggest(section, known)}`)
    }
  }
  const names = found.map(({ name }) => name)
  const metrics = monitoring.metrics && metricsConfig(monitoring.metrics, report)
  const heartbeat =
    monitoring.heartbeat && heartbeatConfig(monitoring.heartbeat, names, report)
  const config = {
    destinations: found,
    maxLineBytes,
    ...(metrics && { metrics }),
    ...(heartbeat && { heartbeat }),
  }
  return { config, faults }
}

function repeatedKeys(positions: readonly IniPosition[]): IniPosition[] {
  const seen = new Set<string>()
  return positions.filter(({ section, key }) => {
    const name = `${section}.${key}`
    const isRepeat = key !== undefined && seen.has(name)
    seen.add(name)
    return isRepeat
  })
}
