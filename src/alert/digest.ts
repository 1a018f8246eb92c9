import { createHash } from 'node:crypto'
import { bySeverity, severities, type Severity } from '../rule/severity.js'
import type { Alert } from './alert.js'

/** Many alerts in one message. Texts are masked and on one line, but not escaped for a channel. */
export interface Digest {
  /** 32 hex digits: a hash of the ids that it covers. */
  readonly id: string
  /** Why there is no message for each: too many were waiting, or a replay found them. */
  readonly reason: 'flood' | 'replay'
  /** How many alerts it covers; at least 1. */
  readonly count: number
  /** The worst severity in it. */
  readonly severity: Severity
  /** The most severe first, without zeros. */
  readonly bySeverity: readonly { readonly severity: Severity; readonly count: number }[]
  /** The most severe first, then the most frequent; at most 10. */
  readonly byRule: readonly {
    readonly rule: string
    readonly severity: Severity
    readonly count: number
  }[]
  /** Alerts of rules that `byRule` has no room for. */
  readonly otherRules: number
  /** The first different titles of the worst severity; at most 5, each at most 500 characters. */
  readonly titles: readonly string[]
  /** The ids of the first and the last alert, as they were raised. */
  readonly firstId: string
  readonly lastId: string
  /** The earliest and the latest event, RFC 3339. */
  readonly from: string
  readonly to: string
  /** A shell command that lists the records of exactly these alerts on the log server. */
  readonly find: string
}

const maxRules = 10
const maxTitles = 5

/** Sums up alerts one by one, so that any number of them takes the memory of their rules only. */
export interface DigestBuilder {
  add(alert: Alert): void
  /**
   * `find` gives the command that lists the alerts' records, from the first and the last id. Throws
   * a RangeError where none was added.
   */
  digest(reason: Digest['reason'], find: (first: string, last: string) => string): Digest
}

/** A digest that is still empty. */
export function createDigestBuilder(): DigestBuilder {
  const hash = createHash('sha256')
  const rules = new Map<string, { rule: string; severity: Severity; count: number }>()
  const titles = new Map<Severity, Set<string>>()
  let first: Alert | undefined
  let last: Alert | undefined
  let from: Alert | undefined
  let to: Alert | undefined
  let count = 0
  return {
    add(alert) {
      const { id, rule, severity, title } = alert
      hash.update(`${id}\n`)
      count += 1
      first ??= alert
      last = alert
      if (from === undefined || epoch(alert) < epoch(from)) from = alert
      if (to === undefined || epoch(alert) > epoch(to)) to = alert
      const key = `${severity} ${rule}`
      const counted = rules.get(key) ?? { rule, severity, count: 0 }
      counted.count += 1
      rules.set(key, counted)
      const shown = titles.get(severity) ?? new Set()
      if (shown.size < maxTitles) titles.set(severity, shown.add(title))
    },
    digest(reason, find) {
      if (!first || !last || !from || !to) throw new RangeError('a digest needs an alert')
      const byRule = [...rules.values()].sort(
        (a, b) => bySeverity(a, b) || b.count - a.count,
      )
      const shown = byRule.slice(0, maxRules)
      const severity = byRule[0]!.severity
      return {
        id: hash.copy().digest('hex').slice(0, 32),
        reason,
        count,
        severity,
        bySeverity: severities
          .map(name => ({
            severity: name,
            count: sum(byRule.filter(counted => counted.severity === name)),
          }))
          .filter(counted => counted.count > 0),
        byRule: shown,
        otherRules: count - sum(shown),
        titles: [...titles.get(severity)!],
        firstId: first.id,
        lastId: last.id,
        from: from.time,
        to: to.time,
        find: find(first.id, last.id),
      }
    },
  }
}

function sum(counted: readonly { readonly count: number }[]): number {
  return counted.reduce((total, { count }) => total + count, 0)
}

function epoch({ time }: Alert): number {
  return Date.parse(time)
}
