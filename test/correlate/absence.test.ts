import t from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import { lineOf, pipelineOverTime, ruleOverTime, start } from '../fixtures/over-time.js'

const minute = 60_000
const silent = ruleOverTime('silent', { title: 'silence', absence: { within: '5m' } })
const byKey = ruleOverTime('by-key', {
  absence: { within: '5m', by: 'auth.display_name' },
})
const line = (at: number, key = 'x') =>
  lineOf({ at: at * minute, key, value: 'v', kind: 'k' }, at * 1_000)
const shown = (alerts: readonly Alert[]) =>
  alerts.map(({ key, title, time, first }) => [
    Object.values(key!)[0] ?? '',
    title,
    ...[time, first!].map(text => (Date.parse(text) - start) / minute),
  ])

t.test('nothing at all since the start fires by the clock, once', async t => {
  const { idle } = pipelineOverTime([silent], { startedAt: start })
  t.strictSame(idle(4.9 * minute), [])
  t.strictSame(shown(idle(5 * minute)), [['', 'silence', 5, 0]])
  t.strictSame(idle(60 * minute), [])
})

t.test(
  'silence after entries fires by the clock, and again after it was broken',
  async t => {
    const live = pipelineOverTime([silent], { startedAt: start })
    t.strictSame(live.line(line(0)), [])
    t.strictSame(live.idle(4 * minute), [])
    t.strictSame(shown(live.idle(6 * minute)), [['', 'silence', 5, 0]])
    t.strictSame(live.line(line(10)), [])
    t.strictSame(shown(live.idle(6 * minute)), [['', 'silence', 15, 10]])
  },
)

t.test(
  'silence is told in time after entries that are older than the last silence',
  async t => {
    const live = pipelineOverTime([silent], { startedAt: start })
    live.line(line(0))
    t.strictSame(shown(live.idle(60 * minute)), [['', 'silence', 5, 0]])
    // What a node had buffered when it lost the log server.
    t.strictSame(live.line(line(10)), [])
    t.strictSame(live.idle(4 * minute), [])
    t.strictSame(shown(live.idle(5 * minute)), [['', 'silence', 15, 10]])
  },
)

t.test('without a clock, later entries tell, once nothing late can come', async t => {
  const { line: read, idle } = pipelineOverTime([silent])
  t.strictSame(read(line(0)), [])
  t.strictSame(read(line(9.9)), [], 'something late might still come')
  t.strictSame(shown(read(line(10.1))), [['', 'silence', 5, 0]])
  t.strictSame(idle(0), [])
})

t.test('while others come in, however seldom, what is late is waited for', async t => {
  const live = pipelineOverTime([byKey], { startedAt: start })
  live.line(line(0))
  for (let at = 1; at <= 9; at++) {
    t.strictSame([...live.line(line(at, 'y')), ...live.idle(0.9 * minute)], [])
  }
  t.strictSame(shown(live.line(line(10, 'y'))), [['x', 'x', 5, 0]])
})

t.test('each key that was seen is missed by itself', async t => {
  const { line: read } = pipelineOverTime([byKey])
  const times = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
  const alerts = [read(line(0, 'y')), ...times.map(at => read(line(at)))].flat()
  t.strictSame(shown(alerts), [['y', 'y', 5, 0]])
})

t.test('what comes late fills the gap', async t => {
  const { line: read } = pipelineOverTime([byKey])
  const alerts = [
    line(0),
    line(7, 'y'),
    line(3),
    line(7),
    line(12, 'y'),
    line(11),
  ].flatMap(read)
  t.strictSame(alerts, [])
})

t.test('the end of the input is no silence', async t => {
  const { line: read, rest } = pipelineOverTime([silent, byKey])
  t.strictSame([...read(line(0)), ...rest(line(1))], [])
})

t.test('a restart goes on from what was seen', async t => {
  const before = pipelineOverTime([byKey], { startedAt: start })
  before.line(line(0))
  const after = pipelineOverTime([byKey], { startedAt: start + 60 * minute })
  after.restore(before.save())
  t.strictSame(after.idle(4 * minute), [])
  t.strictSame(shown(after.idle(5 * minute)), [['x', 'x', 5, 0]])
})

t.test('where there are too many keys, new ones are not watched', async t => {
  const { line: read, counters } = pipelineOverTime([byKey])
  for (let i = 0; i < 10_100; i++) read(line(0, `host-${i}`))
  t.equal(counters.get('keys_evicted'), 100)
  t.equal(read(line(11, 'late')).length, 10_000)
})
