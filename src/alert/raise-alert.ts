import type { Entry } from '../entry/entry.js'
import type { CompiledRule } from '../rule/compile-rule.js'
import type { Alert } from './alert.js'
import { alertId } from './alert-id.js'
import { factsOf } from './facts.js'

/** What an alert needs besides its rule. */
export interface Occasion {
  /** The event's time, RFC 3339. */
  readonly time: string
  /** The clock's, RFC 3339. */
  readonly raised: string
  /** The path of the alert log, from which the command that finds the entry is made. */
  readonly alertLog: string
}

/** Makes the alert of a rule that matches an entry. */
export function raiseAlert(rule: CompiledRule, entry: Entry, occasion: Occasion): Alert {
  const id = alertId(rule.rule.id, entry.identity)
  return {
    ...ofRule(rule, id, occasion),
    title: rule.title(entry),
    count: 1,
    ...onEntry(entry, id, occasion),
  }
}

/** A record about the outcome of a request that a rule has alerted on before that was known. */
export function raiseOutcome(
  rule: CompiledRule,
  of: string,
  outcome: string,
  entry: Entry,
  occasion: Occasion,
): Alert {
  const id = alertId(rule.rule.id, ['outcome', ...entry.identity])
  return {
    ...ofRule(rule, id, occasion),
    title: rule.title(entry),
    count: 1,
    of,
    outcome,
    ...onEntry(entry, id, occasion),
  }
}

/** What all alerts of a rule have. */
export function ofRule({ rule }: CompiledRule, id: string, { time, raised }: Occasion) {
  const { log, id: name, severity, tags = [] } = rule
  return { id, time, raised, log, rule: name, severity, tags }
}

/** What an alert tells of an entry. */
export function onEntry(entry: Entry, id: string, { alertLog }: Occasion) {
  return {
    ...(entry.json === undefined ? { line: entry.line } : { entryJson: entry.json }),
    event: alertId('', entry.identity),
    facts: factsOf(entry, id, alertLog),
  }
}
