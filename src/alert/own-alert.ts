import { hostname } from 'node:os'
import type { Log } from '../entry/entry.js'
import type { Severity } from '../rule/severity.js'
import type { Alert } from './alert.js'
import { findRecordCommand } from './find-command.js'
import { oneLine } from '../text/one-line.js'
import { alertId } from './alert-id.js'

/** What the handler alerts about on its own account, and how urgent that is. */
const severityOf = {
  'handler-config-invalid': 'high',
  'handler-rule-invalid': 'high',
  'handler-destination-suspended': 'high',
  'handler-message-refused': 'high',
  'handler-messages-dropped': 'high',
  'handler-line-overlong': 'high',
  'handler-lines-dropped': 'high',
  'handler-records-lost': 'high',
  'handler-lines-undecodable': 'medium',
  'handler-entries-untimely': 'high',
  'handler-disk-low': 'high',
  'handler-disk-full': 'critical',
  'handler-write-failed': 'critical',
  'handler-state-corrupt': 'high',
  'handler-notify-test': 'info',
  'handler-heartbeat': 'info',
} as const satisfies Readonly<Record<string, Severity>>

/** The kind of an alert of the handler's own; `rule` in the alert record. */
export type OwnAlertKind = keyof typeof severityOf

/** All of them. */
export const ownAlertKinds: readonly string[] = Object.keys(severityOf)

/** The tag that they have. */
export const ownAlertTag = 'handler'

/** Whether an alert with this `rule` is one of the handler's own. */
export function isOwnAlert(rule: string): rule is OwnAlertKind {
  return Object.hasOwn(severityOf, rule)
}

/** What an own alert is about. */
export interface OwnAlert {
  readonly kind: OwnAlertKind
  /** The alert in one line. */
  readonly title: string
  /** More, for the record: what was wrong, or the head and tail of a line. No secret. */
  readonly detail: string
  /** What makes it one; by default the time, so that each is a new one. */
  readonly identity?: string
  /** When that was which it is about, RFC 3339; by default now. */
  readonly time?: string
}

/** The alert for something that the handler itself has to say. `now` is epoch milliseconds. */
export function ownAlert(own: OwnAlert, log: Log, now: number, alertLog: string): Alert {
  const raised = new Date(now).toISOString()
  const id = alertId(own.kind, [
    log,
    ...(own.identity === undefined ? [raised, own.title] : [own.identity]),
  ])
  return {
    id,
    time: own.time ?? raised,
    raised,
    log,
    rule: own.kind,
    severity: severityOf[own.kind],
    title: oneLine(own.title, 500),
    count: 1,
    tags: [ownAlertTag],
    line: own.detail,
    event: id,
    facts: {
      who: `${log}-log-handler`,
      where: hostname(),
      what: oneLine(own.detail, 300),
      find: findRecordCommand(id, alertLog),
      alertLog,
    },
  }
}
