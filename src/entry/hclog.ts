// Vault's logger, by its source: text and JSON of https://github.com/hashicorp/go-hclog
// (intlogger.go), and the logxi text of Vault up to 0.10.

import { findArgs, readArgs, startsArgs } from './hclog-args.js'

const stampedLevel =
  /^ {0,4}(\d{4}(?:-\d\d-\d\dT|\/\d\d\/\d\d )\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) \[ ?(TRACE|DEBUG|INFO|WARN|ERROR|TRC|DBG|INF|WRN|ERR) ?\](?: {1,4}|$)/
const moduleName = /^([A-Za-z][\w.+/@-]{0,254}):(?: |$)/

const levels: Readonly<Record<string, string>> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
  TRC: 'trace',
  DBG: 'debug',
  INF: 'info',
  WRN: 'warn',
  ERR: 'error',
}

const ownKeys = ['@timestamp', '@level', '@module', '@message']

/** What one hclog line says, in text or JSON alike; absent parts undefined. */
export interface Hclog {
  /** The time as it is written. */
  readonly stamp: string | undefined
  /** `trace`, `debug`, `info`, `warn` or `error`. */
  readonly level: string | undefined
  readonly module: string | undefined
  readonly message: string
  /** Scalars are strings in both formats, so that one rule works on both. */
  readonly fields: Readonly<Record<string, unknown>> | undefined
}

/**
 * Reads `<time> [LEVEL] module: message: key=value ...` when the text starts with it; a stamp
 * further inside is somebody's text and never counts. Undefined for anything else.
 */
export function readHclogText(text: string): Hclog | undefined {
  const head = stampedLevel.exec(text)
  if (!head) return undefined
  const [{ length }, stamp = '', level = ''] = head
  let body = text.slice(length).trimEnd()
  const named = moduleName.exec(body)
  // A root logger's `reload: path=x` has a message there, no module.
  const module = named && !startsArgs(body, named[0].length) ? named[1] : undefined
  if (named && module !== undefined) body = body.slice(named[0].length)

  const split = findArgs(body)
  // logxi, known by its slashes, left values with spaces unquoted; hclog never did.
  const fields =
    split === -1 ? undefined : readArgs(body.slice(split + 2), stamp[4] === '/')
  // A lone colon at the end announces a value of several lines, which hclog puts on their own.
  const messageEnd = split !== -1 ? split : body.endsWith(':') ? -1 : body.length
  const message = body.slice(0, messageEnd)
  return { stamp, level: levels[level], module, message, fields }
}

/**
 * Reads a line of `log_format=json`: an object with an `@message`. Its keys but `@level`,
 * `@message`, `@module` and `@timestamp` are the fields: numbers and booleans as their text,
 * null left out, objects and arrays as they are. Undefined for anything else.
 */
export function readHclogJson(text: string): Hclog | undefined {
  if (!text.startsWith('{')) return undefined
  const parsed = parseJson(text)
  const message = parsed?.['@message']
  if (parsed === undefined || typeof message !== 'string') return undefined
  const { '@timestamp': stamp, '@level': level, '@module': name } = parsed
  for (const key of ownKeys) delete parsed[key]
  // Changed in place: a copy of millions of members would be what runs out of memory.
  for (const key of Object.keys(parsed)) {
    const value = parsed[key]
    if (value === null) delete parsed[key]
    else if (typeof value === 'number' || typeof value === 'boolean') {
      parsed[key] = String(value)
    }
  }
  return {
    stamp: nonEmptyText(stamp),
    level: levels[nonEmptyText(level)?.toUpperCase() ?? ''],
    module: nonEmptyText(name),
    message,
    fields: Object.keys(parsed).length > 0 ? parsed : undefined,
  }
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
}

function nonEmptyText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
