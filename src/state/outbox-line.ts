// A line of an outbox's file, an event each: `{"severity":"high","alerts":[…]}`.

import type { Alert } from '../alert/alert.js'
import { severities, type Severity } from '../rule/severity.js'
import { readFileLines } from './read-lines.js'

const linePrefix = '{"severity":"'

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

/** The severity that an outbox line begins with; undefined for what is none. */
export function severityOf(line: Buffer): Severity | undefined {
  const start = line.toString('latin1', 0, 32)
  if (!start.startsWith(linePrefix)) return undefined
  const name = start.slice(linePrefix.length).split('"', 1)[0]
  return severities.find(severity => severity === name)
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
