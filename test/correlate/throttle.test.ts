import t from 'tap'
import { lineOf, pipelineOverTime, ruleOverTime } from '../fixtures/over-time.js'

const minute = 60_000
const throttled = ruleOverTime('t', {
  when: { 'request.operation': 'k' },
  throttle: { by: 'auth.display_name', for: '1h' },
})
const line = (at: number, key = 'x') =>
  lineOf({ at: at * minute, key, value: 'v', kind: 'k' }, at * 100)

t.test('holds back messages, never records', async t => {
  const { line: read, counters } = pipelineOverTime([throttled])
  const quiet = [line(0), line(1), line(59), line(60), line(61, 'y'), line(62)]
    .flatMap(read)
    .map(({ isQuiet }) => isQuiet ?? false)
  t.strictSame(quiet, [false, true, true, false, false, true])
  t.equal(counters.get('throttled'), 3)
})

t.test(
  'goes on after a restart, and starts anew where the clause has changed',
  async t => {
    const before = pipelineOverTime([throttled])
    before.line(line(0))
    const saved = before.save()
    const after = pipelineOverTime([throttled])
    t.strictSame(after.restore(saved), [])
    t.match(after.line(line(1)), [{ isQuiet: true }])
    const other = { ...throttled, throttle: { by: 'auth.display_name', for: '2h' } }
    const changed = pipelineOverTime([other])
    t.match(changed.restore(saved), [/the clause over time of rule t has changed/])
    t.notOk(changed.line(line(1))[0]?.isQuiet)
  },
)
