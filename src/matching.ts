import type { Alert, OngoingAlert } from './alert/alert.js'
import { createKnownIds } from './alert/known-ids.js'
import { raiseAlert, raiseOutcome, type Occasion } from './alert/raise-alert.js'
import { ongoingAlert, raiseFinding } from './alert/raise-finding.js'
import { createCorrelation, type Found } from './correlate/correlation.js'
import type { Counters } from './counters.js'
import { noEntry, type Entry } from './entry/entry.js'
import { epochOf } from './entry/rfc3339.js'
import { createOutcomes } from './outcomes.js'
import type { CompiledRule } from './rule/compile-rule.js'
import { exceptionTo } from './rule/exception.js'

/** Alert ids remembered for "one event, one alert a rule": at most 8 MB. */
const maxKnownIds = 100_000

/** The way from an entry to its alerts. */
export interface Matching {
  /** The alerts of an entry by these rules, in their order. */
  entry(entry: Entry, rules: readonly CompiledRule[]): Alert[]
  /**
   * The same of entries of which only the time is known, and that they count for these rules.
   * Undefined, with nothing done, where it depends on the times of those between the first and the last.
   */
  passed(entries: Passed, counting: readonly CompiledRule[]): Alert[] | undefined
  /** Whether the outcome of any alert is awaited. */
  readonly isAwaiting: boolean
  /** Whether the entry with this request's id may tell what came of an alert. */
  isAwaited(requestId: () => string | undefined): boolean
  /** When an alert comes up that has no time of its own, or this one. */
  occasionOf(time: string | undefined): Occasion
  /** The alert, if it is none that was raised before. */
  fresh(alert: Alert): Alert[]
  /** The time of the latest entry that had one. */
  readonly latest: string | undefined
  /** How many keys rules over time remember. */
  keys(): number
  idle(ms: number): Alert[]
  ongoing(): OngoingAlert[]
  useRules(rules: readonly CompiledRule[]): string[]
  save(): unknown
  restore(saved: unknown): string[]
}

/** Entries that no rule matches: one, or several of one second in the order of time. */
export interface Passed {
  readonly count: number
  /** `time` of the first and of the last. */
  readonly first: string | undefined
  readonly last: string | undefined
}

/** What matching works with. */
export interface MatchingParts {
  /** The path of the alert log, for the commands that messages show. */
  readonly alertLog: string
  readonly counters: Counters
  /** The clock, epoch milliseconds: stamps alerts, and tells entries from the future. */
  readonly now: () => number
  /** Where the clock fires deadlines while nothing comes in: when that began, epoch milliseconds. */
  readonly startedAt?: number
}

/** No entry was seen so far. Of what rules over time remember, see the pipeline. */
export function createMatching(
  rules: readonly CompiledRule[],
  { alertLog, counters, now, startedAt }: MatchingParts,
): Matching {
  const knownIds = createKnownIds(maxKnownIds, count =>
    counters.add('forgotten_ids', count),
  )
  const correlation = createCorrelation({
    rules,
    clock: now,
    startedAt,
    onCount: (what, count) => counters.add(what, count),
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

  /** Takes the time of so many entries, as it is written and as an epoch. */
  const enter = (time: string | undefined, epoch: number | undefined, count: number) => {
    counters.add('entries', count)
    latest = time ?? latest
    const { at, due } = correlation.enter(epoch, count)
    return { at, alerts: due.length === 0 ? [] : due.flatMap(found => raiseFound(found)) }
  }

  const entry = (decoded: Entry, candidates: readonly CompiledRule[]): Alert[] => {
    const { time } = decoded
    const epoch = time === undefined ? undefined : epochOf(time)
    const { at, alerts } = enter(time, epoch, 1)
    // Hot: most rules match nothing.
    for (const rule of candidates) {
      if (rule.matches(decoded) && !isExcepted(rule, decoded))
        alerts.push(...matched(rule, decoded, at))
    }
    for (const { rule, id, outcome } of outcomes.of(decoded)) {
      alerts.push(raiseOutcome(rule, id, outcome, decoded, occasionOf(decoded.time)))
    }
    counters.add('alerts', alerts.length)
    return alerts
  }

  const passed = (
    { count, first, last }: Passed,
    counting: readonly CompiledRule[],
  ): Alert[] | undefined => {
    const from = knownTime(first)
    const to = count === 1 ? from : knownTime(last)
    if (count > 1 && !correlation.isOneKind(from.epoch, to.epoch)) return undefined
    const pass = ({ text, epoch }: typeof from, times: number) => {
      const { at, alerts } = enter(text, epoch, times)
      if (at !== undefined) {
        for (const rule of counting) correlation.see(rule, noEntry, at)
      }
      return alerts
    }
    const alerts = pass(from, 1)
    // What is due is so once a second.
    if (count > 1) alerts.push(...pass(to, count - 1))
    counters.add('alerts', alerts.length)
    return alerts
  }

  return {
    entry,
    passed,
    get isAwaiting() {
      return outcomes.isAwaiting
    },
    isAwaited: id => outcomes.isAwaited(id),
    occasionOf,
    fresh,
    get latest() {
      return latest
    },
    keys: () => correlation.keys(),
    idle(ms) {
      const alerts = correlation.idle(ms).flatMap(found => raiseFound(found))
      counters.add('alerts', alerts.length)
      return alerts
    },
    ongoing: () => correlation.open().map(({ rule, alert }) => ongoingAlert(rule, alert)),
    useRules: other => correlation.useRules(other),
    save: () => correlation.save(),
    restore: saved => correlation.restore(saved),
  }
}

/** A time that `epochOf` can read, or none. */
function knownTime(text: string | undefined) {
  const epoch = text === undefined ? NaN : epochOf(text)
  return Number.isNaN(epoch) ? { text: undefined, epoch: undefined } : { text, epoch }
}
