import { writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import { parseConfig } from '../../src/config/config.js'
import { createCounters } from '../../src/counters.js'
import { createDispatch } from '../../src/delivery/dispatch.js'
import { envelope } from '../../src/notify/envelope.js'
import { batchAlerts } from '../../src/state/outbox-line.js'
import { tryLock } from '../../src/state/lock.js'
import {
  appendMessages,
  countWaiting,
  nextPlace,
  outboxDir,
} from '../../src/state/outbox-files.js'
import { sampleAlert } from '../fixtures/alerts.js'

const forMachines = `[webhook]
url = http://127.0.0.1:1/
[command]
run = /bin/true
[sns]
topic_arn = arn:aws:sns:eu-central-1:123456789012:vault-alerts
[servicebus]
namespace = alerts
entity = vault-alerts
[pubsub]
topic = projects/security-1/topics/vault-alerts
`

function dispatchTo(t: Test, ini: string) {
  const stateDir = t.testdir()
  const silent = () => {}
  const world = { env: {}, now: Date.now }
  let starts = 0
  const dispatch = createDispatch(world, () => ({
    counters: createCounters(),
    diagnostics: { error: silent, warn: silent, info: silent, debug: silent },
    stateDir,
    alertLog: `${stateDir}/audit.alert`,
    stateEvents: { corrupt: silent, cut: silent, evicted: silent, dropped: silent },
    locked: action => action(),
    get random() {
      starts += 1
      return Math.random
    },
    onSuspended: silent,
    onGivenUp: silent,
  }))
  const { config, faults } = parseConfig('x.ini', ini, {})
  t.strictSame(faults, [])
  dispatch.configure(config.destinations)
  t.teardown(() => dispatch.drain(0))
  return {
    stateDir,
    drain: (limitMs = 0) => dispatch.drain(limitMs),
    /** How many senders were started. */
    starts: () => starts,
    route: (...alerts: Alert[]) => dispatch.route(alerts, undefined, undefined),
  }
}

type Sent = Record<'alert' | 'omitted', Record<string, unknown> | undefined>

/** What arrives at each destination, by way of its outbox, where a message takes so many bytes. */
function arriving(t: Test, parts: Partial<Alert>, maxBytes = Infinity): Sent[] {
  const { stateDir, route } = dispatchTo(t, forMachines)
  const deliveries = route(sampleAlert(parts))
  t.equal(deliveries.length, 5)
  return deliveries.map(({ destination, messages }) => {
    const dir = outboxDir(stateDir, `kept-${destination}`)
    const place = nextPlace(dir, undefined)
    appendMessages(dir, place, messages, () => {})
    const [alerts = []] = batchAlerts(`${dir}/${place.file}`)
    return JSON.parse(envelope({ kind: 'alerts', alerts }, maxBytes)) as Sent
  })
}

/** An entry that takes so many characters, in strings that are not cut. */
const entryOf = (char: string, chars: number) => {
  const strings = Array.from({ length: Math.floor(chars / 8_003) }, () =>
    char.repeat(8_000),
  )
  const rest = chars - JSON.stringify(strings).length - 2
  return JSON.stringify([...strings, 'x'.repeat(rest - 1)])
}

t.test('an entry or line that is too large to be sent is told, in bytes', async t => {
  const most = 65_536
  const cases: [Partial<Alert>, object | undefined][] = [
    [{ entryJson: entryOf('é', most) }, undefined],
    [{ entryJson: entryOf('é', most + 1) }, { entry: 129_537 }],
    [{ entryJson: `${'['.repeat(20_000)}${']'.repeat(20_000)}` }, { entry: 40_000 }],
    [{ line: `vault[1]: ${'é'.repeat(most)}` }, { line: 131_082 }],
    [
      { line: `vault[1]: ${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}` },
      { line: 54_011 },
    ],
    [{ line: 'vault[1]: core: {not JSON' }, undefined],
  ]
  for (const [parts, omitted] of cases) {
    for (const sent of arriving(t, parts)) {
      t.strictSame(sent.omitted, omitted)
      const isThere = sent.alert?.['entry'] ?? sent.alert?.['line']
      t.equal(isThere === undefined, omitted !== undefined)
    }
  }
})

t.test('one that is too large for the channel only, too', async t => {
  // What XML can't carry takes six bytes a character.
  const entryJson = entryOf('\ufffe', 60_000)
  const masked = Buffer.byteLength(entryJson)
  for (const sent of arriving(t, { entryJson }, 262_144)) {
    t.strictSame(sent.omitted, { entry: masked })
    t.equal(sent.alert?.['entry'], undefined)
  }
})

t.test('a long string or line is cut, and says so', async t => {
  const [long, cut] = ['x'.repeat(9_000), `${'x'.repeat(8_192)}…`]
  for (const sent of arriving(t, { entryJson: JSON.stringify({ data: long }) })) {
    t.strictSame(sent.alert?.['entry'], { data: cut })
  }
  for (const sent of arriving(t, { line: long })) t.equal(sent.alert?.['line'], cut)
})

t.test('messages of one request are told apart by what may join them', async t => {
  const first = sampleAlert({ id: 'a1', event: 'request-1' })
  const outcome = { ...first, id: 'o1', of: 'a0', outcome: 'denied' }
  const eventsAt = (ini: string, alerts: Alert[]) =>
    dispatchTo(t, ini)
      .route(...alerts)
      .map(({ messages }) => messages.map(found => found.map(({ event }) => event)))
  t.strictSame(
    eventsAt('[command]\nrun = /bin/true\n', [first, outcome]),
    [[['a1'], ['a0']]],
    'an outcome joins its alert',
  )
  t.strictSame(
    eventsAt('[slack]\nurl = http://127.0.0.1:1/\n', [first, outcome]),
    [[['request-1', 'request-1']]],
    'one message takes all',
  )
  const many = Array.from({ length: 31 }, (_, i) =>
    sampleAlert({ id: `m${i}`, event: 'request-1' }),
  )
  const [[inFirst = [], ...rest] = []] = eventsAt(
    '[slack]\nurl = http://127.0.0.1:1/\n',
    many,
  )
  t.ok(inFirst.every(event => event === 'request-1'))
  t.equal(rest.flat().at(-1), 'm30')
  t.notOk(rest.flat().includes('request-1'), 'what does not fit is by itself')
})

t.test('the end is reached at once where another process sends what waits', async t => {
  const { stateDir, drain, starts } = dispatchTo(t, '[command]\nrun = /bin/true\n')
  const dir = outboxDir(stateDir, 'command')
  appendMessages(dir, nextPlace(dir, undefined), [[sampleAlert()]], () => {})
  const lock = tryLock(stateDir, 'send command')!
  t.teardown(() => lock.release())
  t.equal(await drain(500), 0)
  t.equal(starts(), 1)
  t.equal(countWaiting(dir), 1)
})

t.test('the end is reached where no outbox can be read', async t => {
  const { stateDir, drain } = dispatchTo(t, '[command]\nrun = /bin/true\n')
  writeFileSync(`${stateDir}/outbox`, '')
  t.equal(await drain(), 0)
})
