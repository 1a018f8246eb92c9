import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Log } from './entry/entry.js'
import type { ReportPaths } from './report/report-files.js'
import { suggest } from './rule/did-you-mean.js'
import { parseTime } from './time-argument.js'

/** The ini that is read where no other is named; the article's. */
const defaultConfigFile = '/usr/local/etc/vault-log-handler.ini'

/** What can be asked for besides filtering. */
export const commands = [
  'replay',
  'check',
  'test',
  'explain',
  'notify-test',
  'redrive',
] as const

/** A command's name. */
export type Command = (typeof commands)[number]

/** The command line with every default filled in. */
export interface Options {
  readonly log: Log
  /** Undefined: the filter. */
  readonly command: Command | undefined
  /** The word after `notify-test` or `redrive`: a destination's name. */
  readonly operand: string | undefined
  /** The filter as syslog-ng runs it: no command, not even an unknown one, and no --dry-run. */
  readonly isPlainFilter: boolean
  readonly configFile: string
  /** Whether the ini was named, so that a missing one is a fault. */
  readonly isConfigNamed: boolean
  /** Rule files and folders; empty for the packaged rules. */
  readonly rules: readonly string[]
  /** The folder with what the site adds to the packaged rules and changes of them. */
  readonly siteFolder: string
  readonly alertLog: string
  readonly stateDir: string
  readonly dryRun: boolean
  /** `replay` only: the event times to alert on, epoch milliseconds. */
  readonly since: number
  readonly until: number
  /** `replay` only: what is sent. */
  readonly notify: (typeof notifyWays)[number]
  /** `replay` only: no progress. */
  readonly quiet: boolean
  /** `explain` and `test`: only the rule with this id. */
  readonly rule: string | undefined
  /** `explain` only: JSON instead of text. */
  readonly json: boolean
  /** `replay` only: files for a page, a table and the records of what it found. */
  readonly reports: ReportPaths
  /** `test` only: make a test of the lines on stdin. */
  readonly record: boolean
  /** `check` only: what each rule costs. */
  readonly cost: boolean
  /** `check` only: the field by whose values lines are divided among handlers. */
  readonly partition: string | undefined
  readonly debug: boolean
  readonly diagnosticsFile: string | undefined
  readonly help: boolean
  readonly version: boolean
  /** What is wrong with the command line, in words. What has a fault is left out. */
  readonly faults: readonly string[]
}

/** A message for each event; one for all of them; none. */
const notifyWays = ['each', 'digest', 'none'] as const

/** How an option is read: its values have a type of text or none. */
type Known = Readonly<Record<OptionName, { type: 'string' | 'boolean'; short?: string }>>
type OptionName = keyof typeof options

const options = {
  config: { type: 'string', short: 'c' },
  rules: { type: 'string', short: 'r', multiple: true },
  'alert-log': { type: 'string' },
  'state-dir': { type: 'string' },
  'dry-run': { type: 'boolean', short: 'n' },
  since: { type: 'string' },
  until: { type: 'string' },
  notify: { type: 'string' },
  quiet: { type: 'boolean' },
  report: { type: 'string' },
  csv: { type: 'string' },
  rule: { type: 'string' },
  json: { type: 'boolean' },
  record: { type: 'boolean' },
  cost: { type: 'boolean' },
  partition: { type: 'string' },
  debug: { type: 'boolean', short: 'd' },
  log: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const

const alertLogs: Readonly<Record<Log, string>> = {
  audit: '/var/log/vault/audit.alert',
  server: '/var/log/vault/messages.alert',
}

/** Options that mean something to these commands only. */
const commandsOf = {
  since: ['replay'],
  until: ['replay'],
  notify: ['replay'],
  quiet: ['replay'],
  report: ['replay'],
  csv: ['replay'],
  rule: ['explain', 'test'],
  json: ['explain', 'replay'],
  record: ['test'],
  cost: ['check'],
  partition: ['check'],
} as const satisfies Partial<Record<OptionName, readonly Command[]>>

/**
 * Reads a command line (without node and the script). Never throws: what is wrong is told in
 * `faults`, and whether that ends the program is the caller's to decide, since the plain filter
 * under syslog-ng must not end over it. `now` is epoch milliseconds, for times like `2h` ago.
 */
export function parseOptions(args: readonly string[], log: Log, now: number): Options {
  const faults: string[] = []
  // A form of what `explain` prints; of a replay a file.
  const isReplay = commandOf(tokensOf(args, options)) === 'replay'
  const known: Known = { ...options, ...(isReplay && { json: { type: 'string' } }) }
  const tokens = tokensOf(args, known)
  const values = new Map<string, string[]>()
  const words: string[] = []
  let afterUnknown = false
  for (const token of tokens) {
    if (token.kind === 'positional') {
      // The word after an unknown option is its value rather than a command.
      if (!afterUnknown) words.push(token.value)
      afterUnknown = false
    } else if (token.kind === 'option') {
      const fault = optionFault(token, known)
      afterUnknown = fault !== undefined && !Object.hasOwn(known, token.name)
      if (fault === undefined) {
        values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? ''])
      } else faults.push(fault)
    }
  }
  const command = commands.find(name => name === words[0])
  const takesOperand = command === 'notify-test' || command === 'redrive'
  const operand = takesOperand ? words[1] : undefined
  const extra = words.slice(Number(command !== undefined) + Number(operand !== undefined))
  for (const word of extra) {
    faults.push(`unknown command "${word}"${suggest(word, commands)}`)
  }
  const last = (name: OptionName) => values.get(name)?.at(-1)
  for (const [name, takers] of Object.entries(commandsOf)) {
    if (values.has(name) && !takers.some(taker => taker === command)) {
      faults.push(`--${name} is for the command ${takers.join(' or ')}`)
    }
  }
  if (values.has('record') && !values.has('rule')) {
    faults.push('--record needs --rule: whose test it is to be')
  }
  const time = (name: 'since' | 'until', otherwise: number) => {
    const text = last(name)
    const parsed = text === undefined ? otherwise : parseTime(text, now)
    if (parsed !== undefined) return parsed
    faults.push(`--${name} is a time such as 2026-11-23T08:00:00Z or 24h, got "${text}"`)
    return otherwise
  }
  const configFile = last('config') ?? defaultConfigFile
  const [since, until] = [time('since', -Infinity), time('until', Infinity)]
  if (since > until) {
    faults.push(`--since ${last('since')} is later than --until ${last('until')}`)
  }
  const notify = notifyWays.find(way => way === (last('notify') ?? 'digest'))
  if (notify === undefined) {
    faults.push(`--notify is each, digest or none, got "${last('notify')}"`)
  }
  return {
    log,
    command,
    operand,
    isPlainFilter: words.length === 0 && !values.has('dry-run'),
    configFile,
    isConfigNamed: values.has('config'),
    rules: values.get('rules') ?? [],
    // Beside the ini, so that another ini has other rules: /usr/local/etc/vault-log-handler/rules.
    siteFolder: join(configFile.replace(/\.ini$/, ''), 'rules'),
    alertLog: last('alert-log') ?? alertLogs[log],
    stateDir: last('state-dir') ?? '/var/lib/vault-log-handler',
    dryRun: values.has('dry-run'),
    since,
    until,
    notify: notify ?? 'digest',
    quiet: values.has('quiet'),
    rule: last('rule'),
    json: values.has('json'),
    reports: {
      report: last('report'),
      csv: last('csv'),
      json: last('json') || undefined,
    },
    record: values.has('record'),
    cost: values.has('cost'),
    partition: last('partition'),
    debug: values.has('debug'),
    diagnosticsFile: last('log'),
    help: values.has('help'),
    version: values.has('version'),
    faults,
  }
}

function tokensOf(args: readonly string[], options: Known) {
  const rules = { strict: false, allowPositionals: true, tokens: true } as const
  return parseArgs({ args: [...args], options, ...rules }).tokens
}

/** The first word that is a command's name, and no option's value. */
function commandOf(tokens: ReturnType<typeof tokensOf>): string | undefined {
  const words = tokens.flatMap(token => (token.kind === 'positional' ? token.value : []))
  return words.find(word => commands.some(name => name === word))
}

function optionFault(
  token: {
    name: string
    rawName: string
    value: string | undefined
    inlineValue: boolean | undefined
  },
  known: Known,
): string | undefined {
  if (!Object.hasOwn(known, token.name)) {
    const hint = suggest(
      token.rawName,
      Object.keys(known).map(name => `--${name}`),
    )
    return `unknown option ${token.rawName}${hint}`
  }
  const takesValue = known[token.name as OptionName].type === 'string'
  const isValue = token.inlineValue === true || !(token.value ?? '-').startsWith('-')
  if (takesValue && !(isValue && token.value)) return `${token.rawName} needs a value`
  if (!takesValue && token.value !== undefined) return `${token.rawName} takes no value`
  return undefined
}
