import type { Finding, OpenAlert } from '../correlate/correlator.js'
import type { Entry } from '../entry/entry.js'
import type { Key } from '../rule/compile-clause.js'
import type { CompiledRule } from '../rule/compile-rule.js'
import { mask } from '../text/mask.js'
import { oneLine } from '../text/one-line.js'
import type { Alert, Facts, OngoingAlert } from './alert.js'
import { alertId } from './alert-id.js'
import { findRecordCommand } from './find-command.js'
import { ofRule, onEntry, type Occasion } from './raise-alert.js'

/**
 * Makes the alert of what a rule over time has found, with the entry at which it did; undefined
 * where time alone has brought it.
 */
export function raiseFinding(
  rule: CompiledRule,
  finding: Finding,
  entry: Entry | undefined,
  occasion: Occasion,
): Alert {
  const { count, summaryOf, title } = finding
  const id = findingId(rule, finding)
  const key = Object.fromEntries(
    Object.entries(finding.key).map(([path, value]) => [path, oneLine(mask(value), 300)]),
  )
  const [first, last] = [iso(finding.first), iso(finding.last)]
  const counted = [
    ...(count === 1 ? [] : [`${count} ${unitOf(rule)}`]),
    `${first} to ${last}`,
    ...Object.entries(key).map(([path, value]) => `${path} ${value}`),
  ].join(', ')
  const onIt =
    entry === undefined
      ? { event: id, facts: { find: findRecordCommand(id, occasion.alertLog) } }
      : onEntry(entry, id, occasion)
  const { what }: Facts = onIt.facts
  return {
    ...ofRule(rule, id, occasion),
    title: title ?? rule.title(entry!),
    count,
    key,
    first,
    last,
    series: seriesOf(rule, finding.key),
    ...onIt,
    facts: {
      ...onIt.facts,
      what: oneLine(what === undefined ? counted : `${counted}; ${what}`, 300),
    },
    ...(summaryOf !== undefined && {
      of: findingId(rule, { key: finding.key, ...summaryOf }),
      summary: true,
      isQuiet: true,
    }),
  }
}

/** What tells an alert whose counting goes on, and how far its window reaches now. */
export function ongoingAlert(
  rule: CompiledRule,
  { key, window, last }: OpenAlert,
): OngoingAlert {
  return {
    id: findingId(rule, { key, ...window }),
    series: seriesOf(rule, key),
    first: iso(window.first),
    last: iso(Math.max(last, window.last)),
  }
}

/** A window with its key makes an alert over time one; its summary is another. */
function findingId(
  rule: CompiledRule,
  { key, first, last, summaryOf }: Pick<Finding, 'key' | 'first' | 'last' | 'summaryOf'>,
): string {
  const what = summaryOf === undefined ? 'window' : 'summary'
  return alertId(seriesOf(rule, key), [what, iso(first), iso(last)])
}

function seriesOf({ rule }: CompiledRule, key: Key): string {
  return alertId(rule.id, Object.entries(key).flat())
}

function unitOf({ clause }: CompiledRule): string {
  return clause?.kind === 'threshold' && clause.distinct ? 'distinct values' : 'times'
}

function iso(epoch: number): string {
  return new Date(epoch).toISOString()
}
