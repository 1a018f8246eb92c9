import type { Alert } from '../alert/alert.js'
import type { Log } from '../entry/entry.js'
import { epochOf } from '../entry/rfc3339.js'
import { rankOf, severities } from '../rule/severity.js'
import { mostSevere } from './most-severe.js'
import type { Reported } from './reported.js'
import { createTally, noCounts, type Counts, type Tally } from './tally.js'
import { createTimeline, type Timeline } from './timeline.js'

/**
 * The table has as many alerts as have so many characters together; the charts count all. A row takes
 * the place of at least 600, so that there are 100,000, or fewer where an attacker writes long texts.
 */
const maxRowChars = 60_000_000
const minRowChars = 600
/** As many of the rows show their entry as have so many characters together. */
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
  /** 1 where the alert has an entry or a line, be it shown or not. */
  readonly hasEntry: readonly (0 | 1)[]
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
  Record<ColumnName | 'request', string> & {
    readonly time: number
    readonly hasEntry: boolean
    readonly chars: number
    count: number
  }

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
  const rows = mostSevere<Row>(maxRowChars, ({ chars }) => chars)
  const byId = new Map<string, Row>()
  const entries = mostSevere<Pick<Row, 'id' | 'severity'> & { text: string }>(
    maxEntryChars,
    ({ text }) => text.length,
  )

  /** What is said later of an alert is no alert more. */
  const learn = (of: string, { outcome, count, ...alert }: Alert) => {
    const known = byId.get(of)
    if (known === undefined) return
    known.outcome = outcome ?? known.outcome
    known.count = Math.max(known.count, count)
    known.window = windowOf(alert) || known.window
  }

  return {
    add({ alert, fields }) {
      const { severity, rule, id, of } = alert
      if (of !== undefined) return learn(of, alert)
      const time = epochOf(alert.time)
      total[rankOf(severity)]! += 1
      first = Math.min(first ?? time, time)
      last = Math.max(last ?? time, time)
      timeline.add(time, severity)
      byRule.add(rule, severity)
      const text = alert.entryJson ?? alert.line
      const key = keyOf(alert)
      const chars = [alert.title, key, ...Object.values(fields)].join('').length
      // One literal: of rows that are put together, each takes 600 bytes more.
      const row: Row = {
        id,
        severity,
        time,
        count: alert.count,
        chars: Math.max(minRowChars, chars),
        hasEntry: text !== undefined || alert.omitted !== undefined,
        rule,
        title: flat(alert.title),
        actor: flat(fields.actor),
        action: flat(fields.action),
        path: flat(fields.path),
        address: flat(fields.address),
        namespace: flat(fields.namespace),
        outcome: alert.outcome ?? fields.outcome ?? '',
        key,
        window: windowOf(alert),
        tags: alert.tags.join(' '),
        request: flat(fields.request),
      }
      byActor.add(row.actor || nameless, severity)
      byPath.add(row.path || nameless, severity)
      byId.set(id, row)
      for (const { id } of rows.add(row)) byId.delete(id)
      if (text !== undefined && text.length <= maxOneEntryChars) {
        entries.add({ id, severity, text: flat(text) })
      }
    },
    data() {
      const shown = rows.items().sort((a, b) => a.time - b.time)
      const texts = new Map(entries.items().map(({ id, text }) => [id, text]))
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

function keyOf({ key = {} }: Alert): string {
  const parts = Object.entries(key).map(([name, value]) => `${name}=${value}`)
  return flat(parts.join(', '))
}

/** A copy of its own: a part of a text keeps all of it in memory. */
function flat(text = ''): string {
  return JSON.parse(JSON.stringify(text)) as string
}

function windowOf({ first, last }: Pick<Alert, 'first' | 'last'>): string {
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
    hasEntry: rows.map(({ hasEntry }) => (hasEntry ? 1 : 0)),
    columns: Object.fromEntries(columnNames.map(name => [name, column(name)])) as Record<
      ColumnName,
      Column
    >,
  }
}
