import { readFileSync } from 'node:fs'
import type { Settings } from '../notify/destination.js'
import type { IniKey, IniValue } from './ini-value.js'

/** The keys that a section may have. */
export type Keys = Readonly<Record<string, IniKey>>

/** Takes what is wrong with an ini. */
export interface FaultReport {
  /** A fault of a section's key, or of the section where there is none. */
  readonly fault: (section: string, key: string | undefined, message: string) => void
  /** A key that is none of those that the section may have. */
  readonly unknownKey: (section: string, key: string, known: readonly string[]) => void
}

/** What a section's keys came to. */
export interface ReadKeys {
  /** The values in order, also where they can't be used just now. */
  readonly settings: Settings
  /**
   * Of the keys whose value stands elsewhere (`env:`, `file:`), those without one in order: what is
   * wrong. That is the host's fault rather than the ini's, and may pass.
   */
  readonly awaited: Readonly<Record<string, string>>
}

/** Reads the keys of a section, and reports all that is wrong with them. */
export function readKeys(
  section: string,
  content: Readonly<Record<string, unknown>>,
  keys: Keys,
  env: NodeJS.ProcessEnv,
  report: FaultReport,
): ReadKeys {
  const settings: Record<string, string> = {}
  const awaited: Record<string, string> = {}
  for (const [key, raw] of Object.entries(content)) {
    if (!Object.hasOwn(keys, key)) {
      report.unknownKey(section, key, Object.keys(keys))
      continue
    }
    const result = resolve(raw, env, keys[key]!)
    const wrong = typeof result === 'string' ? result : result.trouble
    if (wrong !== undefined) report.fault(section, key, `[${section}] ${key} ${wrong}`)
    if (typeof result !== 'string') settings[key] = result.value
    else if (standsElsewhere(raw)) awaited[key] = `${key} ${result}`
  }
  return { settings, awaited }
}

/** Whether a key's text only says where its value stands: `env:NAME` or `file:PATH`. */
export function standsElsewhere(raw: unknown): boolean {
  return typeof raw === 'string' && /^\s*(?:env|file):/.test(raw)
}

/** Puts in what `env:` and `file:` point at. The ini library gives true for a key without `=`. */
function resolve(
  raw: unknown,
  env: NodeJS.ProcessEnv,
  { parse: parseValue }: IniKey,
): IniValue {
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
