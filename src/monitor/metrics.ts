// What the handler tells of itself to a monitoring system, in Prometheus' text format, version 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/). Pure: the clock's time comes in.

import {
  counterNames,
  labelledNames,
  type CounterName,
  type Counters,
  type LabelledName,
} from '../counters.js'
import type { Backlog } from '../delivery/backlog.js'
import type { Log } from '../entry/entry.js'

/** What is measured, besides what is counted. */
export interface Measured {
  readonly log: Log
  /** Epoch milliseconds. */
  readonly now: number
  readonly startedAt: number
  /** When lines were last seen to have come in, and how far the latest entry's time was behind then, in milliseconds. */
  readonly lastLineAt: number | undefined
  readonly lagMs: number | undefined
  readonly stateKeys: number
  readonly memoryBytes: number
  readonly backlogs: readonly Backlog[]
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: readonly Sample[]
}

const prefix = 'vault_log_handler_'

/** The text that a scrape gets. Every sample has the label `log`. */
export function exposition(counters: Counters, measured: Measured): string {
  return metricsOf(counters, measured)
    .map(({ name, type, help, samples }) => {
      const head = `# HELP ${prefix}${name} ${help}\n# TYPE ${prefix}${name} ${type}\n`
      return (
        head +
        samples
          .map(({ labels, value }) => {
            const all = Object.entries({ log: measured.log, ...labels })
            const shown = all.map(([label, text]) => `${label}="${escaped(text)}"`).join()
            return `${prefix}${name}{${shown}} ${value}\n`
          })
          .join('')
      )
    })
    .join('')
}

function metricsOf(counters: Counters, measured: Measured): Metric[] {
  const { now, startedAt, lastLineAt, lagMs, stateKeys, memoryBytes, backlogs } = measured
  const counts = (Object.keys(counterNames) as CounterName[]).map((name): Metric => ({
    name: `${name}_total`,
    type: 'counter',
    help: counterNames[name],
    samples: [{ labels: {}, value: counters.get(name) }],
  }))
  const labelled = (Object.keys(labelledNames) as LabelledName[]).map((name): Metric => ({
    name: `${name}_total`,
    type: 'counter',
    help: labelledNames[name].meaning,
    samples: counters
      .labelled()
      .filter(found => found.name === name)
      .map(({ values, count }) => ({
        labels: Object.fromEntries(
          labelledNames[name].labels.map((label, i) => [label, values[i]!]),
        ),
        value: count,
      })),
  }))
  const gauge = (name: string, help: string, samples: Sample[]): Metric => ({
    name,
    type: 'gauge',
    help,
    samples,
  })
  const only = (value: number | undefined): Sample[] =>
    value === undefined ? [] : [{ labels: {}, value }]
  const ofBacklogs = (valueOf: (backlog: Backlog) => number): Sample[] =>
    backlogs.map(backlog => ({
      labels: { destination: backlog.destination },
      value: valueOf(backlog),
    }))
  return [
    ...counts,
    ...labelled,
    gauge(
      'written_timestamp_seconds',
      'when this was written: what is older than a minute is of a handler that is stopped or stuck',
      only(now / 1_000),
    ),
    gauge('start_timestamp_seconds', 'when the handler started', only(startedAt / 1_000)),
    gauge(
      'last_line_timestamp_seconds',
      'when lines last came in, to 15 seconds',
      only(lastLineAt && lastLineAt / 1_000),
    ),
    gauge(
      'lag_seconds',
      "how far the latest entry's time was behind the clock when lines last came in",
      only(lagMs && lagMs / 1_000),
    ),
    gauge('state_keys', 'keys that rules over time remember', only(stateKeys)),
    gauge('resident_memory_bytes', 'memory that the handler takes', only(memoryBytes)),
    gauge(
      'outbox_messages',
      'messages that wait for a destination, told by the handler that sends to it',
      ofBacklogs(({ messages }) => messages),
    ),
    gauge(
      'outbox_oldest_age_seconds',
      'how long the oldest of them has waited',
      ofBacklogs(({ oldest }) =>
        oldest === undefined ? 0 : Math.max(0, now - Date.parse(oldest)) / 1_000,
      ),
    ),
  ]
}

/** As the format has it for the values of labels. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
