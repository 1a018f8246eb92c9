import { createHash } from 'node:crypto'
import type { Entry } from '../entry/entry.js'
import type { CompiledRule } from '../rule/compile-rule.js'
import type { Alert } from './alert.js'
import { factsOf } from './facts.js'

/**
 * The id of a rule's alert on an event: 32 hex digits, the same in every run over the same log. It
 * depends on the rule's id but nothing else of the rule, so that editing one re-alerts nothing.
 */
export function alertId(ruleId: string, identity: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([ruleId, ...identity]))
    .digest('hex')
    .slice(0, 32)
}

/**
 * Makes the alert of a rule that matches an entry. `raised` is the clock's time, and `time` the
 * event's (RFC 3339 both); `alertLog` is the path of the alert log, from which the command that
 * finds the entry is made.
 */
export function raiseAlert(
  { rule, title }: CompiledRule,
  entry: Entry,
  id: string,
  time: string,
  raised: string,
  alertLog: string,
): Alert {
  return {
    id,
    time,
    raised,
    log: entry.log,
    rule: rule.id,
    severity: rule.severity,
    title: title(entry),
    count: 1,
    tags: rule.tags ?? [],
    ...(entry.json === undefined ? { line: entry.line } : { entryJson: entry.json }),
    facts: factsOf(entry, id, alertLog),
  }
}
