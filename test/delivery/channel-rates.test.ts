import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createCounters } from '../../src/counters.js'
import { startSender } from '../../src/delivery/sender.js'
import { wayTo } from '../../src/delivery/way.js'
import {
  appendMessages,
  countWaiting,
  nextPlace,
  outboxDir,
} from '../../src/state/outbox-files.js'
import type { StandIn, StandInOptions } from '../fixtures/http-stand-in.js'
import { startPagerdutyStandIn } from '../fixtures/pagerduty-stand-in.js'
import { alertNamed } from '../fixtures/recording.js'
import { startSlackStandIn } from '../fixtures/slack-stand-in.js'
import { startTeamsStandIn } from '../fixtures/teams-stand-in.js'
import { startWebexStandIn } from '../fixtures/webex-stand-in.js'

/** Each channel with a rate, and the settings that lead there. */
const channels: Record<
  string,
  (options: StandInOptions) => Promise<[StandIn, Readonly<Record<string, string>>]>
> = {
  slack: async options => withUrl(await startSlackStandIn(options)),
  teams: async options => withUrl(await startTeamsStandIn('message', options)),
  webex: async options => withUrl(await startWebexStandIn(options)),
  pagerduty: async options => {
    const server = await startPagerdutyStandIn(options)
    return [server, server.settings]
  },
}

function withUrl(server: StandIn): [StandIn, Readonly<Record<string, string>>] {
  return [server, { url: server.url }]
}

/** A clock on which no time passes but in pauses, and these take no time. */
function hastyClock() {
  let time = Date.parse('2026-11-23T12:00:00Z')
  return {
    now: () => time,
    async delay(ms: number, signal: AbortSignal) {
      await turn()
      if (!signal.aborted) time += ms
    },
  }
}

async function setUp(t: Test, kind: string) {
  const clock = hastyClock()
  const [server, settings] = await channels[kind]!({ now: clock.now })
  t.teardown(() => server.close())
  const route = { minSeverity: 'info', rules: [], tags: [] } as const
  const way = wayTo({ name: kind, kind, settings, route }, { env: {}, now: clock.now })
  t.teardown(() => way.notifier.close())
  return { clock, server, way }
}

for (const kind of Object.keys(channels)) {
  t.test(`${kind}: a sender never sends more than the channel takes`, async t => {
    const { clock, server, way } = await setUp(t, kind)
    const stateDir = t.testdir({ outbox: { [kind]: {} } })
    const dir = outboxDir(stateDir, kind)
    for (let i = 0; i < 60; i++) {
      const severity = i % 3 === 0 ? 'critical' : 'high'
      const alerts = [alertNamed(`${i}`, { severity })]
      appendMessages(dir, nextPlace(dir, undefined), [alerts], () => {})
    }
    const said: string[] = []
    const say = (message: string) => void said.push(message)
    const silent = () => {}
    const sender = startSender(way, {
      counters: createCounters(),
      diagnostics: { error: say, warn: say, info: say, debug: say },
      stateDir,
      alertLog: '/var/log/vault/audit.alert',
      stateEvents: { corrupt: silent, cut: silent, evicted: silent, dropped: silent },
      locked: action => action(),
      onSuspended: say,
      onGivenUp: say,
      ...clock,
    })
    t.teardown(() => sender.drain(0))
    while (countWaiting(dir) > 0 && said.length === 0) await turn()
    t.strictSame(said, [])
    const statuses = server.requests.map(({ status }) => status)
    t.ok(statuses.length > 10, `${statuses.length} messages`)
    t.equal(new Set(statuses).size, 1)
  })

  t.test(
    `${kind}: the stand-in refuses some of 30 at once, as the channel does`,
    async t => {
      const { way } = await setUp(t, kind)
      const message = { kind: 'alerts', alerts: [alertNamed('a')] } as const
      const never = new AbortController().signal
      const attempts = await Promise.all(
        Array.from({ length: 30 }, () => way.notifier.send(message, never)),
      )
      const refused = attempts.filter(({ outcome }) => outcome !== 'delivered')
      t.ok(refused.length >= 25, `${refused.length} were too many`)
      const tooMany = kind === 'pagerduty' ? {} : { retryAfterMs: 1_000 }
      for (const attempt of refused) {
        t.match(attempt, { outcome: 'retry', reason: /^answered 429/, ...tooMany })
      }
    },
  )
}
