import { readFileSync } from 'node:fs'
import { parse } from 'ini'
import { isJsonObject } from '../entry/json-object.js'
import type { Fault } from '../fault.js'
import type { Settings } from '../notify/destination.js'
import { destinations } from '../notify/destinations.js'
import { suggest } from '../rule/did-you-mean.js'
import { iniPositions, type IniPosition } from './ini-positions.js'
import { wholeNumber, type IniKey } from './ini-value.js'
import { routeKeys, routeOf, type Route } from './route.js'

/** A section that names a destination: `[slack]` or `[slack "oncall"]`. */
export interface DestinationConfig {
  /** What its state is kept under: `slack` or `slack-oncall`. */
  readonly name: string
  /** A key of `destinations`. */
  readonly kind: string
  /** Its keys, checked. They may hold credentials, so no message shows them. */
  readonly settings: Settings
  readonly route: Route
}

/** The settings, with every default filled in. */
export interface Config {
  /** In the order of the ini; those of no use left out. */
  readonly destinations: readonly DestinationConfig[]
  readonly maxLineBytes: number
}

type Keys = Readonly<Record<string, IniKey>>

const mebibyte = 1024 * 1024

/** Not below 1 MiB, which real lines reach; not above 256 MiB, syslog-ng's own limit. */
const limits: Keys = {
  max_line_bytes: { parse: wholeNumber(mebibyte, 256 * mebibyte, 'bytes') },
}

/** A kind, and the label of one of several. */
const destinationSection = /^(\w+)(?: +"([\w-]{1,64})")?$/

/**
 * Reads the ini; a missing file is a fault only if it was named. Values may be `env:NAME` or
 * `file:PATH`. What has a fault is left out and its default taken. Never throws; no message holds
 * a value that may be a secret.
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
  // A byte order mark would make the first section's header a key.
  const text = iniText.replace(/^\ufeff/, '')
  const positions = iniPositions(text)
  const faults: Fault[] = []
  const report = (section: string, key: string | undefined, message: string) => {
    const place = positions.find(at => at.section === section && at.key === key)
    const { line, column } = place ?? { line: 1, column: 1 }
    faults.push({ file, line, column, message })
  }
  for (const { section, key, line, column } of repeatedKeys(positions)) {
    const message = `[${section}] ${key} is there twice, and the last one holds`
    faults.push({ file, line, column, message })
  }

  let maxLineBytes = 64 * mebibyte
  const found: DestinationConfig[] = []
  for (const [section, content] of Object.entries(
    parse(text) as unknown as Record<string, unknown>,
  )) {
    const [, kind = '', label] = destinationSection.exec(section) ?? []
    const destination = Object.hasOwn(destinations, kind) ? destinations[kind] : undefined
    if (!isJsonObject(content)) {
      const message = `"${shown(section)}" stands in no section, or its [section] isn't closed`
      report('', section, message)
    } else if (section === 'limits') {
      const { max_line_bytes } = readKeys(section, content, limits, env, report)
      if (max_line_bytes !== undefined) maxLineBytes = Number(max_line_bytes)
    } else if (destination !== undefined) {
      const keys: Keys = { ...destination.keys, ...routeKeys }
      const settings = readKeys(section, content, keys, env, report)
      const missing = Object.keys(keys).filter(
        key => keys[key]!.isRequired && settings[key] === undefined,
      )
      for (const key of missing.filter(name => !Object.hasOwn(content, name))) {
        report(section, undefined, `[${section}] ${key} is missing: nothing is sent`)
      }
      const fault = missing.length > 0 ? undefined : destination.fault?.(settings)
      if (fault !== undefined) report(section, undefined, `[${section}] ${fault}`)
      if (missing.length > 0 || fault !== undefined) continue
      const name = label === undefined ? kind : `${kind}-${label}`
      if (found.some(other => other.name === name)) {
        report(section, undefined, `[${section}] is there twice, and the first one holds`)
      } else found.push({ name, kind, settings, route: routeOf(settings) })
    } else {
      const known = [...Object.keys(destinations), 'limits']
      report(section, undefined, `unknown section [${section}]${suggest(section, known)}`)
    }
  }
  return { config: { destinations: found, maxLineBytes }, faults }
}

/** The keys of a section that are in order; the faults of the others are reported. */
function readKeys(
  section: string,
  content: Readonly<Record<string, unknown>>,
  keys: Keys,
  env: NodeJS.ProcessEnv,
  report: (section: string, key: string, message: string) => void,
): Settings {
  const settings: Record<string, string> = {}
  for (const [key, raw] of Object.entries(content)) {
    if (!Object.hasOwn(keys, key)) {
      const hint = suggest(key, Object.keys(keys))
      report(section, key, `unknown key "${shown(key)}" in [${section}]${hint}`)
      continue
    }
    const result = resolve(raw, env, keys[key]!)
    if (typeof result === 'string') report(section, key, `[${section}] ${key} ${result}`)
    else settings[key] = result.value
  }
  return settings
}

/** A line with a colon for its `=` is a key, secret and all. */
function shown(key: string): string {
  return /^[\w-]{1,40}$/.test(key) ? key : `${/^[\w-]{0,40}/.exec(key)![0]}…`
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

/** Puts in what `env:` and `file:` point at. The ini library gives true for a key without `=`. */
function resolve(
  raw: unknown,
  env: NodeJS.ProcessEnv,
  { parse: parseValue }: IniKey,
): ReturnType<IniKey['parse']> {
  if (typeof raw !== 'string' && typeof raw !== 'number') return 'must be one text value'
  const written = String(raw).trim()
  let value = written
  if (written.startsWith('env:')) {
    const name = written.slice('env:'.length)
    value = env[name]?.trim() ?? ''
    if (value === '') return `takes the environment variable ${name}, which is not set`
  } else if (written.startsWith('file:')) {
    const file = written.slice('file:'.length)
    try {
      value = readFileSync(file, 'utf8').trim()
    } catch (error) {
      return `takes the file ${file}, which can't be read: ${(error as NodeJS.ErrnoException).code}`
    }
  }
  return value === '' ? 'is empty' : parseValue(value)
}
