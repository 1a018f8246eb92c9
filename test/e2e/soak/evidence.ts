import { isOwnAlert } from '../../../src/alert/own-alert.js'
import type { StandInRequest } from '../../fixtures/http-stand-in.js'
import type { AlertRecord, LogSystem } from '../log-system.js'
import { wholeLog } from '../rotation.js'
import { alertKey } from './alerting-event.js'
import { deliveries, type Delivery } from './deliveries.js'
import type { Mishap } from './mishap.js'

/** What a run has left, for its verdict. */
export interface Evidence {
  /** The key of each alert that there must be, with the time of its line. */
  readonly expected: ReadonlyMap<string, number>
  /** The records in the alert logs but for the handlers' own. */
  readonly records: readonly {
    readonly key: string
    readonly id: string
    readonly raised: number
  }[]
  /** The handlers' own alerts. */
  readonly own: readonly AlertRecord[]
  readonly deliveries: readonly Delivery[]
  readonly requests: readonly StandInRequest[]
  readonly mishaps: readonly Mishap[]
}

/** Reads the alert logs, with their archives, and what Slack has taken. */
export async function gatherEvidence(
  system: LogSystem,
  requests: readonly StandInRequest[],
  expected: Evidence['expected'],
  mishaps: Evidence['mishaps'],
): Promise<Evidence> {
  const logs = ['audit.alert', 'messages.alert']
  const texts = await Promise.all(logs.map(log => wholeLog(system, log)))
  const all = texts
    .flatMap(text => text.split('\n').slice(0, -1))
    .map(line => JSON.parse(line) as AlertRecord & { raised: string })
  return {
    expected,
    records: all
      .filter(({ rule }) => !isOwnAlert(rule))
      .map(record => ({
        key: keyOf(record),
        id: record.id,
        raised: Date.parse(record.raised),
      })),
    own: all.filter(({ rule }) => isOwnAlert(rule)),
    deliveries: deliveries(requests),
    requests,
    mishaps,
  }
}

/** The mark of a server line is Vault's own time in it, which comes after the header's. */
function keyOf({ rule, entry, line = '' }: AlertRecord): string {
  const mark = entry?.request.id ?? / (\d{4}-\S+Z) \[/.exec(line)?.[1] ?? line
  return alertKey(rule, mark)
}
