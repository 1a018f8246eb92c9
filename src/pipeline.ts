import type { Alert } from './alert/alert.js'
import { createKnownIds } from './alert/known-ids.js'
import { mask } from './text/mask.js'
import { oneLine } from './text/one-line.js'
import { ownAlert } from './alert/own-alert.js'
import { alertId, raiseAlert } from './alert/raise-alert.js'
import { isSampled, type Counters } from './counters.js'
import type { Diagnostics } from './diagnostics.js'
import { decodeAuditEntry } from './entry/audit-entry.js'
import { isUndecodable, type Decode, type Entry, type Log } from './entry/entry.js'
import { createServerDecoder } from './entry/server-entry.js'
import type { OverlongLine } from './overlong-line.js'
import type { CompiledRule } from './rule/compile-rule.js'
import { severities } from './rule/severity.js'

/** A re-serialiser may write any literal of a JSON line with these. */
const escapes = ['\\u', '\\/']

/** Alert ids remembered for "one event, one alert a rule": at most 8 MB. */
const maxKnownIds = 100_000

/** The way from a line to its alerts. Pure but for the counters and samples that it leaves. */
export interface Pipeline {
  /** The alerts of one whole line, the most severe first; none for most lines. Never throws. */
  readonly line: (line: string) => Alert[]
  /** The same for the text after the last newline, which may be half a line. */
  readonly rest: (line: string) => Alert[]
  /** The same for an entry that is already decoded. */
  readonly entry: (entry: Entry) => Alert[]
  /** What to look for in lines that are too long to read. */
  readonly literals: readonly string[]
  /** From the next line on these rules are in force; what was alerted stays known. */
  readonly useRules: (rules: readonly CompiledRule[]) => void
  /** The alert of a line that was too long to read. */
  readonly overlong: (line: OverlongLine) => Alert[]
}

/** What the pipeline works with. */
export interface PipelineParts {
  readonly log: Log
  /** Of both logs, whichever are loaded; the others and those off are left aside. */
  readonly rules: readonly CompiledRule[]
  /** The path of the alert log, for the commands that messages show. */
  readonly alertLog: string
  readonly counters: Counters
  readonly diagnostics: Diagnostics
  /** The clock, epoch milliseconds: stamps alerts, never decides. */
  readonly now: () => number
}

/** Builds the pipeline of one log. */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { log, counters, diagnostics, now } = parts
  const decode: Decode = log === 'audit' ? decodeAuditEntry : createServerDecoder()
  let rules = inForce(parts.rules, log)
  const knownIds = createKnownIds(maxKnownIds, count =>
    counters.add('forgotten_ids', count),
  )
  let latest: string | undefined

  const entry = (decoded: Entry): Alert[] => {
    counters.add('entries')
    latest = decoded.time ?? latest
    const alerts: Alert[] = []
    for (const rule of rules) {
      if (!rule.matches(decoded)) continue
      const id = alertId(rule.rule.id, decoded.identity)
      if (!knownIds.add(id)) counters.add('repeats')
      else {
        const raised = new Date(now()).toISOString()
        const time = decoded.time ?? latest ?? raised
        alerts.push(raiseAlert(rule, decoded, id, time, raised, parts.alertLog))
      }
    }
    counters.add('alerts', alerts.length)
    return alerts
  }

  const read = (line: string, counter: 'undecodable' | 'truncated'): Alert[] => {
    counters.add('lines')
    const skipped = skippable(line)
    if (skipped !== undefined) {
      counters.add(skipped)
      return []
    }
    const decoded = decode(line, latest === undefined ? now() : Date.parse(latest))
    if (!isUndecodable(decoded)) return entry(decoded)
    counters.add(counter)
    sample(line, decoded.undecodable, counters.get(counter))
    return []
  }

  const sample = (line: string, reason: string, count: number) => {
    if (!isSampled(count)) return
    const shown = oneLine(mask(line), 200)
    diagnostics.warn(`line not decoded (${reason}; ${count} so far): ${shown}`)
  }

  return {
    get literals() {
      return [...new Set([...rules.flatMap(rule => rule.literals.flat()), ...escapes])]
    },
    useRules(other) {
      rules = inForce(other, log)
    },
    line: line => read(line, 'undecodable'),
    rest: line => read(line, 'truncated'),
    entry,
    overlong: line => {
      counters.add('lines')
      counters.add('overlong')
      const alert = overlongAlert(line, rules, latest, parts)
      if (!knownIds.add(alert.id)) {
        counters.add('repeats')
        return []
      }
      counters.add('alerts')
      return [alert]
    },
  }
}

/** What syslog-ng writes to programs when mark-freq() is on: nothing before it but date and host. */
const markLine = /^(?:<\d{1,3}> ?)?(?:[\w.:+-]+ +){0,4}-- MARK --$/

/** Blank lines and MARK lines, neither of which is an entry. */
function skippable(line: string): 'blank' | 'marks' | undefined {
  if (line.length > 256) return undefined
  const text = line.trim()
  if (text === '') return 'blank'
  return markLine.test(text) ? 'marks' : undefined
}

/** The most severe first. */
function inForce(rules: readonly CompiledRule[], log: Log): CompiledRule[] {
  return rules
    .filter(({ rule }) => rule.log === log && rule.enabled !== false)
    .sort((a, b) => rank(a) - rank(b))
}

function rank({ rule }: CompiledRule): number {
  return severities.indexOf(rule.severity)
}

/**
 * A line over the limit can't be matched, and must not be a way past the rules: it is an alert of
 * its own, which names the rules that it may have matched, told by their literals.
 */
function overlongAlert(
  line: OverlongLine,
  rules: readonly CompiledRule[],
  latest: string | undefined,
  { log, alertLog, now }: PipelineParts,
): Alert {
  const isEscaped = escapes.some(escape => line.literals.has(escape))
  const suspects = rules.filter(
    ({ literals }) =>
      isEscaped ||
      literals.every(group => group.some(literal => line.literals.has(literal))),
  )
  const names = suspects.map(({ rule }) => rule.id).join(' ')
  const [head, tail] = [mask(line.head), mask(line.tail)]
  return ownAlert(
    {
      kind: 'handler-line-overlong',
      title: `A line of ${line.bytes} bytes is too long to be matched; rules it may concern: ${names === '' ? 'none' : names}`,
      detail: `${headOf(head)} … ${tailOf(tail)}`,
      identity: line.digest,
      ...(latest !== undefined && { time: latest }),
    },
    log,
    now(),
    alertLog,
  )
}

/** This much of each end of an overlong line is shown. */
const shownChars = 200

// Where so much was masked that the place of the cut is in sight, the word there is left out: it
// may be half a token, which no pattern knows.

function headOf(masked: string): string {
  const isCutOut = masked.length > shownChars
  return oneLine(isCutOut ? masked : masked.replace(/[\w.-]*$/, ''), shownChars)
}

function tailOf(masked: string): string {
  const isCutOut = masked.length > shownChars
  return oneLine(
    isCutOut ? masked.slice(-shownChars) : masked.replace(/^[\w.-]*/, ''),
    shownChars,
  )
}
