import t from 'tap'
import { lineOf, pipelineOverTime, ruleOverTime } from '../fixtures/over-time.js'

const burst = ruleOverTime('burst', {
  threshold: { count: 3, within: '10m', by: 'auth.display_name' },
})
const line = (at: number, key = 'x', kind = 'k') =>
  lineOf({ at, key, value: 'v', kind }, at)

t.test('what was kept by another version is dropped with a message', async t => {
  const { restore, line: read } = pipelineOverTime([burst])
  t.match(restore({ version: 0 }), [/version 0, not 1/])
  t.equal([1, 2, 3].map(at => line(at)).flatMap(read).length, 1)
})

t.test('a changed clause drops the state of its rule and of no other', async t => {
  const other = ruleOverTime('other', { threshold: { count: 3, within: '10m' } })
  const before = pipelineOverTime([burst, other])
  before.line(line(1))
  before.line(line(2))
  const changed = { ...burst, threshold: { ...burst.threshold!, within: '11m' } }
  const after = pipelineOverTime([changed, other])
  t.match(after.restore(before.save()), [/clause over time of rule burst has changed/])
  t.strictSame(
    after.line(line(3)).map(({ rule }) => rule),
    ['other'],
  )
})

t.test('a reload keeps what is known of rules that have not changed', async t => {
  const pipeline = pipelineOverTime([burst])
  const fresh = pipelineOverTime([burst])
  pipeline.line(line(1))
  pipeline.line(line(2))
  t.strictSame(pipeline.restore(pipeline.save()), [])
  t.equal(fresh.line(line(3)).length, 0)
  t.equal(pipeline.line(line(3)).length, 1)
})
