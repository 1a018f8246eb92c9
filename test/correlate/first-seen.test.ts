import t from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import { lineOf, pipelineOverTime, ruleOverTime, start } from '../fixtures/over-time.js'

const hour = 3_600_000
const rule = ruleOverTime('new', {
  firstSeen: {
    value: 'request.path',
    by: 'auth.display_name',
    within: '30d',
    learning: '7d',
  },
})
const day = 24

function run(...events: (readonly [value: string, hours: number, key?: string])[]) {
  const { line } = pipelineOverTime([rule])
  return events
    .map(([value, at, key = 'x'], i) =>
      lineOf({ at: at * hour, key, value, kind: 'k' }, i),
    )
    .flatMap(text => line(text))
}

const shown = (alerts: readonly Alert[]) =>
  alerts.map(({ key, time }) => [
    ...Object.values(key!),
    (Date.parse(time) - start) / hour,
  ])

t.test('is silent while it learns a key, then fires at a new value at once', async t => {
  t.strictSame(run(['a', 0], ['b', 1], ['c', 6.9 * day]), [])
  t.strictSame(shown(run(['a', 0], ['a', 8 * day], ['b', 9 * day])), [
    ['x', 'b', 9 * day],
  ])
  t.strictSame(run(['a', 0], ['b', 9 * day, 'y']), [], 'another key is learnt anew')
  const [alert] = run(['a', 0], ['b', 9 * day])
  t.match(JSON.parse(alert!.entryJson!), { request: { path: 'b' } })
  t.strictSame(alert?.key, { 'auth.display_name': 'x', 'request.path': 'b' })
})

t.test('a value is new again after the time', async t => {
  const seen = [0, 10, 20, 30, 40].map(days => ['a', days * day] as const)
  t.strictSame(run(...seen), [])
  t.strictSame(shown(run(['a', 0], ['b', 1 * day], ['a', 31 * day])), [
    ['x', 'a', 31 * day],
  ])
  t.strictSame(run(['a', 0], ['b', 1], ['a', 29.9 * day]), [])
})

t.test('fires once a value', async t => {
  const twice = run(['a', 0], ['b', 9 * day], ['b', 9 * day + 1], ['b', 20 * day])
  t.strictSame(shown(twice), [['x', 'b', 9 * day]])
})

t.test('around the end of the learning time it waits for what may be late', async t => {
  const edge = 7 * day + 0.05
  t.strictSame(run(['a', 0], ['b', edge]), [], 'not yet')
  t.strictSame(shown(run(['a', 0], ['b', edge], ['a', edge + 1])), [['x', 'b', edge]])
  t.strictSame(run(['a', 0], ['b', edge], ['b', 7 * day - 0.01], ['a', edge + 1]), [])
})
