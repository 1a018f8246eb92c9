import t from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import type { Sequence, Step } from '../../src/rule/rule.js'
import { lineOf, pipelineOverTime, ruleOverTime, start } from '../fixtures/over-time.js'

const second = 1_000
const a: Step = { when: { 'request.operation': 'a' } }
const b: Step = { when: { 'request.operation': 'b' } }

/** Events as `kind` or `key:kind`, at these seconds. */
function run(steps: readonly Step[], ...events: (readonly [string, number])[]): Alert[] {
  const sequence: Sequence = { within: '60s', by: 'auth.display_name', steps }
  const { line } = pipelineOverTime([ruleOverTime('s', { sequence })])
  return events
    .map(([name, at], i) => {
      const [kind = '', key = 'x'] = name.split(':').toReversed()
      return lineOf({ at: at * second, key, value: 'v', kind }, i)
    })
    .flatMap(text => line(text))
}

const shown = (alerts: readonly Alert[]) =>
  alerts.map(({ count, time, first, last }) => [
    count,
    ...[time, first!, last!].map(text => (Date.parse(text) - start) / second),
  ])

t.test('fires when the steps have come in their order within the time', async t => {
  t.strictSame(shown(run([a, b], ['a', 0], ['b', 5])), [[2, 5, 0, 5]])
  t.strictSame(run([a, b], ['b', 0], ['a', 5]), [])
  t.strictSame(run([a, b], ['a', 0], ['b', 60]), [])
  t.strictSame(run([a, b], ['y:a', 0], ['x:b', 5]), [], 'another key')
  t.strictSame(shown(run([a, b, a], ['a', 0], ['b', 5], ['a', 6])), [[3, 6, 0, 6]])
  t.strictSame(shown(run([a, b], ['a', 0], ['b', 0])), [[2, 0, 0, 0]], 'at the same time')
})

t.test('one entry is one step', async t => {
  const any: Step = { when: { 'request.path': 'v' } }
  t.strictSame(run([any, any], ['a', 0]), [])
  t.strictSame(shown(run([any, any], ['a', 0], ['a', 1])), [[2, 1, 0, 1]])
})

t.test('a step may take several entries', async t => {
  const steps = [{ ...a, count: 3 }, b]
  t.strictSame(run(steps, ['a', 0], ['a', 1], ['b', 2]), [])
  t.strictSame(shown(run(steps, ['a', 0], ['a', 1], ['a', 2], ['b', 3])), [[4, 3, 0, 3]])
  t.strictSame(run(steps, ['a', 0], ['a', 30], ['a', 59], ['b', 61]), [])
})

t.test('what has fired is forgotten', async t => {
  t.equal(run([a, b], ['a', 0], ['b', 5], ['b', 6]).length, 1)
  t.equal(run([a, b], ['a', 0], ['b', 5], ['a', 10], ['b', 11]).length, 2)
})

t.test('an entry that comes late takes its place', async t => {
  t.strictSame(shown(run([a, b], ['b', 50], ['z:c', 200], ['a', 10])), [[2, 10, 10, 50]])
})

t.test('"a, then no b" fires when the time is over', async t => {
  const steps: Step[] = [a, { not: { 'request.operation': 'b' } }]
  const later = ['z:c', 1_000] as const
  t.strictSame(run(steps, ['a', 0], ['z:c', 59]), [], 'not yet')
  t.strictSame(
    shown(run(steps, ['a', 0], later)),
    [[1, 60, 0, 0]],
    'stamped with the deadline',
  )
  t.strictSame(run(steps, ['a', 0], ['b', 59], later), [])
  t.strictSame(shown(run(steps, ['a', 0], ['b', 60], later)), [[1, 60, 0, 0]])
  t.strictSame(run(steps, ['a', 0], ['z:c', 100], ['b', 30], later), [], 'b comes late')
  t.strictSame(shown(run(steps, ['a', 0], ['y:b', 5], later)), [[1, 60, 0, 0]])
  const [alert] = run(steps, ['a', 0], later)
  t.match(alert, { title: 'x', key: { 'auth.display_name': 'x' } })
  t.equal(alert?.entryJson, undefined, 'no entry has brought it')
})
