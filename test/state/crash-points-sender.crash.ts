import t, { type Test } from 'tap'
import { atEachCrash, runJob, type Job } from '../fixtures/crash-points.js'
import { alertNamed, recorderIn, routeTo } from '../fixtures/recording.js'
import { deadLetters, linesOf, waiting } from '../fixtures/state-files.js'

const name = 'chat'
const to = [{ name, isSplit: false }]
const low = { severity: 'low' } as const
const refused = alertNamed('refused', low)

/**
 * Kills a sender at each of its calls, and starts another one: each event is sent, and none twice
 * but those of the one message that was on its way.
 */
async function provesDelivery(
  t: Test,
  prepare: (dir: string) => string[],
  job: Omit<Job, 'dir' | 'what'>,
  minCalls: number,
) {
  let ids: string[] = []
  const sendIn = (dir: string): Job => ({
    what: 'send',
    dir,
    destination: name,
    sent: `${dir}.sent`,
    ...job,
  })
  const check = async (dir: string, where: string) => {
    const sentBefore = linesOf(`${dir}.sent`)
    const inFlight = sentBefore.at(-1)?.split(' ') ?? []
    const { told } = await runJob({ ...sendIn(dir), aheadMs: 600_000 })
    t.equal(told, '', `${where}: nothing is amiss`)
    const sent = linesOf(`${dir}.sent`).flatMap(line => line.split(' '))
    const isRefused = (id: string) => job.refused?.includes(id) ?? false
    for (const id of ids.filter(id => !isRefused(id))) {
      const times = sent.filter(other => other === id).length
      t.ok(
        times === 1 || (times === 2 && inFlight.includes(id)),
        `${where}: ${times} times`,
      )
    }
    t.strictSame(waiting(dir, name), [], `${where}: nothing waits`)
    const letters = deadLetters(dir, name)
    const expected = ids.filter(isRefused)
    t.strictSame([...new Set(letters.flat())], expected, `${where}: dead letters`)
    t.ok(
      letters.length <= 2 * expected.length,
      `${where}: ${letters.length} dead letters`,
    )
  }
  const calls = await atEachCrash(
    t.testdir(),
    dir => void (ids = prepare(dir)),
    sendIn,
    check,
  )
  t.ok(calls >= minCalls, `killed at ${calls} calls`)
}

t.test('messages for single events, one of them refused', async t => {
  const events = [
    [alertNamed('critical'), alertNamed('with another')],
    [refused],
    [alertNamed('low', low)],
  ]
  const prepare = (dir: string) => {
    const recorder = recorderIn(dir)
    for (const event of events) recorder.record(event, routeTo(to))
    return events.flat().map(({ id }) => id)
  }
  await provesDelivery(t, prepare, { refused: [refused.id] }, 30)
})

t.test('a digest', async t => {
  const alerts = ['a', 'b', 'c', 'd'].map(id => alertNamed(id, low))
  const prepare = (dir: string) => {
    const recorder = recorderIn(dir)
    for (const alert of alerts) recorder.record([alert], routeTo(to))
    return alerts.map(({ id }) => id)
  }
  await provesDelivery(t, prepare, { digestOver: 3 }, 15)
})

t.test('a digest that is refused', async t => {
  const alerts = ['a', 'b', 'c', 'd'].map(id => alertNamed(id, low))
  const prepare = (dir: string) => {
    const recorder = recorderIn(dir)
    for (const alert of alerts) recorder.record([alert], routeTo(to))
    return alerts.map(({ id }) => id)
  }
  const ids = alerts.map(({ id }) => id)
  await provesDelivery(t, prepare, { digestOver: 3, refused: ids }, 20)
})

t.test('the batch of a replay that was killed', async t => {
  const alerts = ['a', 'b'].map(id => alertNamed(id, low))
  const prepare = (dir: string) => {
    const recorder = recorderIn(dir)
    for (const alert of alerts) recorder.record([alert], routeTo(to, 'replay'))
    return alerts.map(({ id }) => id)
  }
  await provesDelivery(t, prepare, {}, 15)
})

t.test('events in an outbox file that is followed by another one', async t => {
  const large = alertNamed('large', { title: 'x'.repeat(4_200_000) })
  const alerts = [large, alertNamed('next')]
  const prepare = (dir: string) => {
    const recorder = recorderIn(dir)
    for (const alert of alerts) recorder.record([alert], routeTo(to))
    return alerts.map(({ id }) => id)
  }
  await provesDelivery(t, prepare, {}, 25)
})
