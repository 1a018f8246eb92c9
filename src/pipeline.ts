import type { Alert, OngoingAlert } from './alert/alert.js'
import { createKnownIds } from './alert/known-ids.js'
import { mask } from './text/mask.js'
import { oneLine } from './text/one-line.js'
import { raiseAlert, raiseOutcome, type Occasion } from './alert/raise-alert.js'
import { ongoingAlert, raiseFinding } from './alert/raise-finding.js'
import { createCorrelation, type Found } from './correlate/correlation.js'
import { isSampled, type Counters } from './counters.js'
import type { Diagnostics } from './diagnostics.js'
import { decoderOf } from './entry/decoder.js'
import { isUndecodable, type Entry, type Log } from './entry/entry.js'
import { epochOf } from './entry/rfc3339.js'
import { createOutcomes } from './outcomes.js'
import { escapes, overlongAlert } from './overlong-alert.js'
import type { OverlongLine } from './overlong-line.js'
import type { CompiledRule } from './rule/compile-rule.js'
import { exceptionTo } from './rule/exception.js'
import { bySeverity } from './rule/severity.js'

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
  /** From the next line on these rules are in force; what was alerted stays known. As `restore`. */
  readonly useRules: (rules: readonly CompiledRule[]) => string[]
  /** Nothing came in for so many milliseconds: the alerts of rules over time that are due by then. */
  readonly idle: (ms: number) => Alert[]
  /** The alerts over time whose counting goes on, and how far their windows reach now. */
  readonly ongoing: () => OngoingAlert[]
  /** What rules over time remember, as JSON; and back, giving in words what can't be used. */
  readonly save: () => unknown
  readonly restore: (saved: unknown) => string[]
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
  /** The clock, epoch milliseconds: stamps alerts, and tells entries from the future. */
  readonly now: () => number
  /** Where the clock fires deadlines while nothing comes in: when that began, epoch milliseconds. */
  readonly startedAt?: number
}

/** Builds the pipeline of one log. */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { log, alertLog, counters, diagnostics, now, startedAt } = parts
  const decode = decoderOf(log)
  let rules = inForce(parts.rules, log)
  const knownIds = createKnownIds(maxKnownIds, count =>
    counters.add('forgotten_ids', count),
  )
  const correlation = createCorrelation({
    rules,
    clock: now,
    startedAt,
    onCount: what => counters.add(what),
  })
  const outcomes = createOutcomes()
  let latest: string | undefined

  const occasionOf = (time: string | undefined): Occasion => {
    const raised = new Date(now()).toISOString()
    return { time: time ?? latest ?? raised, raised, alertLog }
  }

  /** The alert, if it is none that was raised before. */
  const fresh = (alert: Alert): Alert[] => {
    if (knownIds.add(alert.id)) return [alert]
    counters.add('repeats')
    return []
  }

  const raiseFound = ({ rule, finding }: Found, decoded?: Entry): Alert[] => {
    const time = new Date(finding.at).toISOString()
    const occasion = occasionOf(decoded === undefined ? time : decoded.time)
    return fresh(raiseFinding(rule, finding, decoded, occasion))
  }

  /** The alerts of a rule that matches an entry. */
  const matched = (
    rule: CompiledRule,
    decoded: Entry,
    at: number | undefined,
  ): Alert[] => {
    if (rule.clause === undefined) {
      const alerts = fresh(raiseAlert(rule, decoded, occasionOf(decoded.time)))
      return alerts.map(alert => throttled(rule, awaiting(rule, alert, decoded), decoded))
    }
    if (at === undefined) return []
    return correlation.see(rule, decoded, at).flatMap(found => {
      // One with a title of its own is about entries before this one.
      if (found.finding.title !== undefined) return raiseFound(found)
      return raiseFound(found, decoded).map(alert => throttled(rule, alert, decoded))
    })
  }

  const awaiting = (rule: CompiledRule, alert: Alert, decoded: Entry): Alert =>
    outcomes.await(rule, alert.id, decoded) ? { ...alert, awaitsOutcome: true } : alert

  /** Without a message, where the rule's throttle holds it back. */
  const throttled = (rule: CompiledRule, alert: Alert, decoded: Entry): Alert => {
    const key = rule.throttle?.keyOf(decoded)
    if (key === undefined || correlation.admits(rule, key, alert.time)) return alert
    counters.add('throttled')
    return { ...alert, isQuiet: true }
  }

  const isExcepted = (rule: CompiledRule, decoded: Entry): boolean => {
    if (rule.exceptions === undefined) return false
    const time = latest === undefined ? now() : epochOf(latest)
    if (exceptionTo(rule, decoded, time) === undefined) return false
    counters.add('excepted')
    return true
  }

  const entry = (decoded: Entry): Alert[] => {
    counters.add('entries')
    latest = decoded.time ?? latest
    const { at, due } = correlation.enter(decoded)
    const alerts = due.flatMap(found => raiseFound(found))
    // Hot: most rules match nothing.
    for (const rule of rules) {
      if (rule.matches(decoded) && !isExcepted(rule, decoded))
        alerts.push(...matched(rule, decoded, at))
    }
    for (const { rule, id, outcome } of outcomes.of(decoded)) {
      alerts.push(raiseOutcome(rule, id, outcome, decoded, occasionOf(decoded.time)))
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
      return correlation.useRules(rules)
    },
    idle(ms) {
      const alerts = correlation.idle(ms).flatMap(found => raiseFound(found))
      counters.add('alerts', alerts.length)
      return alerts
    },
    ongoing: () => correlation.open().map(({ rule, alert }) => ongoingAlert(rule, alert)),
    save: () => correlation.save(),
    restore: saved => correlation.restore(saved),
    line: line => read(line, 'undecodable'),
    rest: line => read(line, 'truncated'),
    entry,
    overlong: line => {
      counters.add('lines')
      counters.add('overlong')
      const alerts = fresh(overlongAlert(line, rules, log, occasionOf(undefined)))
      counters.add('alerts', alerts.length)
      return alerts
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
    .sort((a, b) => bySeverity(a.rule, b.rule))
}
