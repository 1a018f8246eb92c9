import { canonicalJson } from './canonical-json.js'
import type { Decoder, Entry, serverFieldNames, Undecodable } from './entry.js'
import { readHclogJson, readHclogText, type Hclog } from './hclog.js'
import { utcTime, zoneOf } from './log-time.js'
import {
  readPriority,
  readSyslogHeader,
  stripContainerPrefix,
  type SyslogHeader,
  type Uncontained,
} from './syslog-header.js'

/** How many programs' last hclog lines are kept, for what continues them. */
const maxRemembered = 1000
/** Sorting the keys of longer JSON would take many times the memory that parsing does. */
const maxCanonicalLength = 1 << 20

const vaultPrograms: ReadonlySet<unknown> = new Set(['vault', 'bao', 'openbao'])
// Vault prints these without a time or level, even with log_format=json.
const output =
  /^(?:==> |WARNING! |panic: |fatal error: |(?:Unseal|Recovery) Key(?: \d{1,3})?: |(?:Initial )?Root Token: )/
// hclog indents the lines of a value; rsyslog and syslog-ng may take the indentation away.
const continuation = /^(?:[ \t]{0,64}(?:\||error=)| {2,64}[\w.-]{1,64}=)/

/** What a program said, without the header; what is a date is as written. */
interface Said extends Partial<Omit<Hclog, 'message'>> {
  readonly kind: 'hclog' | 'json' | 'output' | 'continuation' | 'plain'
  readonly message: string
  /** JSON too long to sort: stands in the identity for it. */
  readonly text?: string
}

/** Where it was said. */
interface Origin extends Partial<Omit<SyslogHeader, 'rest'>> {
  readonly container: string
}

/** What a continuation line inherits. */
interface Remembered extends Pick<Hclog, 'stamp' | 'level' | 'module'> {
  readonly time: string | undefined
}

/**
 * A decoder of server-log lines, hclog text of all ages and `log_format=json`, with or without
 * a syslog header or a container's prefix. Its entries have `priority`, `host`, `program`, `pid`,
 * `level`, `module`, `message` and `fields`, absent ones left out. What the header says of the
 * program stands; Vault's own lines without a header get the program `vault` (or `openbao`).
 *
 * A line that continues an hclog value of several lines is an entry of its own, with level,
 * module and time of the last hclog line of the same host and process, which is the decoder's
 * only state. They are not joined because lines are never held back: an alert can't wait for
 * a line that may not come.
 *
 * It never throws, and takes time linear in the line.
 */
export function createServerDecoder(): Decoder {
  const remembered = new Map<string, Remembered | string>()

  const decode = (line: string, reference: number): Entry | Undecodable => {
    const { priority, rest } = readPriority(line)
    const read = readLine(stripContainerPrefix(rest))
    if (!read) return { undecodable: whyUndecodable(rest) }
    const { origin } = read
    const key = processKey(origin)
    const last =
      read.said.kind === 'continuation' ? recall(remembered.get(key)) : undefined
    const said: Said = last ? { ...read.said, ...last } : read.said
    const time = last?.time ?? timeOf(said, origin, reference)
    if (said.kind === 'hclog') remember(remembered, key, remarkOf(said, time))
    const { date, host, program, pid } = origin
    const { stamp, level, module, message, fields, text } = said
    const parts = { priority, host, program, pid, level, module, message, fields }
    return partsEntry(line, time, stamp ?? date, parts, text?.trimEnd())
  }

  return {
    decode,
    skim(line) {
      const shape = line.length > maxSkimmed ? null : ordinary.exec(line)
      if (shape === null) return undefined
      const [, date = '', host, program, pid, stamp = ''] = shape
      remember(remembered, processKey({ container: '', host, program, pid }), line)
      return { time: utcTime(stamp, noContext) ?? utcTime(date, noContext) }
    },
  }
}

/** What is remembered of a line that was only skimmed is the line, for as long as it isn't asked for. */
function recall(known: Remembered | string | undefined): Remembered | undefined {
  if (typeof known !== 'string') return known
  const { origin, said } = readLine(stripContainerPrefix(readPriority(known).rest))!
  return remarkOf(said, timeOf(said, origin, NaN))
}

const noContext = { reference: NaN }
/** Longer lines would be too much to remember. */
const maxSkimmed = 2_048
/** What syslog-ng and journald make of a line of hclog: header with a full date, stamp with a zone. */
const ordinary =
  /^(?:<\d{1,3}> ?)?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)) ([A-Za-z][\w.-]{0,62}) ([a-z][\w-]{0,62})(?:\[(\d{1,10})\])?: (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)) \[ ?(?:TRACE|DEBUG|INFO|WARN|ERROR|TRC|DBG|INF|WRN|ERR) ?\](?: |$)/

/**
 * An entry of parts that need no decoding, as the tests in rule files give them: any of
 * `serverFieldNames`, and `line` and `time` (by default the parts as JSON, and none).
 */
export function serverEntry(parts: Readonly<Record<string, unknown>>): Entry {
  const { line, time, ...rest } = parts
  const written = typeof time === 'string' ? time : undefined
  return partsEntry(
    typeof line === 'string' ? line : JSON.stringify(parts),
    written === undefined ? undefined : utcTime(written, { reference: NaN }),
    written,
    rest,
  )
}

function readLine(outer: Uncontained): { origin: Origin; said: Said } | undefined {
  const { container, date } = outer
  const bare = readSaid(outer.rest)
  if (bare) return { origin: { container, date, program: programOf(bare) }, said: bare }

  const header = readSyslogHeader(outer.rest)
  if (!header) return undefined
  const inner = stripContainerPrefix(header.rest)
  const known = readSaid(inner.rest)
  if (!isCertain(header, known)) return undefined
  const said = known ?? { kind: 'plain', message: header.rest.trimEnd() }
  const origin = {
    container: container + inner.container,
    date: header.date ?? date ?? inner.date,
    host: header.host,
    program: header.program ?? (known && programOf(known)),
    pid: header.pid,
  }
  return { origin, said }
}

function readSaid(text: string): Said | undefined {
  const hclog = readHclogText(text)
  if (hclog) return { kind: 'hclog', ...hclog }
  const json = readHclogJson(text)
  if (json)
    return { kind: 'json', ...json, ...(text.length > maxCanonicalLength && { text }) }
  if (output.test(text)) return { kind: 'output', message: text.trimEnd() }
  if (!continuation.test(text)) return undefined
  // rsyslog writes control characters as # and three octal digits.
  const unindented = text.replaceAll('#011', '\t').trim()
  const message = unindented.startsWith('|')
    ? unindented.slice(1).trimStart()
    : unindented
  return { kind: 'continuation', message }
}

function programOf(said: Said): string {
  return said.message.startsWith('==> OpenBao ') ? 'openbao' : 'vault'
}

/**
 * `Error parsing: x` looks like a header of host and program. So one without a date counts only
 * with a pid, one of Vault's programs, or a logger's line behind it.
 */
function isCertain(header: SyslogHeader, said: Said | undefined): boolean {
  const logged = said?.kind === 'hclog' || said?.kind === 'json'
  const named = header.pid !== undefined || vaultPrograms.has(header.program)
  return header.date !== undefined || named || logged
}

function whyUndecodable(text: string): string {
  return text.startsWith('{')
    ? 'JSON without @message, or cut off'
    : 'no syslog header and no line of Vault'
}

/** A stamp without a zone is in the header's, where that names one. */
function timeOf(said: Said, origin: Origin, reference: number): string | undefined {
  const { date } = origin
  const context = { reference, zone: date === undefined ? undefined : zoneOf(date) }
  const stamped = said.stamp === undefined ? undefined : utcTime(said.stamp, context)
  return stamped ?? (date === undefined ? undefined : utcTime(date, context))
}

/** With the program, so that another one's text never inherits where the pid is missing. */
function processKey({ container, host, program, pid }: Origin): string {
  // None of them has a space.
  return `${container} ${host ?? ''} ${program ?? ''} ${pid ?? ''}`
}

function remarkOf({ stamp, level, module }: Said, time: string | undefined): Remembered {
  return { stamp: detached(stamp), time, level, module: detached(module) }
}

function remember(
  all: Map<string, Remembered | string>,
  key: string,
  remark: Remembered | string,
): void {
  // Only where some are soon to be forgotten does it matter who was heard last.
  if (all.size > maxRemembered / 2) all.delete(key)
  all.set(key, remark)
  if (all.size > maxRemembered) all.delete(all.keys().next().value ?? key)
}

/** A copy: V8's substrings keep the whole line they are cut from in memory, up to 64 MiB each. */
function detached(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text).toString()
}

/** What can be in `fields` of an entry, in the order in which it is shown. */
type Parts = Partial<Record<(typeof serverFieldNames)[number], unknown>>

function partsEntry(
  line: string,
  time: string | undefined,
  written: string | undefined,
  parts: Parts,
  fieldsText?: string,
): Entry {
  const { host, program, pid, level, module, message, fields } = parts
  const present = Object.entries(parts).filter(([, value]) => value !== undefined)
  const said = [level, module, message, fieldsText ?? (fields && canonicalJson(fields))]
  const identity = ['server', host, program, pid, written, ...said]
  return {
    log: 'server',
    line,
    time,
    fields: Object.fromEntries(present),
    identity: identity.map(part => (typeof part === 'string' ? part : '')),
  }
}
