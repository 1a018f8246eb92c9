/** Every number that the program keeps about itself, with what it counts. */
export const counterNames = {
  lines: 'lines read, blank ones and MARK lines included',
  bytes: 'bytes read',
  blank: 'blank lines skipped',
  marks: 'syslog-ng MARK lines skipped',
  entries: 'lines decoded into entries',
  undecodable: 'lines that could not be decoded',
  truncated: 'last lines without a newline that could not be decoded',
  line_errors: 'lines given up over a fault of this program',
  reloads: 'times the ini and the rules were read again and taken',
  reloads_refused: 'times they were not, over a fault',
  overlong: 'lines over max_line_bytes, each an alert of its own',
  alerts: 'alerts raised',
  repeats: 'matches on an event already alerted by the same rule',
  excepted: "matches that a site's exception kept from their rule",
  throttled: 'alerts whose message a throttle held back; their records are written',
  late: 'entries over 5 minutes late, not seen by rules over time',
  ahead: 'entries over 5 minutes ahead of the clock, not seen by rules over time',
  keys_evicted: 'keys that rules over time gave up, since there were too many',
  copies_forgotten: 'events forgotten early by rules over time: a copy may count again',
  state_dropped:
    'states of rules over time that could not be used after a restart or reload',
  out_of_time: 'alerts of a replay before --since or after --until',
  recorded: 'alerts that the alert log has from before, neither written nor sent again',
  forgotten_ids: 'alert ids evicted from memory; the ledger has them, but for --dry-run',
  ledger_evicted:
    'alert ids evicted from the ledger before 35 days: a late repeat may alert again',
  alert_log_errors: 'times the alert log could not be written',
  records_lost:
    'alerts missing in the alert log, which could not be written for too long',
  state_errors: 'times a file of the state folder could not be read or written',
  state_corrupt: 'state files that held something else than was written, set aside',
  state_unlocked: 'times the state lock was held by a process that is stuck',
  deliveries: 'messages delivered',
  digests: 'of these, digests',
  delivery_retries: 'attempts that failed and are tried again',
  delivery_refused: 'messages given up because the destination refused them',
  delivery_suspensions: 'times a destination was suspended',
  delivery_dropped: 'events dropped for one destination because too many were waiting',
  own_messages_held:
    'messages about the handler itself held back, since one goes out an hour',
  metrics_errors: 'times the file with the metrics could not be written',
  unsent: 'messages still waiting when the program ended',
} as const

/** The name of a counter. */
export type CounterName = keyof typeof counterNames

/** What is counted apart by some labels, and which these are. */
export const labelledNames = {
  rule_alerts: {
    meaning: 'alerts recorded, by rule and severity',
    labels: ['rule', 'severity'],
  },
  delivery_attempts: {
    meaning:
      'attempts to deliver a message: delivered, retry, refused or suspended; and why, by its code',
    labels: ['destination', 'outcome', 'reason'],
  },
  heartbeats: {
    meaning: 'heartbeats sent, by the outcome, and why, by its code',
    labels: ['outcome', 'reason'],
  },
} as const satisfies Readonly<
  Record<string, { readonly meaning: string; readonly labels: readonly string[] }>
>

/** The name of what is counted by labels. */
export type LabelledName = keyof typeof labelledNames

/** A count under some values of the name's labels, in their order. */
export interface LabelledCount {
  readonly name: LabelledName
  readonly values: readonly string[]
  readonly count: number
}

/** Counts under a name; reading never resets. */
export interface Counters {
  add(name: CounterName, by?: number): void
  get(name: CounterName): number
  /** Counts one under these values of the labels, of which there must be few. */
  addLabelled(name: LabelledName, values: readonly string[]): void
  labelled(): LabelledCount[]
  /** `name=value` for each counter that isn't zero, in the order of the list, space separated; a word where all are. */
  summary(): string
}

/**
 * True at the 1st, 2nd, 4th, 8th, ... of something counted: what is said of each of these can't
 * flood the diagnostics, and still shows how it grows.
 */
export function isSampled(count: number): boolean {
  return (count & (count - 1)) === 0
}

/** A fresh set of counters, all zero. */
export function createCounters(): Counters {
  // Hot: an object with all of them is faster than a map.
  const values = Object.fromEntries(
    Object.keys(counterNames).map(name => [name, 0]),
  ) as Record<CounterName, number>
  const get = (name: CounterName) => values[name]
  const labelled = new Map<string, LabelledCount>()
  return {
    add: (name, by = 1) => void (values[name] += by),
    get,
    addLabelled(name, values) {
      const key = JSON.stringify([name, values])
      const count = (labelled.get(key)?.count ?? 0) + 1
      labelled.set(key, { name, values, count })
    },
    labelled: () => [...labelled.values()],
    summary: () =>
      (Object.keys(counterNames) as CounterName[])
        .filter(name => get(name) > 0)
        .map(name => `${name}=${get(name)}`)
        .join(' ') || 'nothing to count',
  }
}
