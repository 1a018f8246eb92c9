import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parse } from 'ini'
import type { Fault } from './fault.js'
import { isJsonObject } from './entry/json-object.js'
import { iniPositions, type IniPosition } from './ini-positions.js'
import { suggest } from './rule/did-you-mean.js'

/** The `[slack]` section. */
export interface SlackConfig {
  /** The incoming webhook; it is the credential, so no message shows it. */
  readonly url: string
  /** An HTTP proxy; by default the environment's (HTTPS_PROXY, NO_PROXY). */
  readonly proxy?: string
  /** A PEM file of CA certificates to trust besides the system's. */
  readonly caFile?: string
}

/** The settings, with every default filled in. */
export interface Config {
  readonly slack?: SlackConfig
  readonly maxLineBytes: number
}

/** A key of the ini: how its value is read. A parser gives a sentence where it is no value. */
type KeyParser = (value: string) => { value: string | number } | string

const mebibyte = 1024 * 1024

const sections: Readonly<Record<string, Readonly<Record<string, KeyParser>>>> = {
  slack: { url: parseWebhookUrl, proxy: parseHttpUrl, ca_file: parseCaFile },
  limits: { max_line_bytes: parseLineBytes },
}

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
    return { config: asConfig(new Map()), faults }
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
  const faults: Fault[] = []
  const values = new Map<string, string | number>()
  const positions = iniPositions(text)
  const report = (section: string, key: string | undefined, message: string) => {
    const place = positions.find(at => at.section === section && at.key === key)
    const { line, column } = place ?? { line: 1, column: 1 }
    faults.push({ file, line, column, message })
  }
  for (const { section, key, line, column } of repeatedKeys(positions)) {
    const message = `[${section}] ${key} is there twice, and the last one holds`
    faults.push({ file, line, column, message })
  }

  for (const [section, content] of Object.entries(
    parse(text) as unknown as Record<string, unknown>,
  )) {
    const keys = Object.hasOwn(sections, section) ? sections[section] : undefined
    if (!isJsonObject(content)) {
      report(
        '',
        section,
        `"${section}" stands in no section, or its [section] isn't closed`,
      )
    } else if (keys === undefined) {
      report(
        section,
        undefined,
        `unknown section [${section}]${suggest(section, Object.keys(sections))}`,
      )
    } else {
      for (const [key, raw] of Object.entries(content)) {
        const parser = Object.hasOwn(keys, key) ? keys[key] : undefined
        if (parser === undefined) {
          report(
            section,
            key,
            `unknown key "${key}" in [${section}]${suggest(key, Object.keys(keys))}`,
          )
          continue
        }
        const result = resolve(raw, env, parser)
        if (typeof result === 'string')
          report(section, key, `[${section}] ${key} ${result}`)
        else values.set(`${section}.${key}`, result.value)
      }
    }
  }
  const hasSlack = positions.some(at => at.section === 'slack')
  if (hasSlack && !positions.some(at => at.section === 'slack' && at.key === 'url')) {
    report('slack', undefined, '[slack] url is missing: nothing is sent')
  }
  return { config: asConfig(values), faults }
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

function asConfig(values: ReadonlyMap<string, string | number>): Config {
  const text = (name: string) => values.get(name) as string | undefined
  const [url, proxy, caFile] = [
    text('slack.url'),
    text('slack.proxy'),
    text('slack.ca_file'),
  ]
  return {
    maxLineBytes:
      (values.get('limits.max_line_bytes') as number | undefined) ?? 64 * mebibyte,
    ...(url === undefined
      ? {}
      : {
          slack: {
            url,
            ...(proxy === undefined ? {} : { proxy }),
            ...(caFile === undefined ? {} : { caFile }),
          },
        }),
  }
}

/** Puts in what `env:` and `file:` point at. The ini library gives true for a key without `=`. */
function resolve(
  raw: unknown,
  env: NodeJS.ProcessEnv,
  parser: KeyParser,
): ReturnType<KeyParser> {
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
  return value === '' ? 'is empty' : parser(value)
}

/** The PEM file must hold a certificate, lest each message fails for it. */
function parseCaFile(value: string): ReturnType<KeyParser> {
  try {
    void new X509Certificate(readFileSync(value))
    return { value }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code?.startsWith('E') && !code.startsWith('ERR_')
      ? `is ${value}, which can't be read: ${code}`
      : `is ${value}, which holds no PEM certificate`
  }
}

function parseHttpUrl(value: string): ReturnType<KeyParser> {
  const protocol = URL.canParse(value) ? new URL(value).protocol : ''
  return /^https?:$/.test(protocol)
    ? { value }
    : `must be an http:// or https:// URL, got a text of ${value.length} characters`
}

/** Workflow triggers take other bodies than incoming webhooks and would drop every alert. */
function parseWebhookUrl(value: string): ReturnType<KeyParser> {
  const parsed = parseHttpUrl(value)
  return typeof parsed === 'object' && new URL(value).pathname.startsWith('/triggers/')
    ? 'is a workflow trigger; create an incoming webhook (…/services/…) instead'
    : parsed
}

/** Not below 1 MiB, which real lines reach; not above 256 MiB, syslog-ng's own limit. */
function parseLineBytes(value: string): ReturnType<KeyParser> {
  const bytes = /^\d+$/.test(value) ? Number(value) : NaN
  return bytes >= mebibyte && bytes <= 256 * mebibyte
    ? { value: bytes }
    : `must be a number of bytes from ${mebibyte} to ${256 * mebibyte}, got "${value.slice(0, 20)}"`
}
