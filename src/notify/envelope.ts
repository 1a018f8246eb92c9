// The JSON that machines get: one shape for the webhook, the command, SNS, Service Bus and Pub/Sub.

import type { Alert } from '../alert/alert.js'
import { alertRecord } from '../alert/alert-record.js'
import { omitEntry } from '../alert/outgoing.js'
import type { Severity } from '../rule/severity.js'
import { wellFormedJson } from '../text/well-formed-json.js'
import type { Message } from './notifier.js'

/** What a channel may say of a message outside of its body, to route and filter by. */
export interface Labels {
  /** The alert's or the digest's: the same whenever the same message is sent again. */
  readonly id: string
  readonly severity: Severity
  /** A digest is of many rules, and has neither. */
  readonly rule?: string
  readonly log?: Alert['log']
}

/**
 * A message as one line of JSON: `{"version":1,"kind":"alert","alert":…,"facts":…}`, where `alert`
 * is the line of the alert log, or `{"version":1,"kind":"digest","digest":…}`. Of an alert that
 * would take more than `maxBytes` of UTF-8, the audit entry and the server line are left out; what
 * is left is small. `omitted` tells their size in bytes, also where they were left out before.
 * Throws a RangeError for a message of no alert, or of several.
 */
export function envelope(message: Message, maxBytes = Infinity): string {
  if (message.kind === 'digest') {
    return visible(JSON.stringify({ version: 1, kind: 'digest', digest: message.digest }))
  }
  const alert = onlyAlert(message.alerts)
  const whole = alertEnvelope(alert)
  return Buffer.byteLength(whole) <= maxBytes ? whole : alertEnvelope(omitEntry(alert))
}

/** Throws a RangeError for a message of no alert, or of several. */
export function labels(message: Message): Labels {
  if (message.kind === 'digest') {
    const { id, severity } = message.digest
    return { id, severity }
  }
  const { id, severity, rule, log } = onlyAlert(message.alerts)
  return { id, severity, rule, log }
}

/**
 * For channels that take an alert a message: see `Notifier.split`. Each is an event of its own, which
 * nothing joins but its outcome.
 */
export function oneByOne(alerts: readonly Alert[]): Alert[][] {
  return alerts.map(alert => [{ ...alert, event: alert.of ?? alert.id }])
}

function onlyAlert([alert, ...others]: readonly Alert[]): Alert {
  if (alert === undefined || others.length > 0) {
    throw new RangeError(`an envelope holds one alert, got ${alert ? 'several' : 'none'}`)
  }
  return alert
}

/** Around the record as it is: its entry must not be parsed and written again. */
function alertEnvelope(alert: Alert): string {
  const { omitted } = alert
  const { who, what, where, request, find } = alert.facts
  const rest = JSON.stringify({ facts: { who, what, where, request, find }, omitted })
  const head = `{"version":1,"kind":"alert","alert":${alertRecord(alert)}`
  return visible(`${head},${rest.slice(1)}`)
}

/** What XML and UTF-8 can't carry is escaped: queues refuse it, or the parsers of their readers do. */
function visible(json: string): string {
  return wellFormedJson(
    json.replace(
      /[\p{Cs}\ufffe\uffff]/gu,
      char => `\\u${char.charCodeAt(0).toString(16)}`,
    ),
  )
}
