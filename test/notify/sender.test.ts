import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import { createCounters } from '../../src/counters.js'
import { backoffMs } from '../../src/notify/backoff.js'
import { sampleAlert } from '../fixtures/alerts.js'
import type { Attempt } from '../../src/notify/notifier.js'
import { createSender } from '../../src/notify/sender.js'

const alert = (id: string): Alert =>
  sampleAlert({ id, entryJson: '{"auth":"secret"}', line: 'secret' })

const seconds = 1_000
const minutes = 60 * seconds
const days = 24 * 60 * minutes
const delivered: Attempt = { outcome: 'delivered', reason: 'ok' }
const refused: Attempt = { outcome: 'refused', reason: 'answered 413' }
const suspended: Attempt = { outcome: 'suspended', reason: 'answered 404 no_service' }
const retry = (reason = 'answered 500', retryAfterMs?: number): Attempt => ({
  outcome: 'retry',
  reason,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
})

/** Time that passes only when the test says so. */
function fakeClock() {
  let time = 0
  const timers = new Set<{ due: number; end: () => void }>()
  return {
    now: () => time,
    waiting: () => timers.size,
    delay: (ms: number, signal: AbortSignal) =>
      new Promise<void>(resolve => {
        if (ms > 2 ** 31 - 1) throw new Error('setTimeout would fire at once')
        const timer = { due: time + ms, end: () => (timers.delete(timer), resolve()) }
        timers.add(timer)
        signal.addEventListener('abort', timer.end)
        if (signal.aborted) timer.end()
      }),
    /** Lets `ms` pass, timer by timer, with all that each sets off. */
    async pass(ms: number) {
      const end = time + ms
      await turn()
      for (;;) {
        const next = [...timers]
          .sort((a, b) => a.due - b.due)
          .find(({ due }) => due <= end)
        if (!next) break
        time = next.due
        next.end()
        await turn()
      }
      time = end
    },
  }
}

/** A sender to a destination that answers from a script, then 'delivered'; 'hang' never does. */
function sending(script: (Attempt | 'hang' | Error)[] = [], random = 0.999_999) {
  const clock = fakeClock()
  const counters = createCounters()
  const said: string[] = []
  const suspensions: string[] = []
  const tried: { at: number; ids: string }[] = []
  const received: Alert[] = []
  let closed = 0
  const say = (level: string) => (message: string) =>
    void said.push(`${level} ${message}`)
  const notifier = {
    name: 'ops',
    async send(alerts: readonly Alert[], signal: AbortSignal): Promise<Attempt> {
      tried.push({ at: clock.now(), ids: alerts.map(({ id }) => id).join('+') })
      received.push(...alerts)
      const answer = script.shift() ?? delivered
      if (answer instanceof Error) throw answer
      if (answer !== 'hang') return answer
      await new Promise(resolve => signal.addEventListener('abort', resolve))
      return retry('aborted')
    },
    close: async () => void (closed += 1),
  }
  const options = {
    counters,
    diagnostics: {
      error: say('error'),
      warn: say('warn'),
      info: say('info'),
      debug: say('debug'),
    },
    onSuspended: (reason: string) => void suspensions.push(reason),
    random: () => random,
    now: clock.now,
    delay: clock.delay,
  }
  return {
    clock,
    counters,
    said,
    suspensions,
    received,
    notifier,
    options,
    sender: createSender(notifier, options),
    closed: () => closed,
    ids: () => tried.map(({ ids }) => ids),
    times: () => tried.map(({ at }) => at),
  }
}

t.test('back-off doubles up to five minutes, with full jitter', async t => {
  const longest = [1, 2, 3, 4, 9, 10, 11, 5_000].map(n => backoffMs(n, 1))
  t.strictSame(longest, [1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000, 300_000])
  t.equal(backoffMs(3, 0.5), 2_000)
  t.equal(backoffMs(3, 0), 1, 'never no pause at all')
})

t.test('messages are sent in order, one at a time, after send has returned', async t => {
  const { options, counters, said } = sending()
  const events: string[] = []
  const notifier = {
    name: 'ops',
    async send(alerts: readonly Alert[]) {
      const ids = alerts.map(({ id }) => id).join('+')
      events.push(`begin ${ids}`)
      await turn()
      events.push(`end ${ids}`)
      return delivered
    },
    close: async () => void events.push('close'),
  }
  const sender = createSender(notifier, options)
  sender.send([alert('a'), alert('b')])
  sender.send([])
  sender.send([alert('c')])
  t.strictSame(events, [])
  while (!events.includes('end c')) await turn()
  sender.send([alert('d')])
  t.equal(await sender.drain(seconds), 0)
  const inOrder = ['a+b', 'c', 'd'].flatMap(ids => [`begin ${ids}`, `end ${ids}`])
  t.strictSame(events, [...inOrder, 'close'])
  t.equal(counters.summary(), 'deliveries=3')
  t.strictSame(said, [])
})

t.test('a destination gets no raw entry', async t => {
  const { sender, received, clock } = sending()
  sender.send([alert('a')])
  await clock.pass(0)
  const { entryJson: _entryJson, line: _line, ...light } = alert('a')
  t.strictSame(received, [light])
})

t.test('a notifier may divide alerts into several messages', async t => {
  const { notifier, options, ids, clock } = sending()
  const split = (alerts: readonly Alert[]) => alerts.map(each => [each])
  const sender = createSender({ ...notifier, split }, options)
  sender.send([alert('a'), alert('b')])
  await clock.pass(0)
  t.strictSame(ids(), ['a', 'b'])
})

t.test('a failed message is tried until it passes, and holds up the others', async t => {
  const { sender, ids, times, clock, counters, said } = sending(Array(11).fill(retry()))
  sender.send([alert('a')])
  sender.send([alert('b')])
  await clock.pass(30 * minutes)
  t.strictSame(ids(), [...Array<string>(12).fill('a'), 'b'])
  const pauses = times().map((at, i, all) =>
    Math.round((at - (all[i - 1] ?? 0)) / seconds),
  )
  t.strictSame(pauses, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 0])
  t.equal(counters.summary(), 'deliveries=2 delivery_retries=11')
  t.strictSame(said, [
    "error ops doesn't deliver, trying on: answered 500",
    'info ops delivers again',
  ])
})

t.test('each message starts with the shortest back-off', async t => {
  const trouble = [retry(), retry(), retry()]
  const { sender, times, clock } = sending([...trouble, delivered, retry()])
  sender.send([alert('a')])
  sender.send([alert('b')])
  await clock.pass(minutes)
  t.strictSame(
    times().map(at => Math.round(at / seconds)),
    [0, 1, 3, 7, 7, 8],
  )
})

t.test('trouble is said when it changes, not at each attempt', async t => {
  const script = [retry('x'), retry('x'), retry('y'), retry('y'), delivered, retry('y')]
  const { sender, said, clock } = sending(script)
  sender.send([alert('a')])
  sender.send([alert('b')])
  await clock.pass(minutes)
  const trouble = (reason: string) => `error ops doesn't deliver, trying on: ${reason}`
  const again = 'info ops delivers again'
  t.strictSame(said, [trouble('x'), trouble('y'), again, trouble('y'), again])
})

t.test(
  'Retry-After is kept to, however long, and back-off where it is shorter',
  async t => {
    const { sender, times, clock } = sending([retry('429', 60 * days), retry('429', 0)])
    sender.send([alert('a')])
    await clock.pass(61 * days)
    t.strictSame(
      times().map(at => Math.round(at / seconds)),
      [0, (60 * days) / seconds, (60 * days) / seconds + 2],
    )
  },
)

t.test('a refused message is given up by name, and the next goes on', async t => {
  const script = [refused, delivered, new TypeError('https://secret'), delivered]
  const { sender, ids, said, clock, counters } = sending(script)
  sender.send([alert('a'), alert('b')])
  for (const id of ['c', 'd', 'e']) sender.send([alert(id)])
  await clock.pass(0)
  t.strictSame(ids(), ['a+b', 'c', 'd', 'e'])
  t.strictSame(said, [
    'error ops refused alert a, b: answered 413',
    'error ops refused alert d: unexpected TypeError',
  ])
  t.equal(counters.summary(), 'deliveries=2 delivery_refused=2')
})

t.test('a suspended destination is tried every ten minutes and said once', async t => {
  const script = [suspended, suspended, retry('ECONNREFUSED'), suspended]
  const { sender, ids, times, said, suspensions, clock, counters } = sending(script)
  sender.send([alert('a')])
  sender.send([alert('b')])
  await clock.pass(15 * minutes)
  const trouble =
    'error ops is suspended, trying again every 10 minutes: answered 404 no_service'
  t.strictSame(said, [trouble])
  await clock.pass(60 * minutes)
  t.strictSame(ids(), ['a', 'a', 'a', 'a', 'a', 'b'])
  t.strictSame(
    times().map(at => Math.round(at / seconds)),
    [0, 600, 1_200, 1_201, 1_801, 1_801],
  )
  t.strictSame(suspensions, ['ops is suspended: answered 404 no_service'])
  t.equal(counters.summary(), 'deliveries=2 delivery_retries=1 delivery_suspensions=1')
  t.strictSame(said, [
    trouble,
    "error ops doesn't deliver, trying on: ECONNREFUSED",
    trouble,
    'info ops delivers again',
  ])
})

t.test('a second suspension is another', async t => {
  const script = [suspended, delivered, suspended, refused, suspended]
  const { sender, suspensions, clock, counters } = sending(script)
  for (const id of ['a', 'b', 'c']) sender.send([alert(id)])
  await clock.pass(60 * minutes)
  t.equal(suspensions.length, 3)
  t.equal(counters.get('delivery_suspensions'), 3)
})

t.test('of too many messages the oldest waiting are dropped, and said once', async t => {
  const { sender, ids, said, clock, counters } = sending(['hang'])
  for (let i = 0; i < 10_000; i++) sender.send([alert(`${i}`)])
  await clock.pass(0)
  t.equal(counters.get('delivery_dropped'), 0)
  for (let i = 10_000; i < 10_003; i++) sender.send([alert(`${i}`)])
  t.equal(counters.get('delivery_dropped'), 3)
  t.equal(said.length, 1)
  t.match(said[0], /^error ops: over 10000 messages are waiting; the oldest are dropped/)
  const draining = sender.drain(5)
  await clock.pass(5)
  t.equal(await draining, 10_000)
  t.strictSame(ids(), ['0'], 'the message under way is not dropped')
})

t.test(
  'what is dropped is the oldest; after catching up, dropping is said anew',
  async t => {
    const { sender, ids, said, clock } = sending([retry('x', minutes)])
    const sendMany = () => {
      for (let i = 0; i < 10_002; i++) sender.send([alert(`${i}`)])
    }
    sendMany()
    await clock.pass(2 * minutes)
    t.strictSame(ids().slice(0, 4), ['0', '0', '3', '4'])
    t.equal(ids().length, 10_001)
    sendMany()
    t.equal(said.filter(message => message.includes('dropped')).length, 2)
  },
)

t.test('drain waits for what can be sent in time', async t => {
  const { sender, ids, clock, counters, closed } = sending([retry('x', 9 * seconds)])
  sender.send([alert('a'), alert('b')])
  sender.send([alert('c')])
  await clock.pass(0)
  const draining = sender.drain(10 * seconds)
  t.equal(closed(), 0)
  await clock.pass(9 * seconds)
  t.equal(await draining, 0)
  t.strictSame(ids(), ['a+b', 'a+b', 'c'])
  t.equal(counters.summary(), 'deliveries=2 delivery_retries=1')
  t.equal(closed(), 1)
  t.equal(clock.waiting(), 0)
})

t.test('drain does not wait out a pause that ends too late', async t => {
  const { sender, ids, clock, counters, closed } = sending([retry('x', 11 * seconds)])
  sender.send([alert('a'), alert('b')])
  sender.send([alert('c')])
  await clock.pass(0)
  t.equal(await sender.drain(10 * seconds), 3, 'no time has to pass')
  t.strictSame(ids(), ['a+b'])
  t.equal(counters.summary(), 'delivery_retries=1 unsent=2')
  t.equal(closed(), 1)
  t.equal(clock.waiting(), 0)
})

t.test('drain does not begin a pause that ends too late', async t => {
  const { sender, times, clock } = sending([retry('x', 6_000), retry('x', 6_000)])
  sender.send([alert('a')])
  const draining = sender.drain(10 * seconds)
  await clock.pass(6 * seconds)
  t.equal(await draining, 1)
  t.strictSame(times(), [0, 6_000])
  t.equal(clock.waiting(), 0)
})

t.test('drain ends the attempt under way at the limit', async t => {
  const { sender, ids, clock, counters, closed, said } = sending([delivered, 'hang'])
  sender.send([alert('a')])
  sender.send([alert('b'), alert('c')])
  const draining = sender.drain(10 * seconds)
  await clock.pass(9_999)
  t.equal(closed(), 0)
  await clock.pass(1)
  t.equal(await draining, 2)
  t.strictSame(ids(), ['a', 'b+c'])
  t.equal(counters.summary(), 'deliveries=1 unsent=1')
  t.strictSame(said, [])
  t.equal(closed(), 1)
  t.equal(clock.waiting(), 0)
})

t.test('drain ends also with a notifier that does not look at the signal', async t => {
  const { notifier, options, clock } = sending()
  const deaf = () => new Promise<Attempt>(() => undefined)
  const sender = createSender({ ...notifier, send: deaf }, options)
  sender.send([alert('a')])
  const draining = sender.drain(10 * seconds)
  await clock.pass(10 * seconds)
  t.equal(await draining, 1)
})

t.test('what is sent while draining is tried; afterwards it is unsent', async t => {
  const { sender, ids, clock, counters } = sending([retry('x', seconds)])
  sender.send([alert('a')])
  const draining = sender.drain(10 * seconds)
  sender.send([alert('b')])
  await clock.pass(seconds)
  t.equal(await draining, 0)
  sender.send([alert('c')])
  await clock.pass(minutes)
  t.strictSame(ids(), ['a', 'a', 'b'])
  t.equal(counters.summary(), 'deliveries=2 delivery_retries=1 unsent=1')
})

t.test('draining an idle sender closes it, once', async t => {
  const { sender, closed } = sending()
  t.strictSame(await Promise.all([sender.drain(5), sender.drain(5)]), [0, 0])
  t.equal(closed(), 1)
})

t.test('with the real clock, drain leaves no timer behind', async t => {
  const { notifier, options } = sending([retry('x', minutes)])
  const { counters, diagnostics } = options
  const timers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout')
  const before = timers().length
  const sender = createSender(notifier, { counters, diagnostics })
  sender.send([alert('a')])
  while (counters.get('delivery_retries') === 0) await turn()
  t.equal(timers().length, before + 1)
  t.equal(await sender.drain(10 * seconds), 1)
  t.equal(timers().length, before)
})
