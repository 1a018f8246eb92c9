import t from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import type { Threshold } from '../../src/rule/rule.js'
import {
  lineOf,
  pipelineOverTime,
  ruleOverTime,
  start,
  type Event,
} from '../fixtures/over-time.js'

const minute = 60_000

function run(threshold: Partial<Threshold>, events: readonly Partial<Event>[]): Alert[] {
  const clause = { count: 3, within: '10m', by: 'auth.display_name', ...threshold }
  const { line } = pipelineOverTime([ruleOverTime('a', { threshold: clause })])
  return events
    .map((event, i) => lineOf({ at: 0, key: 'x', value: 'v', kind: 'k', ...event }, i))
    .flatMap(text => line(text))
}

const at = (...minutes: number[]) => minutes.map(m => ({ at: m * minute }))
const iso = (m: number) => new Date(start + m * minute).toISOString()
const shown = (alerts: readonly Alert[]) =>
  alerts.map(({ count, time, first, last, summary }) => [
    ...(summary ? ['summary'] : []),
    count,
    ...[time, first!, last!].map(text => (Date.parse(text) - start) / minute),
  ])

t.test('fires at the entry that brings the window to the count', async t => {
  t.strictSame(shown(run({}, at(0, 1))), [])
  t.strictSame(shown(run({}, at(0, 1, 2))), [[3, 2, 0, 2]])
  t.strictSame(shown(run({}, at(0, 5, 10))), [], 'ten minutes later is outside')
  t.strictSame(shown(run({}, at(0, 5, 9.99))), [[3, 9.99, 0, 9.99]])
  const [alert] = run({}, at(0, 1, 2))
  t.match(alert, { key: { 'auth.display_name': 'x' }, count: 3, title: 'x' })
  t.match(JSON.parse(alert!.entryJson!), { request: { id: 'id-2' } })
})

t.test('stays silent while above, and is armed again when below', async t => {
  t.strictSame(shown(run({}, at(0, 1, 2, 3, 4, 5))), [[3, 2, 0, 2]])
  t.strictSame(
    shown(run({}, at(0, 1, 2, 3, 30, 31, 32))),
    [
      [3, 2, 0, 2],
      ['summary', 4, 11, 0, 3],
      [3, 32, 30, 32],
    ],
    'what it counted until its end is a record of its own',
  )
})

t.test('the summary names its alert, and is not sent', async t => {
  const [alert, summary] = run({}, at(0, 1, 2, 60))
  t.equal(summary?.of, alert?.id)
  t.equal(summary?.isQuiet, true)
  t.not(summary?.id, alert?.id)
  t.equal(summary?.title, 'x')
})

t.test('while it stays above, an alert comes each 24 hours', async t => {
  const day = 24 * 60
  const minutes = Array.from({ length: 2 * day + 10 }, (_, i) => i)
  t.strictSame(shown(run({}, at(...minutes))), [
    [3, 2, 0, 2],
    [day + 3, day + 2, day - 7, day + 2],
    [2 * day + 3, 2 * day + 2, 2 * day - 7, 2 * day + 2],
  ])
})

t.test('a window that overlaps that of the last alert is that one', async t => {
  // Below at 10:00, up again at 10.5 with what the first alert counted.
  t.strictSame(shown(run({}, at(0, 1, 2, 10.5))), [
    [3, 2, 0, 2],
    ['summary', 3, 10, 0, 2],
  ])
  t.strictSame(shown(run({}, at(0, 1, 2, 10.5, 12.1, 12.2))).slice(2), [
    [3, 12.2, 10.5, 12.2],
  ])
})

t.test('each key has its own window, and without by there is one', async t => {
  const spread = ['x', 'y', 'z'].map((key, i) => ({ key, at: i * minute }))
  t.strictSame(run({}, spread), [])
  const { by: _by, ...noKey } = { by: undefined }
  const clause = { count: 3, within: '10m', ...noKey }
  const { line } = pipelineOverTime([ruleOverTime('a', { threshold: clause })])
  const alerts = spread
    .map((e, i) => lineOf({ value: 'v', kind: 'k', ...e }, i))
    .flatMap(line)
  t.match(alerts, [{ key: {}, count: 3 }])
  const two = run({ by: ['auth.display_name', 'request.operation'] }, [
    ...at(0, 1).map(e => ({ ...e, kind: 'a' })),
    ...at(2, 3).map(e => ({ ...e, kind: 'b' })),
  ])
  t.strictSame(two, [])
})

t.test('distinct values count once each', async t => {
  const values = (...names: string[]) =>
    names.map((value, i) => ({ value, at: i * minute }))
  const distinct = { distinct: 'request.path' }
  t.strictSame(shown(run(distinct, values('a', 'a', 'a', 'b', 'b'))), [])
  t.strictSame(shown(run(distinct, values('a', 'b', 'a', 'c'))), [[3, 3, 0, 3]])
  t.strictSame(
    shown(run(distinct, values('a', '', 'c', ''))),
    [],
    'a missing one is none',
  )
  t.strictSame(shown(run(distinct, [...values('a', 'b', 'c', 'd', 'd'), ...at(60)])), [
    [3, 2, 0, 2],
    ['summary', 4, 11, 0, 4],
  ])
})

t.test('request, response and repeats of one request count once', async t => {
  const repeats = at(0, 0.01, 0.02, 1).map(event => ({ ...event, id: 'same' }))
  t.strictSame(run({}, repeats), [])
  t.equal(run({}, [...repeats, ...at(2, 3)]).length, 1)
})

t.test(
  'an entry up to five minutes late goes into its window, a later one is counted',
  async t => {
    t.strictSame(shown(run({}, at(0, 6, 1.5))), [[3, 1.5, 0, 6]])
    const { line, counters } = pipelineOverTime([
      ruleOverTime('a', { threshold: { count: 2, within: '10m' } }),
      ruleOverTime('b', { when: { 'request.path': 'v' } }),
    ])
    const lines = at(6, 0.9).map((e, i) =>
      lineOf({ key: 'x', value: 'v', kind: 'k', ...e }, i),
    )
    t.strictSame(
      lines.flatMap(line).map(({ rule }) => rule),
      ['b', 'b'],
      'rules on one entry see it',
    )
    t.equal(counters.get('late'), 1)
  },
)

t.test('an entry from the future does not make the others late', async t => {
  const { line, counters } = pipelineOverTime(
    [ruleOverTime('a', { threshold: { count: 2, within: '10m' } })],
    { now: start },
  )
  const lines = at(0, 6, 60 * 24 * 365, 1).map((e, i) =>
    lineOf({ key: 'x', value: 'v', kind: 'k', ...e }, i),
  )
  t.equal(lines.flatMap(line).length, 1)
  t.equal(counters.get('ahead'), 2)
  t.equal(counters.get('late'), 0)
})

t.test('the record says when, by what key, and how often', async t => {
  const [alert] = run({}, at(0, 1, 2))
  t.equal(alert?.first, iso(0))
  t.equal(alert?.last, iso(2))
  t.match(alert?.facts.what, /^3 times, .*auth\.display_name x; k v/)
})
