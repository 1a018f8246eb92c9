import t, { type Test } from 'tap'
import type { Settings } from '../../src/notify/destination.js'
import type { Message } from '../../src/notify/notifier.js'
import { slack } from '../../src/notify/slack.js'
import { largestDigest, sampleAlert, sampleDigest } from '../fixtures/alerts.js'
import type { Answer, StandInOptions } from '../fixtures/http-stand-in.js'
import { rendered, startSlackStandIn } from '../fixtures/slack-stand-in.js'

const alert = sampleAlert()
const message: Message = { kind: 'alerts', alerts: [alert] }

const path = '/services/T0SECRET01/B0SECRET02/xSECRETtokenSECRET03'
const never = new AbortController().signal
const now = () => Date.parse('2026-11-23T20:37:00Z')
const create = (settings: Settings, env = {}) =>
  slack.create('slack', settings, { env, now })

/** One attempt; no reason may ever show the webhook. */
async function attempt(
  t: Test,
  settings: Settings,
  { sent = message, signal = never } = {},
) {
  const notifier = create(settings)
  const result = await notifier.send(sent, signal)
  await notifier.close()
  t.notMatch(result.reason, /SECRET|services/)
  return result
}

async function standIn(t: Test, options: StandInOptions = {}) {
  const server = await startSlackStandIn({ path, isPatient: true, ...options })
  t.teardown(() => server.close())
  return server
}

/** A stand-in on which the first requests are answered as given. */
async function answering(t: Test, ...answers: Answer[]) {
  const server = await standIn(t)
  server.answer(...answers)
  return server
}

t.test('what Slack takes is delivered', async t => {
  const server = await standIn(t)
  const notifier = slack.create('slack-ops', { url: server.url }, { env: {}, now })
  t.match(notifier, { name: 'slack-ops', intervalMs: 1_000, digestOver: 5 })
  t.strictSame(notifier.split?.([alert, alert]), [[alert, alert]])
  for (let i = 0; i < 3; i++) {
    const result = await notifier.send(message, never)
    t.strictSame(result, { outcome: 'delivered', reason: 'answered 200 ok' })
  }
  await notifier.close()
  t.equal(server.requests.length, 3)
  const { body, headers } = server.requests[0]!
  t.match(body, { text: /Root token .*\nalert `6f1e/, blocks: Array })
  t.equal(headers['content-type'], 'application/json; charset=utf-8')
})

const classes: [Answer, object][] = [
  [
    { status: 429, body: 'x', headers: { 'retry-after': '30' } },
    { outcome: 'retry', reason: 'answered 429 x', retryAfterMs: 30_000 },
  ],
  [
    {
      status: 429,
      headers: { 'retry-after': 'Mon, 23 Nov 2026 21:37:00 GMT' },
      body: '{"retry_after":1,"ok":false,"error":"rate_limited"}',
    },
    { outcome: 'retry', reason: 'answered 429 rate_limited', retryAfterMs: 3_600_000 },
  ],
  [
    { status: 429, headers: { 'retry-after': 'Mon, 23 Nov 2026 20:00:00 GMT' } },
    { outcome: 'retry', reason: 'answered 429', retryAfterMs: 0 },
  ],
  [
    { status: 429, body: '{"retry_after":7,"ok":false,"error":"rate_limited"}' },
    { outcome: 'retry', reason: 'answered 429 rate_limited', retryAfterMs: 7_000 },
  ],
  [
    { status: 429, headers: { 'retry-after': 'soon' }, body: '{"retry_after":-1}' },
    { outcome: 'retry', reason: 'answered 429' },
  ],
  [
    { status: 500, body: 'rollup_error' },
    { outcome: 'retry', reason: /500 rollup_error$/ },
  ],
  [
    { status: 503, headers: { 'retry-after': '5' }, body: `<h1>${path}</h1>` },
    { outcome: 'retry', reason: 'answered 503', retryAfterMs: 5_000 },
  ],
  [{ status: 408 }, { outcome: 'retry', reason: 'answered 408' }],
  [
    { status: 401, body: 'no_auth' },
    { outcome: 'suspended', reason: /401 no_auth$/ },
  ],
  [
    { status: 403, body: 'action_prohibited' },
    { outcome: 'suspended', reason: 'answered 403 action_prohibited' },
  ],
  [
    { status: 404, body: 'no_service\n' },
    { outcome: 'suspended', reason: 'answered 404 no_service' },
  ],
  [
    { status: 410, body: 'channel_is_archived' },
    { outcome: 'suspended', reason: 'answered 410 channel_is_archived' },
  ],
  [
    { status: 302, headers: { location: path }, body: path },
    { outcome: 'suspended', reason: 'answered 302, a redirect' },
  ],
  [
    { status: 405, body: path },
    { outcome: 'refused', reason: 'answered 405' },
  ],
  [
    { status: 413, body: 'Too Large' },
    { outcome: 'refused', reason: 'answered 413' },
  ],
  [{ status: 200, body: ' ok\n' }, { outcome: 'delivered' }],
  [
    { status: 200, body: '' },
    { outcome: 'retry', reason: 'answered 200 and no text' },
  ],
  [{ status: 204 }, { outcome: 'retry', reason: 'answered 204 and no text' }],
  [
    { status: 200, body: 'okay,\u202e then' },
    { outcome: 'retry', reason: 'answered 200 okay, then' },
  ],
  [
    {
      status: 200,
      body: `<p>Log in at https://h${path}?x=1 (B0SECRET02, xSECRETtokenSECRET03)`,
    },
    { outcome: 'retry', reason: 'answered 200 <p>Log in at … (…, …)' },
  ],
  [
    { status: 200, body: 'no '.repeat(2_000) },
    { outcome: 'retry', reason: `answered 200 ${'no '.repeat(33)}n…` },
  ],
]

for (const [answer, expected] of classes) {
  t.test(`answered ${JSON.stringify(answer).slice(0, 80)}`, async t => {
    const server = await answering(t, answer)
    const result = await attempt(t, { url: server.url })
    t.match(result, expected)
    t.equal('retryAfterMs' in result, 'retryAfterMs' in expected)
    t.equal(server.requests.length, 1)
  })
}

t.test('a message whose blocks are refused is sent as text', async t => {
  const reason = 'answered 400 invalid_blocks; as plain text: answered'
  const outcomes: [Answer[], object][] = [
    [[], { outcome: 'delivered', reason: `${reason} 200 ok` }],
    [
      [{ status: 400, body: 'invalid_payload' }],
      { outcome: 'refused', reason: `${reason} 400 invalid_payload` },
    ],
    [
      [{ status: 429, headers: { 'retry-after': '9' } }],
      { outcome: 'retry', reason: `${reason} 429`, retryAfterMs: 9_000 },
    ],
    [
      [{ status: 404, body: 'no_service' }],
      { outcome: 'suspended', reason: `${reason} 404 no_service` },
    ],
  ]
  for (const [second, expected] of outcomes) {
    const server = await answering(t, { status: 400, body: 'invalid_blocks' }, ...second)
    t.strictSame(await attempt(t, { url: server.url }), expected)
    const bodies = server.requests.map(request => request.body)
    t.match(bodies, [{ blocks: Array }, { text: /Root token/ }])
    t.notOk(Object.hasOwn(bodies[1] as object, 'blocks'))
    t.equal(bodies.length, 2)
    const [blocks, plain] = server.requests.map(({ time }) => time)
    t.ok(plain! - blocks! > 900, 'a second apart, as Slack asks for')
  }
})

t.test('an abort ends the wait for the second attempt', async t => {
  const server = await answering(t, { status: 400, body: 'invalid_blocks' })
  const controller = new AbortController()
  const result = attempt(t, { url: server.url }, { signal: controller.signal })
  await server.waitFor(() => true, 60_000)
  // Time for the answer to arrive.
  await new Promise(resolve => setTimeout(resolve, 200))
  controller.abort()
  t.match(await result, { outcome: 'retry', reason: /as plain text: 127.*aborted$/ })
  t.equal(server.requests.length, 1)
})

t.test('trouble with the network is tried again', async t => {
  const closing = await answering(t, 'close')
  const closed = await attempt(t, { url: closing.url })
  t.match(closed, { outcome: 'retry', reason: /^127\.0\.0\.1: [A-Z_]+$/ })

  const gone = await startSlackStandIn({ path })
  await gone.close()
  t.strictSame(await attempt(t, { url: gone.url }), {
    outcome: 'retry',
    reason: '127.0.0.1: ECONNREFUSED',
  })
  t.strictSame(await attempt(t, { url: path }), {
    outcome: 'retry',
    reason: 'no valid URL: ERR_INVALID_URL',
  })
  t.strictSame(await attempt(t, { url: gone.url }, { signal: AbortSignal.abort() }), {
    outcome: 'retry',
    reason: '127.0.0.1: aborted',
  })
})

t.test('an answer that breaks off delivers only where it says ok', async t => {
  const server = await answering(t, { status: 200, ending: 'close' })
  t.strictSame(await attempt(t, { url: server.url }), {
    outcome: 'retry',
    reason: 'answered 200 and no text, cut off',
  })
  server.answer({ status: 200, body: 'ok', ending: 'close' })
  t.match(await attempt(t, { url: server.url }), { outcome: 'delivered' })
})

t.test('after an abort or a failure, the same notifier delivers', async t => {
  const server = await answering(t, 'hang', 'close')
  const notifier = create({ url: server.url })
  const controller = new AbortController()
  const first = notifier.send(message, controller.signal)
  await server.waitFor(request => request.status === 'hang', 60_000)
  controller.abort()
  t.strictSame(await first, { outcome: 'retry', reason: '127.0.0.1: aborted' })
  t.match(await notifier.send(message, never), { outcome: 'retry' })
  t.match(await notifier.send(message, never), { outcome: 'delivered' })
  await notifier.close()
})

t.test(
  'the proxy and the CA file of the section, and the environment, count',
  async t => {
    const { url } = await standIn(t)
    const dead = 'http://127.0.0.1:1'
    const reason = '127.0.0.1: ECONNREFUSED'
    t.strictSame(await attempt(t, { url, proxy: dead }), { outcome: 'retry', reason })
    t.match(await attempt(t, { url, ca_file: '/no/such/file' }), {
      outcome: 'retry',
      reason: '127.0.0.1: CA_FILE_ENOENT',
    })
    const notifier = create({ url }, { http_proxy: dead })
    t.strictSame(await notifier.send(message, never), { outcome: 'retry', reason })
    await notifier.close()
  },
)

t.test('a digest is taken, with blocks and without', async t => {
  const digest = sampleDigest()
  const server = await answering(t, { status: 400, body: 'invalid_blocks' })
  const sent: Message = { kind: 'digest', digest }
  t.match(await attempt(t, { url: server.url }, { sent }), { outcome: 'delivered' })
  t.equal(server.requests.length, 2)
  for (const { body } of server.requests) t.match(rendered(body), digest.find)
})

t.test('Slack takes the largest digests as they are', async t => {
  const server = await standIn(t)
  for (const part of ['&', '"', '🔥', '<!channel>']) {
    const find = `grep -F '${'x'.repeat(900)}' /var/log/vault/audit.alert`
    const digest = largestDigest(part.repeat(500 / part.length), find)
    const sent: Message = { kind: 'digest', digest }
    t.strictSame(await attempt(t, { url: server.url }, { sent }), {
      outcome: 'delivered',
      reason: 'answered 200 ok',
    })
    const said = rendered(server.requests.at(-1)?.body)
    const { firstId, lastId } = digest
    t.match(said, '99999999 alerts in one message')
    t.match(said, `alerts ${firstId} to ${lastId}`)
    t.match(said, find)
    t.notMatch(said, /PING|LINK/)
  }
})

t.test(
  'the stand-in takes what Slack takes, and refuses the rest in its words',
  async t => {
    const server = await standIn(t)
    const text = { type: 'mrkdwn', text: 'x', verbatim: true }
    const heading = { type: 'plain_text', text: 'x', emoji: false }
    const block = (type: string, content: object) => ({
      text: 'x',
      blocks: [{ type, text: content }],
    })
    const table: [unknown, string][] = [
      [{ text: 'x' }, 'ok'],
      [{ text: ' ' }, 'no_text'],
      [{ text: 5 }, 'invalid_payload'],
      [{ attachments: [{ text: 'x' }] }, 'ok'],
      [{ attachments: {} }, 'invalid_payload'],
      [{ attachments: Array.from({ length: 101 }, () => ({})) }, 'too_many_attachments'],
      [block('section', text), 'ok'],
      [block('section', { ...text, verbatim: 'true' }), 'invalid_blocks'],
      [block('section', { ...text, emoji: true }), 'invalid_blocks'],
      [block('section', { ...text, type: 'markdown' }), 'invalid_blocks'],
      [block('section', { ...text, text: 5 }), 'invalid_blocks'],
      [block('section', { ...text, text: 'x'.repeat(3_001) }), 'invalid_blocks'],
      [block('header', heading), 'ok'],
      [block('header', text), 'invalid_blocks'],
      [block('header', { ...heading, verbatim: true }), 'invalid_blocks'],
      ['no JSON', 'invalid_payload'],
    ]
    for (const [body, word] of table) {
      const answer = await fetch(server.url, {
        method: 'POST',
        body: JSON.stringify(body),
      })
      t.equal(await answer.text(), word, JSON.stringify(body).slice(0, 100))
    }
  },
)

t.test('the URL is an incoming webhook, not a workflow trigger', async t => {
  const { url } = slack.keys
  t.equal(url?.isRequired, true)
  const hook = `https://hooks.slack.com${path}`
  t.strictSame(url?.parse(hook), { value: hook })
  for (const [value, fault] of [
    ['https://hooks.slack.com/triggers/T1/SECRET', /^is a workflow trigger; create/],
    ['hooks.slack.com/services/SECRET', /^must be an http:\/\/ or https:\/\/ URL, got/],
    ['ftp://SECRET.example/', /^must be an http/],
  ] as const) {
    t.match(url?.parse(value), fault)
    t.notMatch(url?.parse(value), /SECRET/)
  }
  t.strictSame(Object.keys(slack.keys), ['url', 'proxy', 'ca_file'])
})
