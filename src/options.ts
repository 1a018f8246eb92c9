import { parseArgs } from 'node:util'
import type { Log } from './entry/entry.js'
import { suggest } from './rule/did-you-mean.js'

/** The ini that is read where no other is named; the article's. */
const defaultConfigFile = '/usr/local/etc/vault-log-handler.ini'

/** What can be asked for besides filtering. */
export const commands = ['check', 'test', 'notify-test'] as const

/** A command's name. */
export type Command = (typeof commands)[number]

/** The command line with every default filled in. */
export interface Options {
  readonly log: Log
  /** Undefined: the filter. */
  readonly command: Command | undefined
  /** The filter as syslog-ng runs it: no command, not even an unknown one, and no --dry-run. */
  readonly isPlainFilter: boolean
  readonly configFile: string
  /** Whether the ini was named, so that a missing one is a fault. */
  readonly isConfigNamed: boolean
  /** Rule files and folders; empty for the packaged rules. */
  readonly rules: readonly string[]
  readonly alertLog: string
  readonly stateDir: string
  readonly dryRun: boolean
  readonly debug: boolean
  readonly diagnosticsFile: string | undefined
  readonly help: boolean
  readonly version: boolean
  /** What is wrong with the command line, in words. What has a fault is left out. */
  readonly faults: readonly string[]
}

const known = {
  config: { type: 'string', short: 'c' },
  rules: { type: 'string', short: 'r', multiple: true },
  'alert-log': { type: 'string' },
  'state-dir': { type: 'string' },
  'dry-run': { type: 'boolean', short: 'n' },
  debug: { type: 'boolean', short: 'd' },
  log: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const

const alertLogs: Readonly<Record<Log, string>> = {
  audit: '/var/log/vault/audit.alert',
  server: '/var/log/vault/messages.alert',
}

/**
 * Reads a command line (without node and the script). Never throws: what is wrong is told in
 * `faults`, and whether that ends the program is the caller's to decide, since the plain filter
 * under syslog-ng must not end over it.
 */
export function parseOptions(args: readonly string[], log: Log): Options {
  const faults: string[] = []
  const { tokens } = parseArgs({
    args: [...args],
    options: known,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const values = new Map<string, string[]>()
  const words: string[] = []
  let afterUnknown = false
  for (const token of tokens) {
    if (token.kind === 'positional') {
      // The word after an unknown option is its value rather than a command.
      if (!afterUnknown) words.push(token.value)
      afterUnknown = false
    } else if (token.kind === 'option') {
      const fault = optionFault(token)
      afterUnknown = fault !== undefined && !Object.hasOwn(known, token.name)
      if (fault === undefined) {
        values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? ''])
      } else faults.push(fault)
    }
  }
  const command = commands.find(name => name === words[0])
  const extra = command === undefined ? words : words.slice(1)
  for (const word of extra) {
    faults.push(`unknown command "${word}"${suggest(word, commands)}`)
  }
  const last = (name: keyof typeof known) => values.get(name)?.at(-1)
  return {
    log,
    command,
    isPlainFilter: words.length === 0 && !values.has('dry-run'),
    configFile: last('config') ?? defaultConfigFile,
    isConfigNamed: values.has('config'),
    rules: values.get('rules') ?? [],
    alertLog: last('alert-log') ?? alertLogs[log],
    stateDir: last('state-dir') ?? '/var/lib/vault-log-handler',
    dryRun: values.has('dry-run'),
    debug: values.has('debug'),
    diagnosticsFile: last('log'),
    help: values.has('help'),
    version: values.has('version'),
    faults,
  }
}

function optionFault(token: {
  name: string
  rawName: string
  value: string | undefined
  inlineValue: boolean | undefined
}): string | undefined {
  if (!Object.hasOwn(known, token.name)) {
    const hint = suggest(
      token.rawName,
      Object.keys(known).map(name => `--${name}`),
    )
    return `unknown option ${token.rawName}${hint}`
  }
  const takesValue = known[token.name as keyof typeof known].type === 'string'
  const isValue = token.inlineValue === true || !(token.value ?? '-').startsWith('-')
  if (takesValue && !(isValue && token.value)) return `${token.rawName} needs a value`
  if (!takesValue && token.value !== undefined) return `${token.rawName} takes no value`
  return undefined
}
