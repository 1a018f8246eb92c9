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

const day = 24 * 3_600_000
const news = ruleOverTime('news', {
  firstSeen: {
    value: 'request.path',
    by: 'auth.display_name',
    within: '30d',
    learning: '7d',
  },
})
const silence = ruleOverTime('silence', {
  absence: { within: '10m', by: 'auth.display_name' },
})
const unanswered = ruleOverTime('unanswered', {
  sequence: {
    within: '10m',
    steps: [{ when: {} }, { not: { 'request.operation': 'b' } }],
  },
})

t.test('what a rule has learned outlasts that it is off for a while', async t => {
  const before = pipelineOverTime([burst, news])
  before.line(line(0))
  const without = pipelineOverTime([burst])
  t.strictSame(without.restore(before.save()), [])
  without.line(line(8 * day))
  const after = pipelineOverTime([burst, news])
  t.strictSame(after.restore(JSON.parse(JSON.stringify(without.save()))), [])
  const stranger = { at: 9 * day, key: 'x', value: 'new', kind: 'k' }
  t.match(after.line(lineOf(stranger, 1)), [{ rule: 'news' }])
})

t.test('a rule that was off for 30 days begins anew, and that is told', async t => {
  const before = pipelineOverTime([burst, news])
  before.line(line(0))
  const without = pipelineOverTime([burst])
  without.restore(before.save())
  without.line(line(29 * day))
  t.strictSame(pipelineOverTime([burst]).restore(without.save()), [])
  without.line(line(31 * day))
  const after = pipelineOverTime([burst])
  t.match(after.restore(without.save()), [
    /^rule news has not been in force for 30 days$/,
  ])
  t.notOk('news' in (after.save() as { rules: object }).rules)
  const back = pipelineOverTime([news])
  t.match(back.restore(without.save()), [/^rule news has not been in force for 30 days$/])
})

t.test('what a rule may have missed while it was off is not new', async t => {
  const quick = {
    ...news,
    firstSeen: { ...news.firstSeen!, within: '2d', learning: '1d' },
  }
  const before = pipelineOverTime([burst, quick])
  for (const at of [0, day, 2 * day]) before.line(line(at))
  const without = pipelineOverTime([burst])
  without.restore(before.save())
  without.line(line(9 * day))
  const after = pipelineOverTime([burst, quick])
  t.strictSame(after.restore(without.save()), [])
  t.strictSame(after.line(line(9.5 * day)), [])
  const stranger = { at: 9.6 * day, key: 'x', value: 'new', kind: 'k' }
  t.match(after.line(lineOf(stranger, 1)), [{ rule: 'news' }])
})

t.test('a rule that counts nothing over time any more leaves nothing behind', async t => {
  const before = pipelineOverTime([burst])
  before.line(line(0))
  const { threshold: _, ...plain } = burst
  const after = pipelineOverTime([{ ...plain, when: {} }])
  t.match(after.restore(before.save()), [
    /^the clause over time of rule burst has changed$/,
  ])
  t.strictSame((after.save() as { rules: object }).rules, {})
})

t.test('what is missing is not told by a rule that was off meanwhile', async t => {
  const before = pipelineOverTime([silence, unanswered])
  before.line(line(0))
  const without = pipelineOverTime([burst])
  without.restore(before.save())
  const after = pipelineOverTime([silence, unanswered])
  t.match(after.restore(without.save()), [
    /^rule silence was not in force, and would miss what came meanwhile$/,
    /^rule unanswered was not in force, and would miss what came meanwhile$/,
  ])
  t.strictSame(after.line(line(day, 'y')), [])
})
