import type { Alert } from '../alert/alert.js'
import type { Log } from '../entry/entry.js'
import { epochOf } from '../entry/rfc3339.js'
import { rankOf, severities } from '../rule/severity.js'
import { mostSevere } from './most-severe.js'
import type { Reported } from './reported.js'
import { createTally, noCounts, type Counts, type Tally } from './tally.js'
import { createTimeline, type Timeline } from './timeline.js'

/** The table has so many alerts; the charts count all. */
const maxRows = 100_000
/** So many of the rows show their entry, as long as all these have no more characters than that. */
const maxEntries = 5_000
const maxEntryChars = 8_000_000
/** An entry beyond this is left out: few of them would take the room of all. */
const maxOneEntryChars = 16_384

/** Stands in a chart for what has no actor or no path, such as an alert of the handler's own. */
export const nameless = '(none)'

/** What the page shows, as its script reads it. */
export interface PageData {
  readonly log: Log
  readonly severities: readonly string[]
  readonly total: Counts
  /** The times of the first and the last alert, epoch milliseconds, if there is one. */
  readonly first: number | undefined
  readonly last: number | undefined
  readonly timeline: Timeline
  readonly byRule: Tally
  readonly byActor: Tally
  readonly byPath: Tally
  /** In the order of their times. */
  readonly rows: Rows
  /** The entry or line of the row with this number. */
  readonly entries: Readonly<Record<number, string>>
}

/** The alerts of the table by columns: the same text in many rows is written once. */
export interface Rows {
  /** Epoch milliseconds; of each but the first, how much later it is than the one before. */
  readonly times: readonly number[]
  /** Places in `severities`. */
  readonly severity: readonly number[]
  readonly count: readonly number[]
  readonly id: readonly string[]
  readonly request: readonly string[]
  readonly columns: Readonly<Record<ColumnName, Column>>
}

/** The columns with texts that many rows share. */
export const columnNames = [
  'rule',
  'title',
  'actor',
  'action',
  'path',
  'address',
  'namespace',
  'outcome',
  'key',
  'window',
  'tags',
] as const
/** One of them. */
export type ColumnName = (typeof columnNames)[number]

/** Texts, and for each row the place of its own among them. */
export interface Column {
  readonly texts: readonly string[]
  readonly at: readonly number[]
}

/** What a row shows. */
type Row = Pick<Alert, 'id' | 'severity'> &
  Record<ColumnName | 'request', string> & { time: number; count: number }

/** Takes alerts in any number, and gives what a page shows of them. */
export function createPageData(log: Log): {
  readonly add: (of: Reported) => void
  readonly data: () => PageData
} {
  const total = noCounts()
  let first: number | undefined
  let last: number | undefined
  const timeline = createTimeline()
  const [byRule, byActor, byPath] = [createTally(), createTally(), createTally()]
  const rows = mostSevere<Row>(maxRows)
  const byId = new Map<string, Row>()
  const entries = mostSevere<Pick<Row, 'id' | 'severity'> & { text: string }>(maxEntries)

  return {
    add({ alert, fields }) {
      const { severity, rule, id, of } = alert
      // What is said later of an alert is no alert more.
      const known = of === undefined ? undefined : byId.get(of)
      if (known !== undefined) {
        known.outcome = alert.outcome ?? known.outcome
        known.count = Math.max(known.count, alert.count)
        known.window = windowOf(alert) || known.window
        return
      }
      const time = epochOf(alert.time)
      total[rankOf(severity)]! += 1
      first = Math.min(first ?? time, time)
      last = Math.max(last ?? time, time)
      timeline.add(time, severity)
      byRule.add(rule, severity)
      byActor.add(fields.actor ?? nameless, severity)
      byPath.add(fields.path ?? nameless, severity)
      const row: Row = {
        id,
        severity,
        time,
        count: alert.count,
        rule,
        title: alert.title,
        actor: fields.actor ?? '',
        action: fields.action ?? '',
        path: fields.path ?? '',
        address: fields.address ?? '',
        namespace: fields.namespace ?? '',
        outcome: alert.outcome ?? fields.outcome ?? '',
        key: Object.entries(alert.key ?? {})
          .map(([name, value]) => `${name}=${value}`)
          .join(', '),
        window: windowOf(alert),
        tags: alert.tags.join(' '),
        request: fields.request ?? '',
      }
      byId.set(id, row)
      const left = rows.add(row)
      if (left !== undefined) byId.delete(left.id)
      const text = alert.entryJson ?? alert.line
      if (text !== undefined && text.length <= maxOneEntryChars) {
        entries.add({ id, severity, text })
      }
    },
    data() {
      const shown = rows.items().sort((a, b) => a.time - b.time)
      const texts = new Map<string, string>()
      let room = maxEntryChars
      for (const { id, text } of entries.items()) {
        room -= text.length
        if (room < 0) break
        texts.set(id, text)
      }
      return {
        log,
        severities,
        total,
        first,
        last,
        timeline: timeline.timeline(),
        byRule: byRule.tally(),
        byActor: byActor.tally(),
        byPath: byPath.tally(),
        rows: columnsOf(shown),
        entries: Object.fromEntries(
          shown.flatMap(({ id }, i) => {
            const text = texts.get(id)
            return text === undefined ? [] : [[i, text]]
          }),
        ),
      }
    },
  }
}

function windowOf({ first, last }: Alert): string {
  return first === undefined ? '' : `${first} to ${last}`
}

function columnsOf(rows: readonly Row[]): Rows {
  const column = (name: ColumnName): Column => {
    const places = new Map<string, number>()
    const at = rows.map(row => {
      const place = places.get(row[name]) ?? places.size
      places.set(row[name], place)
      return place
    })
    return { texts: [...places.keys()], at }
  }
  return {
    times: rows.map(({ time }, i) => time - (i === 0 ? 0 : rows[i - 1]!.time)),
    severity: rows.map(({ severity }) => rankOf(severity)),
    count: rows.map(({ count }) => count),
    id: rows.map(({ id }) => id),
    request: rows.map(({ request }) => request),
    columns: Object.fromEntries(columnNames.map(name => [name, column(name)])) as Record<
      ColumnName,
      Column
    >,
  }
}
