// A line of an outbox's file: `{"severity":"high","event":"6f1e…","until":1795…,"alerts":[…]}`. Those
// of one event go out as one message as long as the first of them waits.

import type { Alert } from '../alert/alert.js'
import { severities, type Severity } from '../rule/severity.js'
import { readFileLines } from './read-lines.js'

/** What a line tells before its alerts. */
export interface LineHead {
  readonly severity: Severity
  /** Missing in lines of before. */
  readonly event?: string
  /** It waits for its outcome until then, epoch milliseconds. */
  readonly until?: number
  /** It tells the outcome that others of its event wait for. */
  readonly isOutcome: boolean
}

/** How long a message waits for the outcome of its request: the contract's limit. */
const outcomeWaitMs = 2_000

/** The line for the alerts of one message, without its newline. */
export function outboxLine(alerts: readonly Alert[]): string {
  const [{ severity, event, raised }] = alerts as [Alert, ...Alert[]]
  return JSON.stringify({
    severity,
    event,
    ...(alerts.some(alert => alert.awaitsOutcome) && {
      until: Date.parse(raised) + outcomeWaitMs,
    }),
    ...(alerts.some(({ outcome }) => outcome !== undefined) && { outcome: true }),
    alerts,
  })
}

const head =
  /^\{"severity":"([a-z]+)"(?:,"event":"(\w+)")?(?:,"until":(\d+))?(,"outcome":true)?,"alerts":/

/** How a line begins; undefined for what is none. */
export function headOf(line: Buffer): LineHead | undefined {
  const [, name, event, until, outcome] = head.exec(line.toString('latin1', 0, 160)) ?? []
  const severity = severities.find(known => known === name)
  if (severity === undefined) return undefined
  return {
    severity,
    ...(event !== undefined && { event }),
    ...(until !== undefined && { until: Number(until) }),
    isOutcome: outcome !== undefined,
  }
}

/** The events of a digest's file; of what is unreadable, `onBroken` is told. */
export function* batchAlerts(
  path: string,
  onBroken: () => void = () => {},
): Generator<readonly Alert[]> {
  for (const { bytes } of readFileLines(path, 0)) {
    const alerts = alertsOf(bytes)
    if (alerts === undefined) onBroken()
    else yield alerts
  }
}

/** The alerts of an outbox line; undefined for what is none. */
export function alertsOf(line: Buffer): readonly Alert[] | undefined {
  try {
    const { alerts } = JSON.parse(line.toString()) as { alerts?: unknown }
    return areAlerts(alerts) ? alerts : undefined
  } catch {
    return undefined
  }
}

/** Whether these are the alerts of a message, as far as a message can't do without it. */
export function areAlerts(value: unknown): value is readonly Alert[] {
  return Array.isArray(value) && value.length > 0 && value.every(isAlert)
}

function isAlert(value: Partial<Alert> | null): boolean {
  const { id, time, log, rule, severity, title, facts } = value ?? {}
  return (
    [id, time, log, rule, title, facts?.find].every(text => typeof text === 'string') &&
    severities.some(name => name === severity)
  )
}
