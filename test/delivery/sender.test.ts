import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import { createCounters } from '../../src/counters.js'
import { backoffMs } from '../../src/delivery/backoff.js'
import { requeueDeadLetters } from '../../src/delivery/dead-letters.js'
import { createDeliveryReport } from '../../src/delivery/delivery-report.js'
import { startSender } from '../../src/delivery/sender.js'
import type { Attempt, Message, Notifier } from '../../src/notify/notifier.js'
import type { Severity } from '../../src/rule/severity.js'
import { tryLock } from '../../src/state/lock.js'
import {
  appendMessages,
  closeBatch,
  countWaiting,
  nextPlace,
  outboxDir,
} from '../../src/state/outbox-files.js'
import { sampleAlert } from '../fixtures/alerts.js'

const seconds = 1_000
const minutes = 60 * seconds
const start = Date.parse('2026-11-23T12:00:00Z')
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
  let time = start
  const timers = new Set<{ due: number; end: () => void }>()
  return {
    now: () => time,
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
      await settled()
      for (;;) {
        const next = [...timers]
          .sort((a, b) => a.due - b.due)
          .find(({ due }) => due <= end)
        if (!next) break
        time = next.due
        next.end()
        await settled()
      }
      time = end
    },
  }
}

/** A digest takes several turns. */
async function settled() {
  for (let i = 0; i < 5; i++) await turn()
}

type Answer = Attempt | 'hang' | Error

/** A state folder, a clock, and senders for the destination `ops` that answers from a script. */
function system(t: Test, script: Answer[] = []) {
  const stateDir = t.testdir({ outbox: { ops: {} } })
  const dir = outboxDir(stateDir, 'ops')
  const clock = fakeClock()
  const counters = createCounters()
  const said: string[] = []
  const owns: string[] = []
  const tried: { at: number; what: string; message: Message }[] = []
  const say = (level: string) => (message: string) =>
    void said.push(`${level} ${message}`)
  const diagnostics = {
    error: say('error'),
    warn: say('warn'),
    info: say('info'),
    debug: say('debug'),
  }
  let closed = 0
  const notifier: Notifier = {
    name: 'ops',
    intervalMs: 1_000,
    digestOver: 5,
    async send(message, signal) {
      tried.push({ at: clock.now() - start, what: whatOf(message), message })
      const answer = script.shift() ?? delivered
      if (answer instanceof Error) throw answer
      if (answer !== 'hang') return answer
      await new Promise(resolve => signal.addEventListener('abort', resolve))
      return retry('aborted')
    },
    close: async () => void (closed += 1),
  }
  return {
    stateDir,
    dir,
    clock,
    counters,
    said,
    owns,
    notifier,
    closed: () => closed,
    tried: () => tried.map(({ at, what }) => `${at} ${what}`),
    messages: () => tried.map(({ message }) => message),
    waiting: () => countWaiting(dir),
    put: (...ids: string[]) => {
      for (const id of ids) put(dir, id)
    },
    start: (settings = 'as ever') => {
      const sender = startSender(
        { notifier, settings },
        {
          counters,
          diagnostics,
          stateDir,
          alertLog: '/var/log/vault/audit.alert',
          stateEvents: {
            corrupt: file => owns.push(`corrupt ${file}`),
            cut: file => owns.push(`cut ${basename(file)}`),
            evicted() {},
            dropped() {},
          },
          locked: action => action(),
          onSuspended: sentence => owns.push(sentence),
          onGivenUp: sentence => owns.push(sentence),
          random: () => 0.999_999,
          now: clock.now,
          delay: clock.delay,
        },
      )
      // Or else it keeps its lock, on a folder whose inode is the next test's.
      t.teardown(() => sender.drain(0))
      return sender
    },
  }
}

function whatOf(message: Message): string {
  return message.kind === 'digest'
    ? `digest of ${message.digest.count}`
    : message.alerts.map(({ id }) => id).join('+')
}

/** An id's first letter is its severity's: c1, h1, m1 ... */
function alertOf(id: string): Alert {
  const severity = { c: 'critical', h: 'high', m: 'medium', l: 'low', i: 'info' }[id[0]!]
  return sampleAlert({ id, severity: severity as Severity, rule: `rule-${id[0]}` })
}

function put(dir: string, id: string, batch?: string) {
  appendMessages(dir, nextPlace(dir, batch), [id.split('+').map(alertOf)], () => {})
}

const noEvents = { corrupt() {}, dropped() {} }

const many = (letter: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${letter}${i}`)

t.test('back-off doubles up to five minutes, with full jitter', async t => {
  const longest = [1, 2, 3, 4, 9, 10, 11, 5_000].map(n => backoffMs(n, 1))
  t.strictSame(longest, [1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000, 300_000])
  t.equal(backoffMs(3, 0.5), 2_000)
  t.equal(backoffMs(3, 0), 1, 'never no pause at all')
})

t.test(
  'the first goes at once, the next a second later, the most severe first',
  async t => {
    const { put, start, clock, tried, waiting } = system(t)
    start()
    await clock.pass(10 * seconds)
    put('m1', 'l1', 'h1+m2')
    await clock.pass(250)
    t.strictSame(tried(), ['10250 h1+m2'], 'within a quarter of a second')
    await clock.pass(2 * seconds)
    t.strictSame(tried(), ['10250 h1+m2', '11250 m1', '12250 l1'])
    t.equal(waiting(), 0)
  },
)

t.test(
  'what another process adds is seen, and what this one adds is sent at once',
  async t => {
    const { put, start, clock, tried } = system(t)
    const sender = start()
    await clock.pass(10_100)
    put('m1')
    sender.wake()
    await clock.pass(0)
    t.strictSame(tried(), ['10100 m1'])
  },
)

/** Messages about requests: the first waits for an outcome, for two seconds from `at`. */
function requests(dir: string, clock: { now(): number }) {
  const append = (...alerts: Alert[]) =>
    appendMessages(dir, nextPlace(dir, undefined), [alerts], () => {})
  const raised = () => new Date(clock.now()).toISOString()
  return {
    asked: (id: string, event: string) =>
      append({ ...alertOf(id), event, raised: raised(), awaitsOutcome: true }),
    told: (id: string, event: string, ...more: string[]) =>
      append(
        {
          ...alertOf(`${id[0]}-outcome-of-${id}`),
          event,
          of: id,
          outcome: 'denied',
          title: `${id} denied`,
          facts: { find: 'grep', what: 'update sys/seal, denied' },
        },
        ...more.map(other => ({ ...alertOf(other), event })),
      ),
    found: (id: string, event: string) => append({ ...alertOf(id), event }),
  }
}

t.test('a message waits for the outcome of its request, two seconds at most', async t => {
  const { start, clock, tried, messages, waiting, dir } = system(t)
  const { asked, told } = requests(dir, clock)
  start()
  await clock.pass(10 * seconds)
  asked('h1', 'r1')
  asked('h2', 'r2')
  await clock.pass(500)
  t.strictSame(tried(), [])
  told('h1', 'r1')
  await clock.pass(500)
  t.strictSame(tried(), ['10750 h1'], 'as soon as it is there')
  t.match(messages()[0], {
    alerts: [
      {
        id: 'h1',
        title: 'h1 denied',
        outcome: 'denied',
        facts: { what: 'update sys/seal, denied' },
      },
    ],
  })
  await clock.pass(2 * seconds)
  t.strictSame(tried().slice(1), ['12000 h2'])
  told('h2', 'r2')
  await clock.pass(10 * seconds)
  t.equal(tried().length, 2, 'what is told too late is no message')
  t.equal(waiting(), 0)
})

t.test('all that one request raises is one message, as severe as the worst', async t => {
  const { start, clock, tried, waiting, dir, put } = system(t)
  const { asked, told, found } = requests(dir, clock)
  start()
  await clock.pass(10 * seconds)
  asked('m1', 'r1')
  found('h1', 'r1')
  await clock.pass(500)
  told('m1', 'r1', 'c1')
  await clock.pass(250)
  t.strictSame(tried(), ['10750 c1+h1+m1'])
  found('h2', 'r1')
  await clock.pass(1 * seconds)
  t.strictSame(tried().slice(1), ['11750 h2'], 'what comes later is by itself')
  put('h3', 'h4')
  found('l1', 'r5')
  found('c2', 'r5')
  await clock.pass(5 * seconds)
  t.strictSame(
    tried().slice(2),
    ['12750 c2+l1', '13750 h3', '14750 h4'],
    'and what waits for its turn takes in more',
  )
  t.equal(waiting(), 0)
})

t.test('a digest and dead letters have no outcomes by themselves', async t => {
  const { start, clock, tried, waiting, dir, put } = system(t, [refused])
  const { asked, told } = requests(dir, clock)
  asked('h1', 'r1')
  told('h1', 'r1')
  told('h9', 'r9')
  put('m1', 'm2', 'm3', 'm4', 'm5')
  start()
  await clock.pass(10 * seconds)
  t.match(tried()[0], 'digest of 6')
  await clock.pass(2 * minutes)
  t.equal(waiting(), 0)
  t.strictSame(
    new Set(
      tried()
        .slice(1)
        .flatMap(line => line.split(' ')[1]!.split('+')),
    ).has('h-outcome-of-h9'),
    false,
  )
})

t.test('what waits for its outcome is sent at the end of the input', async t => {
  const { start, clock, tried, dir } = system(t)
  const { asked } = requests(dir, clock)
  const sender = start()
  await clock.pass(10 * seconds)
  asked('h1', 'r1')
  await clock.pass(100)
  const drained = sender.drain(10 * seconds)
  await clock.pass(500)
  t.equal(await drained, 0)
  t.equal(tried().length, 1)
})

t.test('a flood is the first alert, then digests that become rarer', async t => {
  const { put, start, clock, tried, messages, waiting } = system(t)
  put(...many('h', 500))
  start()
  await clock.pass(10 * seconds)
  t.strictSame(tried(), ['0 digest of 500'], 'where all were there at the start')
  const [first] = messages()
  t.match(first, {
    digest: { reason: 'flood', severity: 'high', firstId: 'h0', lastId: 'h499' },
  })
  for (let second = 0; second < 60; second++) {
    put(...many('m', 20))
    await clock.pass(seconds)
  }
  const times = tried()
    .slice(1)
    .map(line => Number(line.split(' ')[0]))
  t.strictSame(times, [10_250, 20_250, 40_250])
  await clock.pass(2 * minutes)
  t.equal(waiting(), 0)
})

t.test('a digest lists exactly the alerts that it covers', async t => {
  const { put, start, clock, messages } = system(t)
  put(...many('h', 7), 'm1+l1')
  start()
  await clock.pass(seconds)
  const [message] = messages()
  t.match(message, { kind: 'digest', digest: { count: 9 } })
  const { find } = (message as Extract<Message, { kind: 'digest' }>).digest
  const [, file] = /grep -Ff (\S+)$/.exec(find) ?? []
  const ids = readFileSync(file!, 'utf8').split('\n').slice(0, -1)
  t.strictSame(ids, [...many('h', 7), 'm1', 'l1'])
})

t.test('noise does not bury what is critical: ten a minute go first, singly', async t => {
  const { put, start, clock, tried, waiting } = system(t)
  put(...many('h', 100), ...many('c', 15), ...many('m', 100))
  start()
  await clock.pass(12 * seconds)
  const singles = many('c', 10).map((id, i) => `${i * 1_000} ${id}`)
  t.strictSame(tried(), [...singles, '10000 digest of 205'])
  put('c15')
  await clock.pass(40 * seconds)
  t.strictSame(tried().slice(11), ['12250 c15'], 'alone, it goes by itself')
  t.equal(waiting(), 0)
})

t.test(
  'Retry-After is waited out, also by the next process, and no faster than the limit',
  async t => {
    const { put, start, clock, tried } = system(t, [
      retry('answered 429', 3_600 * seconds),
    ])
    put('c1')
    const first = start()
    await clock.pass(30 * seconds)
    await first.drain(10 * seconds)
    start()
    await clock.pass(3_569 * seconds)
    t.strictSame(tried(), ['0 c1'])
    await clock.pass(2 * seconds)
    t.strictSame(tried(), ['0 c1', '3600000 c1'])
  },
)

const day = 24 * 60 * minutes

t.test('a long Retry-After is told at once, with its end, and at each start', async t => {
  const { put, start, clock, tried, said, owns } = system(t, [
    retry('answered 500'),
    retry('answered 429', day),
  ])
  put('c1')
  const first = start()
  await clock.pass(2 * seconds)
  const silence = 'ops asks for no message before 2026-11-24T12:00:01.000Z'
  t.strictSame(owns, [`${silence}: answered 429`])
  t.strictSame(said.slice(1), [`error ${silence}: answered 429`])
  await first.drain(0)
  start()
  await clock.pass(day)
  t.strictSame(tried().slice(1), ['1000 c1', '86401000 c1'])
  t.strictSame(said.slice(2), [
    `error ${silence}, as it did before this start`,
    'info ops delivers again',
  ])
  t.equal(owns.length, 1)
})

t.test('a Retry-After of up to 15 minutes is told as any other trouble', async t => {
  const { put, start, clock, said, owns } = system(t, [
    retry('answered 429', 15 * minutes),
  ])
  put('c1')
  start()
  await clock.pass(seconds)
  t.strictSame(said, ["error ops doesn't deliver, trying on: answered 429"])
  t.strictSame(owns, [])
})

t.test('other settings are not bound by what the ones before were told', async t => {
  const { put, start, clock, tried, notifier } = system(t, [
    retry('answered 429', day),
    retry('answered 429', day),
  ])
  put('c1')
  const first = start('of A')
  await clock.pass(seconds)
  first.use({ notifier: { ...notifier }, settings: 'of A' })
  await clock.pass(seconds)
  t.strictSame(tried(), ['0 c1'], 'the same settings wait on')
  first.use({ notifier: { ...notifier }, settings: 'of B' })
  await clock.pass(seconds)
  t.strictSame(tried(), ['0 c1', '2000 c1'], 'at a reload')
  await first.drain(0)
  start('of C')
  await clock.pass(seconds)
  t.strictSame(tried(), ['0 c1', '2000 c1', '3000 c1'], 'and at a start')
})

t.test('a start soon after a message waits for its turn', async t => {
  const { put, start, clock, tried } = system(t)
  put('h1')
  const first = start()
  await clock.pass(300)
  await first.drain(0)
  put('h2')
  start()
  await clock.pass(2 * seconds)
  t.strictSame(tried(), ['0 h1', '1000 h2'])
})

t.test(
  'passing trouble is tried on with back-off, said once, and its end is said',
  async t => {
    const { put, start, clock, tried, said, counters } = system(t, [
      retry('ECONNREFUSED'),
      retry('ECONNREFUSED'),
      retry('answered 500'),
    ])
    put('h1')
    start()
    await clock.pass(10 * seconds)
    t.strictSame(tried(), ['0 h1', '1000 h1', '2999 h1', '6998 h1'])
    t.strictSame(said, [
      "error ops doesn't deliver, trying on: ECONNREFUSED",
      "error ops doesn't deliver, trying on: answered 500",
      'info ops delivers again',
    ])
    t.equal(counters.get('delivery_retries'), 3)
    t.equal(counters.get('deliveries'), 1)
  },
)

t.test('what piles up in an outage goes as one digest', async t => {
  const { put, start, clock, tried } = system(t, [retry(), retry()])
  put('h1')
  start()
  await clock.pass(500)
  put(...many('m', 50))
  await clock.pass(10 * seconds)
  t.strictSame(tried(), ['0 h1', '1000 digest of 51', '2999 digest of 51'])
})

t.test('ids of a digest that nobody got are not kept', async t => {
  const { put, start, clock, stateDir } = system(t, [retry(), retry(), retry()])
  put(...many('h', 10))
  start()
  await clock.pass(10 * seconds)
  t.equal(readdirSync(`${stateDir}/digests`).length, 1)
})

t.test(
  'what is refused becomes a dead letter at once, and can be sent again',
  async t => {
    const { put, start, clock, tried, owns, dir, stateDir, counters } = system(t, [
      refused,
    ])
    put('c1', 'h1')
    start()
    await clock.pass(3 * seconds)
    t.strictSame(tried(), ['0 c1', '1000 h1'])
    t.strictSame(owns, ['ops refused alert c1: answered 413'])
    t.equal(counters.get('delivery_refused'), 1)
    const letter = readFileSync(`${dir}/dead-letters.ndjson`, 'utf8')
    t.match(JSON.parse(letter), {
      time: '2026-11-23T12:00:00.000Z',
      reason: 'answered 413',
      alerts: [{ id: 'c1' }],
    })
    t.equal(requeueDeadLetters(stateDir, 'ops', noEvents), 1)
    t.equal(requeueDeadLetters(stateDir, 'ops', noEvents), 0)
    await clock.pass(3 * seconds)
    t.strictSame(tried().slice(2), ['3250 c1'])
  },
)

/** A system whose destination answers so to whatever has one of these alerts in it. */
function poisoned(t: Test, ids: readonly string[], answer: Attempt) {
  const found = system(t)
  const original = { ...found.notifier }
  found.notifier.send = async (message, signal) => {
    const attempt = await original.send(message, signal)
    return idsIn(message).some(id => ids.includes(id)) ? answer : attempt
  }
  const times = () => found.tried().map(line => Number(line.split(' ')[0]))
  return {
    ...found,
    isPaced: () => times().every((time, i) => time - (times()[i - 1] ?? -1_000) >= 1_000),
  }
}

/** Those of a digest, from the file that its command takes them from. */
function idsIn(message: Message): string[] {
  if (message.kind === 'alerts') return message.alerts.map(({ id }) => id)
  const [, file] = /grep -Ff (\S+)$/.exec(message.digest.find) ?? []
  return readFileSync(file!, 'utf8').trim().split('\n')
}

t.test('of a refused digest only what is refused by itself is given up', async t => {
  const { put, start, clock, tried, dir, waiting, isPaced, said } = poisoned(
    t,
    ['h5'],
    refused,
  )
  put(...many('h', 8))
  start()
  await clock.pass(15 * seconds)
  const letters = readFileSync(`${dir}/dead-letters.ndjson`, 'utf8').trim().split('\n')
  t.match(
    letters.map(line => JSON.parse(line) as unknown),
    [{ alerts: [{ id: 'h5' }] }],
  )
  t.equal(letters.length, 1)
  t.strictSame(
    tried().map(line => line.replace(/^\d+ /, '')),
    [
      'digest of 8',
      'digest of 4',
      'digest of 4',
      'digest of 2',
      'digest of 2',
      'h4',
      'h5',
    ],
  )
  t.ok(isPaced())
  t.equal(waiting(), 0)
  t.match(said[0], 'ops refused a digest of 8 alerts, sent in parts: answered 413')
})

t.test('a digest of which all is refused leaves each event as a dead letter', async t => {
  const all = Array.from({ length: 15 }, () => refused)
  const { put, start, clock, dir, waiting } = system(t, all)
  put(...many('h', 8))
  start()
  await clock.pass(30 * seconds)
  const letters = readFileSync(`${dir}/dead-letters.ndjson`, 'utf8').split('\n')
  t.equal(letters.length - 1, 8)
  t.equal(waiting(), 0)
})

t.test('one event on which every digest fails holds up no other for long', async t => {
  const { put, start, clock, tried, dir, owns, isPaced } = poisoned(t, ['h0'], retry())
  const sender = start()
  put('h0')
  await clock.pass(seconds)
  put(...many('h', 8).slice(1))
  await clock.pass(40 * seconds)
  t.equal(countWaiting(dir), 1, 'the one')
  put('c1')
  sender.wake()
  const before = tried().length
  await clock.pass(1_250)
  t.match(tried()[before], / c1$/, 'a critical one does not wait for it at all')
  for (let i = 10; i < 40; i++) {
    put(`m${i}`)
    await clock.pass(minutes)
  }
  t.strictSame(owns.slice(0, 1), ['ops refused alert h0: answered 500'])
  t.equal(countWaiting(dir), 0)
  t.ok(isPaced())
})

t.test('several events on which every digest fails are found as well', async t => {
  const ids = ['m3', 'm40', 'm77']
  const { put, start, clock, dir, tried } = poisoned(t, ids, retry())
  put(...many('m', 100))
  start()
  await clock.pass(4 * minutes)
  t.equal(countWaiting(dir), 3)
  t.ok(tried().length < 80, `${tried().length} attempts`)
})

for (const [what, answers] of [
  ['refused', [refused]],
  ['failed on again and again', Array.from({ length: 5 }, () => retry())],
] as const) {
  t.test(`a batch that is ${what} goes as what it holds`, async t => {
    const { start, clock, tried, dir } = system(t, [...answers])
    for (const id of many('h', 3)) put(dir, id, 'replay-1')
    start()
    await clock.pass(minutes)
    const last = tried().slice(-4)
    t.match(last, [/ digest of 3$/, / h0$/, / h1$/, / h2$/])
    t.equal(countWaiting(dir), 0)
  })
}

t.test('what let others go first in an outage goes at its end', async t => {
  const outage = Array.from({ length: 6 }, () => retry())
  const { put, start, clock, tried } = system(t, outage)
  put('c1', 'c2')
  start()
  await clock.pass(2 * minutes)
  t.strictSame(tried().slice(4), ['14997 c1', '30996 c2', '62995 c2', '63995 c1'])
})

t.test('a drain tries what let others go first, and counts it', async t => {
  const outage = Array.from({ length: 5 }, () => retry())
  const { put, start, clock, tried } = system(t, [...outage, delivered, retry()])
  put('c1', 'c2')
  const sender = start()
  await clock.pass(30 * seconds)
  const draining = sender.drain(10 * seconds)
  await clock.pass(11 * seconds)
  t.strictSame(tried().slice(4), ['14997 c1', '30996 c2', '31996 c1', '32996 c1'])
  t.equal(await draining, 0)
})

t.test(
  'an event that fails while others pass lets them go first, and is given up',
  async t => {
    const { put, start, clock, tried, owns, notifier } = system(t)
    const original = { ...notifier }
    notifier.send = async (message, signal) => {
      const attempt = await original.send(message, signal)
      return whatOf(message) === 'c1' ? retry('exit status 1') : attempt
    }
    put('c1', 'h1')
    start()
    await clock.pass(minutes)
    const others = () => tried().filter(line => !line.endsWith(' c1'))
    t.equal(others().length, 1, 'h1 was not held up')
    for (let i = 2; i < 60; i++) {
      put(`h${i}`)
      await clock.pass(minutes)
    }
    t.equal(others().length, 59)
    t.strictSame(owns, ['ops refused alert c1: exit status 1'])
  },
)

t.test('in an outage nothing is given up', async t => {
  const { put, start, clock, owns, waiting } = system(
    t,
    Array.from({ length: 2_000 }, () => retry()),
  )
  put('c1', 'h1')
  start()
  await clock.pass(3 * 60 * minutes)
  t.strictSame(
    owns,
    ['ops has delivered nothing for 15 minutes: answered 500'],
    'said once',
  )
  t.equal(waiting(), 2)
})

t.test(
  'a destination that refuses everything is suspended, and tried every ten minutes',
  async t => {
    const { put, start, clock, tried, owns, counters } = system(t, [suspended, suspended])
    put('h1')
    start()
    await clock.pass(25 * minutes)
    t.strictSame(tried(), ['0 h1', '600000 h1', '1200000 h1'])
    t.strictSame(owns, ['ops is suspended: answered 404 no_service'])
    t.equal(counters.get('delivery_suspensions'), 1)
  },
)

t.test('a new way to reach it is tried at once', async t => {
  const { put, start, clock, tried, notifier, closed } = system(t, [suspended])
  put('h1')
  const sender = start()
  await clock.pass(minutes)
  sender.use({ notifier: { ...notifier }, settings: 'as ever' })
  await clock.pass(seconds)
  t.strictSame(tried(), ['0 h1', '60000 h1'])
  t.equal(closed(), 1)
})

t.test(
  'one process sends to a destination; the next one takes over when it is gone',
  async t => {
    const { put, start, clock, tried } = system(t)
    const first = start()
    await clock.pass(10)
    start()
    await clock.pass(5 * seconds)
    put('h1', 'h2')
    await clock.pass(5 * seconds)
    t.equal(tried().length, 2)
    await first.drain(0)
    put('h3')
    await clock.pass(3 * seconds)
    t.equal(tried().length, 3)
  },
)

t.test('a lock that is held by whoever sends nothing is told, and counted', async t => {
  const { put, start, clock, owns, tried, stateDir, counters } = system(t)
  const lock = tryLock(stateDir, 'send ops')
  const sender = start()
  await clock.pass(10 * minutes)
  t.strictSame(owns, [], 'as long as nothing waits')
  put('h1')
  await clock.pass(minutes)
  t.strictSame(owns, [])
  await clock.pass(60 * minutes)
  const told = 'ops is suspended: another process holds its lock and sends nothing'
  t.strictSame(owns, [told], 'once')
  t.equal(counters.get('delivery_suspensions'), 1)
  lock?.release()
  await clock.pass(2 * seconds)
  t.equal(tried().length, 1, 'as soon as it can be had')
  await sender.drain(0)

  const other = tryLock(stateDir, 'send ops')
  const next = start()
  put('h2', 'h3')
  await clock.pass(5 * minutes)
  t.strictSame(owns, [told, told], 'once more, of another time')
  const draining = next.drain(0)
  await clock.pass(seconds)
  t.equal(await draining, 2)
  other?.release()
})

t.test('a sender that waits for its destination is not taken for stopped', async t => {
  for (const answer of [suspended, retry('answered 503', 3_600 * seconds), retry()]) {
    await t.test(answer.reason, async t => {
      const { put, start, clock, owns } = system(
        t,
        Array.from({ length: 1_000 }, () => answer),
      )
      put('h1')
      const first = start()
      await clock.pass(10)
      const before = owns.length
      const second = start()
      await clock.pass(14 * minutes)
      t.equal(owns.length, before)
      await second.drain(0)
      await first.drain(0)
    })
  }
})

t.test('a batch waits for its end, and goes as one digest', async t => {
  const { put: _, start, clock, tried, dir, stateDir, messages } = system(t)
  const lock = tryLock(stateDir, 'batch replay-1')
  for (const id of many('c', 20)) put(dir, id, 'replay-1')
  start()
  await clock.pass(5 * seconds)
  t.strictSame(tried(), [])
  closeBatch(dir, 'replay-1')
  lock?.release()
  await clock.pass(seconds)
  t.equal(tried().length, 1)
  t.match(messages()[0], { digest: { reason: 'replay', count: 20 } })
})

t.test('the batch of a process that was killed goes out all the same', async t => {
  const { start, clock, tried, dir } = system(t)
  for (const id of many('c', 3)) put(dir, id, 'replay-1')
  start()
  await clock.pass(seconds)
  t.match(tried(), [/digest of 3/])
})

t.test('an event that could not be written to disk is sent from memory', async t => {
  const { start, clock, tried } = system(t)
  const sender = start()
  await clock.pass(seconds)
  sender.hold([alertOf('h1')])
  sender.hold([alertOf('c1')])
  await clock.pass(2 * seconds)
  t.strictSame(tried(), ['1000 c1', '2000 h1'])
})

t.test(
  'what was held in memory is written down as soon as the disk takes it',
  async t => {
    const outage = Array.from({ length: 4 }, () => retry('answered 503', 60 * seconds))
    const { start, clock, tried, dir, waiting, said } = system(t, outage)
    mkdirSync(`${dir}/000001.queue`)
    const first = start()
    first.hold([alertOf('c1')])
    first.hold([alertOf('h1')])
    await clock.pass(3 * seconds)
    t.match(said, [/can't be read or written: EISDIR/, /answered 503/])
    rmSync(`${dir}/000001.queue`, { recursive: true })
    await clock.pass(10 * seconds)
    t.equal(waiting(), 2, 'on disk')
    t.equal(first.backlog()?.messages, 2, 'each once')
    t.equal(await first.drain(0), 2)
    start()
    await clock.pass(5 * minutes)
    t.strictSame(tried(), [
      ...[0, 60_000, 120_000, 180_000, 240_000].map(at => `${at} c1`),
      '241000 h1',
    ])
    t.equal(waiting(), 0)
  },
)

t.test('at the end what was held is written down at once', async t => {
  const { start, clock, dir, waiting } = system(t, [retry('answered 503', 60 * seconds)])
  mkdirSync(`${dir}/000001.queue`)
  const sender = start()
  sender.hold([alertOf('c1')])
  await clock.pass(2 * seconds)
  rmSync(`${dir}/000001.queue`, { recursive: true })
  const draining = sender.drain(0)
  await clock.pass(seconds)
  t.equal(await draining, 1)
  t.equal(waiting(), 1)
})

t.test(
  'a notifier that throws is a refusal, and one that hangs ends with the drain',
  async t => {
    const { put, start, clock, tried, owns, waiting } = system(t, [
      new Error('secret'),
      'hang',
    ])
    put('c1', 'h1')
    const sender = start()
    await clock.pass(5 * seconds)
    t.strictSame(tried(), ['0 c1', '1000 h1'])
    t.strictSame(owns, ['ops refused alert c1: unexpected Error'])
    const draining = sender.drain(10 * seconds)
    await clock.pass(11 * seconds)
    t.equal(await draining, 1)
    t.equal(waiting(), 1, 'it waits for the next start')
  },
)

t.test('a drain sends what it can, but does not wait out a longer pause', async t => {
  const { put, start, clock, tried, closed } = system(t, [
    delivered,
    retry('answered 429', 60 * seconds),
  ])
  put('h1', 'h2')
  const sender = start()
  await clock.pass(100)
  const draining = sender.drain(10 * seconds)
  await clock.pass(1_000)
  t.equal(await draining, 1, 'in the second after the 429')
  t.strictSame(tried(), ['0 h1', '1000 h2'])
  t.equal(closed(), 1)
})

t.test('an unreadable event is put aside, told, and not tried again', async t => {
  const { put, start, clock, tried, owns, dir } = system(t)
  put('h1')
  writeFileSync(`${dir}/000001.queue`, 'half a li\n{"severity":"high","alerts":3}\n', {
    flag: 'a',
  })
  put('h2')
  start()
  await clock.pass(5 * seconds)
  t.match(tried(), [/h1/, /h2/])
  t.equal(owns.length, 2)
  t.equal(readFileSync(`${dir}/000001.queue.corrupt`, 'utf8').split('\n').length, 3)
})

t.test('in an outage it is told once, not at each attempt', async t => {
  const outage = Array.from({ length: 10 }, () => retry())
  const { put, start, clock, owns, dir } = system(t, outage)
  put('h1', 'h2', 'h3')
  writeFileSync(`${dir}/000001.queue`, '{"severity":"high","alerts":[garbage\n', {
    flag: 'a',
  })
  put('h4', 'h5', 'h6')
  const first = start()
  await clock.pass(5 * minutes)
  t.strictSame(owns, [`corrupt ${dir}/000001.queue`])
  await first.drain(0)
  start()
  await clock.pass(20 * minutes)
  t.equal(owns.length, 1, 'nor after a start')
  t.equal(countWaiting(dir), 0)
})

t.test('files in the way stop nothing, and are told', async t => {
  const { put, start, clock, tried, said, dir, counters } = system(t)
  put('h1')
  mkdirSync(`${dir}/pace.json`)
  mkdirSync(`${dir}/000001.done`)
  start()
  await clock.pass(3 * seconds)
  t.strictSame(tried(), ['0 h1'], 'and it was not repeated')
  t.match(said[0], /the outbox of ops can't be read or written: EISDIR/)
  t.ok(counters.get('state_errors') > 0)
})

t.test('files in the way are told once an hour, however much is delivered', async t => {
  const { put, start, clock, tried, said, dir, counters } = system(t)
  mkdirSync(`${dir}/pace.json`)
  start()
  for (let i = 0; i < 61; i++) {
    put(`h${i}`)
    await clock.pass(minutes)
  }
  t.equal(tried().length, 61)
  t.ok(counters.get('state_errors') > 61)
  const trouble = "error the outbox of ops can't be read or written: EISDIR"
  t.strictSame(said, [trouble, trouble])
})

t.test('two troubles in turn are told once an hour each', async t => {
  const said: string[] = []
  const say = (text: string) => void said.push(text)
  const report = createDeliveryReport('ops', {
    counters: createCounters(),
    diagnostics: { error: say, warn: say, info: say, debug: say },
    onSuspended: say,
    onGivenUp: say,
  })
  for (let at = 0; at < 60 * minutes; at += seconds) {
    report.stateError('ENOSPC', at)
    report.stateError('EISDIR', at)
  }
  t.equal(said.length, 2)
  report.stateError('ENOSPC', 60 * minutes)
  t.equal(said.length, 3)
})

t.test('dead letters beyond the size of a file are all sent again', async t => {
  const { start, clock, dir, stateDir, messages } = system(t)
  const title = 'x'.repeat(9_000)
  const letters = many('h', 2_500).map(id =>
    JSON.stringify({ time: '', reason: '', alerts: [{ ...alertOf(id), title }] }),
  )
  writeFileSync(`${dir}/dead-letters.ndjson`, `${letters.join('\n')}\nhalf a li\n`)
  t.equal(requeueDeadLetters(stateDir, 'ops', noEvents), 2_500)
  start()
  for (let i = 0; i < 40 && messages().length === 0; i++) await clock.pass(seconds)
  t.match(messages(), [{ digest: { count: 2_500 } }])
})

t.test('of dead letters what was never written there is put aside, and told', async t => {
  const { start, clock, tried, dir, stateDir } = system(t)
  const letter = (alerts: unknown) =>
    `${JSON.stringify({ time: '', reason: '', alerts })}\n`
  const file = `${dir}/dead-letters.ndjson`
  const broken = `garbage\n${letter([{ id: 'h2' }])}`
  writeFileSync(file, `${letter([alertOf('h1')])}${broken}${letter([alertOf('h3')])}`)
  const told: string[] = []
  const events = { ...noEvents, corrupt: (what: string) => void told.push(what) }
  t.equal(requeueDeadLetters(stateDir, 'ops', events), 2)
  t.strictSame(told, [file])
  t.equal(readFileSync(`${file}.corrupt`, 'utf8'), broken)
  t.equal(requeueDeadLetters(stateDir, 'ops', events), 0)
  t.equal(told.length, 1)
  start()
  await clock.pass(2 * seconds)
  t.strictSame(tried(), ['0 h1', '1000 h3'])
})

t.test('a pace or a batch that was never written is put aside, and told', async t => {
  const { start, clock, tried, dir, owns } = system(t)
  put(dir, 'h1', 'replay-1')
  closeBatch(dir, 'replay-1')
  writeFileSync(`${dir}/000001.digest`, 'garbage\n', { flag: 'a' })
  writeFileSync(`${dir}/pace.json`, '{{{')
  const first = start()
  await clock.pass(2 * seconds)
  t.strictSame(tried(), ['0 digest of 1'])
  const files = [`${dir}/pace.json`, `${dir}/000001.digest`]
  t.strictSame(
    owns,
    files.map(file => `corrupt ${file}`),
  )
  t.equal(readFileSync(`${files[0]}.corrupt`, 'utf8'), '{{{')
  t.match(readFileSync(`${files[1]}.corrupt`, 'utf8'), /\ngarbage\n$/)
  await first.drain(0)
  start()
  await clock.pass(2 * seconds)
  t.equal(owns.length, 2)
  t.equal(tried().length, 1)
})

t.test('what cannot become a dead letter is not lost', async t => {
  const { put, start, clock, tried, dir } = system(t, [refused])
  mkdirSync(`${dir}/dead-letters.ndjson`)
  put('h1')
  start()
  await clock.pass(5 * seconds)
  t.strictSame(tried(), ['0 h1', '1000 h1'])
})
