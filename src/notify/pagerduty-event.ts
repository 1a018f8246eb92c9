import type { Alert } from '../alert/alert.js'
import type { Digest } from '../alert/digest.js'
import type { Severity } from '../rule/severity.js'
import { oneLine } from '../text/one-line.js'
import { labels } from './envelope.js'
import type { Message } from './notifier.js'
import { plainMessage } from './plain-message.js'
import { withoutLinks } from './without-links.js'

/** An event to trigger: https://developer.pagerduty.com/docs/send-alert-event */
export interface PagerdutyEvent {
  readonly event_action: 'trigger'
  /** Events with the same one are one alert in PagerDuty, until it is resolved there. */
  readonly dedup_key: string
  readonly client: string
  readonly payload: {
    /** At most 1,024 characters. */
    readonly summary: string
    readonly source: string
    readonly severity: 'critical' | 'error' | 'warning' | 'info'
    readonly timestamp?: string
    readonly component?: string
    readonly group?: string
    readonly class: 'alert' | 'digest'
    readonly custom_details: Readonly<Record<string, unknown>>
  }
}

const client = 'vault-log-handler'
/** Over twice the longest title, which `withoutLinks` may double. */
const maxSummaryChars = 1_024
const maxDetailChars = 1_000
const maxFindChars = 4_000

const severities: Readonly<Record<Severity, PagerdutyEvent['payload']['severity']>> = {
  critical: 'critical',
  high: 'error',
  medium: 'warning',
  low: 'info',
  info: 'info',
}

/**
 * One alert, or a digest, as an event, far below the 512 KB that are allowed. Throws a RangeError
 * for a message of no alert, or of several.
 */
export function pagerdutyEvent(message: Message): PagerdutyEvent {
  const { id, severity } = labels(message)
  const about =
    message.kind === 'digest'
      ? digestPayload(message.digest, plainMessage(message).subject)
      : alertPayload(message.alerts[0]!)
  return {
    event_action: 'trigger',
    dedup_key: id,
    client,
    payload: { ...about, severity: severities[severity] },
  }
}

type Payload = Omit<PagerdutyEvent['payload'], 'severity'>

function alertPayload({ id, time, log, rule, severity, title, facts }: Alert): Payload {
  const { who, what, where, request, find } = facts
  const shown = Object.entries({ id, severity, who, what, where, request })
    .filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== '')
    .map(([name, text]) => [name, detail(text)])
  return {
    summary: summary(title, rule),
    source: summary(where ?? '', `${log} log`),
    ...timestamp(time),
    component: log,
    group: rule,
    class: 'alert',
    custom_details: { ...Object.fromEntries(shown), find: oneLine(find, maxFindChars) },
  }
}

function digestPayload(digest: Digest, subject: string): Payload {
  const { id, count, bySeverity, byRule, otherRules, titles } = digest
  const { firstId, lastId, from, to, find } = digest
  const rules = byRule.map(({ rule, count }) => `${count} ${rule}`)
  return {
    summary: subject,
    source: client,
    ...timestamp(to),
    class: 'digest',
    custom_details: {
      id,
      count,
      severities: bySeverity.map(({ severity, count }) => `${count} ${severity}`),
      rules: [...rules, ...(otherRules > 0 ? [`${otherRules} of other rules`] : [])],
      titles: titles.map(detail),
      first: firstId,
      last: lastId,
      from: detail(from),
      to: detail(to),
      find: oneLine(find, maxFindChars),
    },
  }
}

/** PagerDuty refuses an empty one. */
function summary(text: string, otherwise: string): string {
  return withoutLinks(oneLine(text.trim() || otherwise, maxSummaryChars / 2))
}

function detail(text: string): string {
  return withoutLinks(oneLine(text, maxDetailChars))
}

/** In milliseconds, as in its documentation: Vault writes nanoseconds. */
function timestamp(time: string): { timestamp?: string } {
  const ms = Date.parse(time)
  return Number.isNaN(ms) ? {} : { timestamp: new Date(ms).toISOString() }
}
