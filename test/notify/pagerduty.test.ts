import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import { createDigestBuilder } from '../../src/alert/digest.js'
import type { Message } from '../../src/notify/notifier.js'
import { pagerdutyEvent } from '../../src/notify/pagerduty-event.js'
import { pagerduty } from '../../src/notify/pagerduty.js'
import { severities } from '../../src/rule/severity.js'
import { oneLine } from '../../src/text/one-line.js'
import { sampleAlert } from '../fixtures/alerts.js'
import type { Answer } from '../fixtures/http-stand-in.js'
import { linkable, restored } from '../fixtures/links.js'
import {
  judgeEvent,
  routingKey,
  startPagerdutyStandIn,
} from '../fixtures/pagerduty-stand-in.js'

const never = new AbortController().signal
const world = { env: {}, now: () => Date.parse('2026-11-23T20:37:00Z') }
const alert = sampleAlert({
  id: '6f1e0c9a7b3d4e526f1e0c9a7b3d4e52',
  time: '2026-11-23T20:37:00.123456789Z',
  entryJson: '{"secret":"entry"}',
  facts: {
    who: 'token-alice, policies admin',
    what: 'update sys/generate-root/attempt, succeeded',
    where: '10.0.0.7, namespace root',
    request: '9c1d4d39-6a60-4c1e-a2f7-5b4f0d9a7a10',
    find: 'jq -c \'select(.request.id == "9c1d4d39")\' /var/log/vault/audit',
  },
})
const message = (...alerts: Alert[]): Message => ({ kind: 'alerts', alerts })

async function standIn(t: Test) {
  const server = await startPagerdutyStandIn({ isPatient: true })
  t.teardown(() => server.close())
  return server
}

/** One attempt; no reason may show the key. */
async function attempt(t: Test, settings: Record<string, string>, signal = never) {
  const notifier = pagerduty.create('pagerduty', settings, world)
  const result = await notifier.send(message(alert), signal)
  await notifier.close()
  t.notMatch(result.reason, /SECRET/)
  return result
}

t.test('an alert is triggered, under its own id, in the region of the ini', async t => {
  const server = await standIn(t)
  const taken = { outcome: 'delivered', reason: 'answered 202 success' }
  t.strictSame(await attempt(t, server.settings), taken)
  t.strictSame(await attempt(t, { ...server.settings, region: 'us' }), taken)
  t.strictSame(await attempt(t, { ...server.settings, region: 'eu' }), taken)
  t.strictSame(server.hosts, [
    'events.pagerduty.com:443',
    'events.pagerduty.com:443',
    'events.eu.pagerduty.com:443',
  ])
  t.strictSame(server.requests[0]?.body, {
    routing_key: routingKey,
    event_action: 'trigger',
    dedup_key: alert.id,
    client: 'vault-log-handler',
    payload: {
      summary: alert.title,
      source: '10.0.0.7, namespace root',
      timestamp: '2026-11-23T20:37:00.123Z',
      component: 'audit',
      group: 'generate-root-accessed',
      class: 'alert',
      custom_details: {
        id: alert.id,
        severity: 'critical',
        who: 'token-alice, policies admin',
        what: 'update sys/generate-root/attempt, succeeded',
        where: '10.0.0.7, namespace root',
        request: '9c1d4d39-6a60-4c1e-a2f7-5b4f0d9a7a10',
        find: alert.facts.find,
      },
      severity: 'critical',
    },
  })
})

t.test('how it wants to be sent to', async t => {
  const notifier = pagerduty.create(
    'pagerduty-oncall',
    { routing_key: routingKey },
    world,
  )
  t.match(notifier, { name: 'pagerduty-oncall', intervalMs: 500, digestOver: 20 })
  t.strictSame(notifier.split?.([alert, alert]), [[alert], [alert]])
  t.throws(() => pagerdutyEvent(message(alert, alert)), RangeError)
  t.throws(() => pagerdutyEvent(message()), RangeError)
  await notifier.close()
})

t.test('severities', async t => {
  const shown = severities.map(severity => {
    return pagerdutyEvent(message({ ...alert, severity })).payload.severity
  })
  t.strictSame(shown, ['critical', 'error', 'warning', 'info', 'info'])
})

t.test('what is not known is left out, and what is needed is there', async t => {
  const bare = { ...alert, title: ' ', time: 'then', facts: { who: '', find: 'grep' } }
  const event = pagerdutyEvent(message({ ...bare, log: 'server' }))
  t.match(event.payload, { summary: 'generate-root-accessed', source: 'server log' })
  t.notOk('timestamp' in event.payload)
  t.strictSame(Object.keys(event.payload.custom_details), ['id', 'severity', 'find'])
  t.equal(judged(event).status, 202)
})

t.test('a digest', async t => {
  const builder = createDigestBuilder()
  for (let i = 0; i < 30; i++) {
    const rule = `rule-${i % 12}`
    builder.add({ ...alert, id: `${i}`.padStart(32, '0'), rule, title: `title ${i}` })
  }
  builder.add({ ...alert, severity: 'low', title: 'a low one' })
  const digest = builder.digest('flood', () => 'jq . /var/log/vault/audit.alert')
  const event = pagerdutyEvent({ kind: 'digest', digest })
  t.match(event, {
    dedup_key: digest.id,
    payload: {
      summary:
        'critical: 31 alerts in one message, since there are too many to send each',
      severity: 'critical',
      class: 'digest',
      source: 'vault-log-handler',
      timestamp: '2026-11-23T20:37:00.123Z',
      custom_details: {
        id: digest.id,
        count: 31,
        severities: ['30 critical', '1 low'],
        titles: ['title 0', 'title 1', 'title 2', 'title 3', 'title 4'],
        first: '0'.repeat(32),
        last: alert.id,
        from: alert.time,
        find: 'jq . /var/log/vault/audit.alert',
      },
    },
  })
  const { rules } = event.payload.custom_details as { rules: string[] }
  t.equal(rules.length, 11)
  t.equal(rules.at(-1), '5 of other rules')
  const few = createDigestBuilder()
  few.add(alert)
  const small = pagerdutyEvent({
    kind: 'digest',
    digest: few.digest('replay', () => 'grep'),
  })
  t.strictSame(small.payload.custom_details['rules'], ['1 generate-root-accessed'])
  t.equal(judged(event).status, 202)
  t.equal(judged(small).status, 202)
})

const invalid = (error: string) =>
  JSON.stringify({ status: 'invalid event', message: 'x', errors: [error] })
const classes: [Answer, object][] = [
  [
    { status: 400, body: invalid("'payload.summary' is missing or blank") },
    {
      outcome: 'refused',
      reason: "answered 400 invalid_event 'payload.summary' is missing or blank",
    },
  ],
  [
    { status: 400, body: invalid(`no ${routingKey} of this title: Invalid routing key`) },
    {
      outcome: 'refused',
      reason: 'answered 400 invalid_event no … of this title: Invalid routing key',
    },
  ],
  [
    { status: 400, body: '{"errors":[7]}' },
    { outcome: 'refused', reason: 'answered 400' },
  ],
  [
    { status: 400, body: `<p>${routingKey}` },
    { outcome: 'refused', reason: 'answered 400' },
  ],
  [
    { status: 400, body: 'Invalid routing key' },
    { outcome: 'suspended', reason: 'answered 400, refusing the routing key' },
  ],
  [
    { status: 400, body: invalid("'routing_key' cannot contain …") },
    { outcome: 'suspended', reason: 'answered 400, refusing the routing key' },
  ],
  [{ status: 403 }, { outcome: 'suspended', reason: 'answered 403' }],
  [{ status: 401 }, { outcome: 'suspended', reason: 'answered 401' }],
  [{ status: 404 }, { outcome: 'suspended', reason: 'answered 404' }],
  [{ status: 410 }, { outcome: 'suspended', reason: 'answered 410' }],
  [{ status: 413 }, { outcome: 'refused', reason: 'answered 413' }],
  [
    { status: 429, headers: { 'retry-after': '60' } },
    { outcome: 'retry', reason: 'answered 429', retryAfterMs: 60_000 },
  ],
  [{ status: 503 }, { outcome: 'retry', reason: 'answered 503' }],
  [
    { status: 200, body: 'ok' },
    { outcome: 'retry', reason: 'answered 200 ok' },
  ],
  [{ status: 302 }, { outcome: 'suspended', reason: 'answered 302, a redirect' }],
]

t.test('answers', async t => {
  const server = await standIn(t)
  for (const [answer, expected] of classes) {
    server.answer(answer)
    const result = await attempt(t, server.settings)
    t.strictSame(result, expected, JSON.stringify(answer))
  }
})

t.test('a key of no integration, or of the wrong length, suspends', async t => {
  const server = await standIn(t)
  for (const routing_key of ['x'.repeat(32), 'short']) {
    t.match(await attempt(t, { ...server.settings, routing_key }), {
      outcome: 'suspended',
      reason: 'answered 400, refusing the routing key',
    })
  }
})

t.test('an abort ends an attempt, and so does a lost connection', async t => {
  const server = await standIn(t)
  server.answer('close')
  t.match(await attempt(t, server.settings), {
    outcome: 'retry',
    reason: /^events\.pagerduty\.com: [A-Z_]+$/,
  })
  server.answer('hang')
  const controller = new AbortController()
  const result = attempt(t, server.settings, controller.signal)
  await server.waitFor(request => request.status === 'hang', 20_000)
  controller.abort()
  t.strictSame(await result, {
    outcome: 'retry',
    reason: 'events.pagerduty.com: aborted',
  })
})

t.test('keys of the ini', async t => {
  const { routing_key, region } = pagerduty.keys
  t.ok(routing_key?.isRequired)
  t.strictSame(routing_key?.parse(routingKey), { value: routingKey })
  for (const wrong of [
    `${routingKey}x`,
    routingKey.slice(1),
    `${routingKey.slice(1)}-`,
  ]) {
    const said = routing_key?.parse(wrong)
    t.equal(
      said,
      `must be an integration key of 32 letters and digits, got ${wrong.length} characters`,
    )
  }
  t.strictSame(region?.parse('eu'), { value: 'eu' })
  t.equal(region?.parse('asia'), 'must be us or eu, got "asia"')
})

function judged(event: object) {
  const json = JSON.stringify({ routing_key: routingKey, ...event })
  return judgeEvent(Buffer.byteLength(json), JSON.parse(json))
}

t.test('the stand-in refuses what PagerDuty would', async t => {
  const event = pagerdutyEvent(message(alert))
  const { payload } = event
  const bad = [
    { ...event, routing_key: 'x'.repeat(32) },
    { ...event, routing_key: 'short' },
    { ...event, event_action: 'page' },
    { ...event, dedup_key: 'x'.repeat(256) },
    { ...event, payload: { ...payload, summary: 'x'.repeat(1_025) } },
    { ...event, payload: { ...payload, source: ' ' } },
    { ...event, payload: { ...payload, severity: 'high' } },
    { ...event, payload: { ...payload, timestamp: 'now' } },
    { ...event, payload: { ...payload, group: '' } },
    { ...event, payload: { ...payload, custom_details: {} } },
  ]
  for (const wrong of bad) t.equal(judged(wrong).status, 400)
  t.equal(judgeEvent(524_289, event).status, 413)
  t.equal(judged(event).status, 202)
})

const nasty = fc.oneof(
  fc.constantFrom(
    '://',
    '\\\\',
    'www.',
    'mailto:',
    '.a',
    '@a',
    '"',
    '\\',
    '<',
    '\u0000',
    '🔥',
  ),
  fc.constantFrom('\u202e', '\ud800', ' ', 'https://evil.example/', '<!channel>'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
)
const text = (max: number) =>
  fc.oneof(
    fc
      .array(nasty, { maxLength: max, size: 'max' })
      .map(parts => parts.join('').slice(0, max)),
    fc.tuple(nasty, fc.nat(max)).map(([part, n]) => part.repeat(n).slice(0, max)),
  )

t.test('any alert: an event that is taken, with its id and whole title', async t => {
  const property = fc.property(
    fc.record({
      title: text(500),
      severity: fc.constantFrom(...severities),
      time: text(40),
      facts: fc.record({
        who: text(2_000),
        what: text(2_000),
        where: text(2_000),
        request: text(2_000),
        find: text(5_000),
      }),
    }),
    ({ title: raw, ...parts }) => {
      // As titles come: one visible line of at most 500 characters.
      const title = oneLine(raw, 500)
      const event = pagerdutyEvent(message({ ...alert, ...parts, title }))
      const { payload, dedup_key } = event
      const { find, ...details } = payload.custom_details
      const seen = [payload.summary, payload.source, ...Object.values(details)].join('\n')
      const said = restored(payload.summary)
      const broken = [
        judged(event).status !== 202 && String(judged(event).body),
        dedup_key !== alert.id && 'no id',
        said !== restored(title.trim() || alert.rule) && `title ${payload.summary}`,
        linkable.test(seen) && 'a link',
        /[\p{Cc}\p{Cf}\p{Cs}]/u.test(seen.replaceAll('\n', '')) && 'not visible',
        String(find).length > 4_000 && 'a long command',
      ].filter(Boolean)
      if (broken.length > 0) throw new Error(broken.join(', '))
    },
  )
  t.doesNotThrow(() => fc.assert(property, { numRuns: 200 }))
})
