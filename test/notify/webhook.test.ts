import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import { alertRecord } from '../../src/alert/alert-record.js'
import { createDigestBuilder } from '../../src/alert/digest.js'
import type { Message } from '../../src/notify/notifier.js'
import { webhook } from '../../src/notify/webhook.js'
import { sampleAlert } from '../fixtures/alerts.js'
import { startStandIn, type Answer } from '../fixtures/http-stand-in.js'
import {
  startWebhookReceiver,
  type WebhookReceiverOptions,
} from '../fixtures/webhook-receiver.js'

const never = new AbortController().signal
const path = '/hooks/xSECRETpathSECRET?key=SECRETquery'
const secret = 'whsec-SECRET-shared'
const token = 'SECRET.bearer-token'
const now = () => Date.parse('2026-11-23T20:37:00.900Z')
const alert = sampleAlert({
  id: '6f1e0c9a7b3d4e526f1e0c9a7b3d4e52',
  entryJson: '{"request":{"id":"9c1d4d39","count":12345678901234567890}}',
  facts: { who: 'token-alice', find: 'grep -hF 9c1d4d39 /var/log/vault/audit' },
})
const message = (...alerts: Alert[]): Message => ({ kind: 'alerts', alerts })

async function receiver(t: Test, options: WebhookReceiverOptions = {}) {
  const server = await startWebhookReceiver({ path, now, ...options })
  t.teardown(() => server.close())
  return server
}

/** One attempt; no reason may show the path, the secret or the token. */
async function attempt(
  t: Test,
  settings: Record<string, string>,
  { what = message(alert), signal = never, clock = now } = {},
) {
  const notifier = webhook.create('webhook', settings, { env: {}, now: clock })
  const result = await notifier.send(what, signal)
  await notifier.close()
  t.notMatch(result.reason, /SECRET|hooks/)
  return result
}

t.test('an alert: its record as it is, its facts, and headers about it', async t => {
  const server = await receiver(t)
  t.strictSame(await attempt(t, { url: server.url }), {
    outcome: 'delivered',
    reason: 'answered 204',
  })
  const { headers = {}, body = '' } = server.requests[0] ?? {}
  const facts = JSON.stringify(alert.facts)
  t.equal(
    body,
    `{"version":1,"kind":"alert","alert":${alertRecord(alert)},"facts":${facts}}`,
  )
  t.match(body, '12345678901234567890')
  t.match(headers, {
    'content-type': 'application/json',
    'user-agent': 'vault-log-handler',
    'idempotency-key': alert.id,
  })
  t.notOk('authorization' in headers || 'x-signature' in headers)
})

t.test('a server line goes along, and a digest goes as one', async t => {
  const server = await receiver(t)
  const { entryJson: _entryJson, ...rest } = alert
  const lined = { ...rest, log: 'server', line: 'vault[1]: core: <sealed>' } as const
  await attempt(t, { url: server.url }, { what: message(lined) })
  t.match(JSON.parse(server.requests[0]?.body ?? ''), { alert: { line: lined.line } })

  const builder = createDigestBuilder()
  builder.add(alert)
  const digest = builder.digest('flood', () => 'grep')
  await attempt(t, { url: server.url }, { what: { kind: 'digest', digest } })
  const { headers, body } = server.requests[1]!
  t.strictSame(JSON.parse(body), { version: 1, kind: 'digest', digest })
  t.equal(headers['idempotency-key'], digest.id)
  t.strictSame(server.ids, [alert.id, digest.id])
})

t.test('how it wants to be sent to', async t => {
  const notifier = webhook.create('webhook-soc', { url: 'http://h/' }, { env: {}, now })
  t.match(notifier, { name: 'webhook-soc', intervalMs: 100, digestOver: 1_000 })
  t.strictSame(notifier.split?.([alert, alert]), [[alert], [alert]])
  await t.rejects(notifier.send(message(alert, alert), never), RangeError)
  await notifier.close()
})

t.test('a signature that anyone with the secret can check', async t => {
  const server = await receiver(t, { secret })
  const title = 'Größe 🔥 "quoted"'
  const what = message({ ...alert, title })
  t.match(await attempt(t, { url: server.url, secret }, { what }), {
    outcome: 'delivered',
  })
  const { headers, body } = server.requests[0]!
  const seconds = Date.parse('2026-11-23T20:37:00Z') / 1_000
  const hex = execFileSync('openssl', ['dgst', '-sha256', '-hmac', secret], {
    input: `${seconds}.${body}`,
    encoding: 'utf8',
  })
  t.equal(headers['x-signature'], `t=${seconds},v1=${hex.trim().split(' ').at(-1)}`)
})

t.test('what is signed otherwise, not at all, or long ago is not taken', async t => {
  const server = await receiver(t, { secret })
  const { url } = server
  const unauthorized = { outcome: 'suspended', reason: 'answered 401' }
  t.strictSame(await attempt(t, { url }), unauthorized)
  t.strictSame(await attempt(t, { url, secret: `${secret}x` }), unauthorized)
  const early = () => now() - 301_000
  t.strictSame(await attempt(t, { url, secret }, { clock: early }), unauthorized)
  t.strictSame(server.ids, [])
  const late = () => now() - 299_000
  t.match(await attempt(t, { url, secret }, { clock: late }), { outcome: 'delivered' })

  // Somebody who recorded a request plays it again, with another body or later.
  const { headers, body } = server.requests.at(-1)!
  const replay = async (text: string) => {
    const { status } = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-signature': String(headers['x-signature']),
        'idempotency-key': alert.id,
      },
      body: text,
    })
    return status
  }
  t.equal(await replay(body), 204)
  t.equal(await replay(body.replace('critical', 'info')), 401)
  t.strictSame(server.ids, [alert.id])
})

t.test('an attempt that is repeated later is signed anew, with the same key', async t => {
  let time = now()
  const server = await receiver(t, { secret, now: () => time })
  server.answer({ status: 503 })
  const settings = { url: server.url, secret }
  const notifier = webhook.create('webhook', settings, { env: {}, now: () => time })
  t.match(await notifier.send(message(alert), never), { outcome: 'retry' })
  time += 86_400_000
  t.match(await notifier.send(message(alert), never), { outcome: 'delivered' })
  await notifier.close()
  const [first, second] = server.requests
  t.not(first?.headers['x-signature'], second?.headers['x-signature'])
  t.equal(first?.headers['idempotency-key'], second?.headers['idempotency-key'])
  t.equal(first?.body, second?.body)
})

t.test('a bearer token', async t => {
  const server = await receiver(t, { token })
  t.match(await attempt(t, { url: server.url, token }), { outcome: 'delivered' })
  t.strictSame(await attempt(t, { url: server.url }), {
    outcome: 'suspended',
    reason: 'answered 401',
  })
})

type Reply = Parameters<Awaited<ReturnType<typeof receiver>>['answer']>[0]
const classes: [Reply, object][] = [
  [{ status: 200 }, { outcome: 'delivered', reason: 'answered 200' }],
  [
    { status: 202, body: 'queued' },
    { outcome: 'delivered', reason: 'answered 202 queued' },
  ],
  [{ status: 408 }, { outcome: 'retry', reason: 'answered 408' }],
  [
    { status: 429, headers: { 'retry-after': '7' }, body: '{"error":"slow_down"}' },
    { outcome: 'retry', reason: 'answered 429 slow_down', retryAfterMs: 7_000 },
  ],
  [{ status: 500 }, { outcome: 'retry', reason: 'answered 500' }],
  [
    { status: 503, body: `<h1>${path} ${secret} ${token}</h1>` },
    { outcome: 'retry', reason: 'answered 503' },
  ],
  [{ status: 401 }, { outcome: 'suspended', reason: 'answered 401' }],
  [{ status: 403 }, { outcome: 'suspended', reason: 'answered 403' }],
  [{ status: 404 }, { outcome: 'suspended', reason: 'answered 404' }],
  [
    { status: 410, body: 'gone' },
    { outcome: 'suspended', reason: 'answered 410 gone' },
  ],
  ...[405, 407, 421, 426, 451].map((status): [Reply, object] => [
    { status },
    { outcome: 'suspended', reason: `answered ${status}` },
  ]),
  ...[423, 425].map((status): [Reply, object] => [
    { status, headers: { 'retry-after': '7' } },
    { outcome: 'retry', reason: `answered ${status}`, retryAfterMs: 7_000 },
  ]),
  [
    { status: 308, headers: { location: path } },
    { outcome: 'suspended', reason: 'answered 308, a redirect' },
  ],
  [
    { status: 400, body: '{"error":"invalid_body"}' },
    { outcome: 'refused', reason: 'answered 400 invalid_body' },
  ],
  [{ status: 413 }, { outcome: 'refused', reason: 'answered 413' }],
  [
    { status: 422, body: JSON.stringify({ error: `no ${token}` }) },
    { outcome: 'refused', reason: 'answered 422' },
  ],
]

for (const [answer, expected] of classes) {
  t.test(`answered ${JSON.stringify(answer).slice(0, 60)}`, async t => {
    const server = await receiver(t)
    server.answer(answer)
    t.strictSame(await attempt(t, { url: server.url, secret, token }), expected)
  })
}

t.test('an answer whose body breaks off says the same', async t => {
  const usual = { status: 204 }
  const server = await startStandIn({ path, judge: () => usual, unknown: usual })
  t.teardown(() => server.close())
  const headers = { 'retry-after': '120' }
  const cut: [Answer, object][] = [
    [{ status: 200 }, { outcome: 'delivered', reason: 'answered 200, cut off' }],
    [{ status: 401 }, { outcome: 'suspended', reason: 'answered 401, cut off' }],
    [
      { status: 429, headers, body: 'slow_down' },
      {
        outcome: 'retry',
        reason: 'answered 429 slow_down, cut off',
        retryAfterMs: 120_000,
      },
    ],
  ]
  for (const [answer, expected] of cut) {
    server.answer({ ...(answer as object), ending: 'close' } as Answer)
    t.strictSame(await attempt(t, { url: server.url }), expected)
  }
})

t.test('a word of the server that is one of ours is not shown', async t => {
  const server = await receiver(t, { path: '/hooks/lowercase_path' })
  const ours = { url: server.url, secret: 'lowercase_secret', token: 'lowercase_token' }
  for (const body of ['lowercase_secret', 'lowercase_token', 'lowercase_path']) {
    server.answer({ status: 400, body })
    const { reason } = await attempt(t, ours)
    t.match(reason, /^answered 400(?: …)?$/)
  }
})

t.test('trouble with the network is tried again', async t => {
  const gone = await startWebhookReceiver({ path })
  await gone.close()
  t.strictSame(await attempt(t, { url: gone.url }), {
    outcome: 'retry',
    reason: '127.0.0.1: ECONNREFUSED',
  })
  const signal = AbortSignal.abort()
  t.strictSame(await attempt(t, { url: gone.url }, { signal }), {
    outcome: 'retry',
    reason: '127.0.0.1: aborted',
  })
})

t.test('keys of the ini', async t => {
  const { url, secret, token, ...others } = webhook.keys
  t.ok(url?.isRequired)
  t.strictSame(Object.keys(others), ['proxy', 'ca_file'])
  t.strictSame(url?.parse('https://h/p?q'), { value: 'https://h/p?q' })
  t.match(url?.parse('ftp://SECRET/'), /^must be an http:\/\/ or https:\/\/ URL, got/)
  for (const wrong of ['https://user:SECRET@h/', 'https://SECRET@h/']) {
    t.match(url?.parse(wrong), /^must hold no user and password/)
    t.notMatch(url?.parse(wrong), /SECRET/)
  }
  t.strictSame(secret?.parse('any text: ü'), { value: 'any text: ü' })
  t.strictSame(token?.parse('eyJh.b-c_d~+/=='), { value: 'eyJh.b-c_d~+/==' })
  for (const wrong of ['SECRET\r\nX-Evil: 1', 'SECRET two', 'ü', '=']) {
    t.equal(
      token?.parse(wrong),
      `must be a bearer token of letters, digits and -._~+/, got ${wrong.length} characters`,
    )
  }
})

t.test('any text: taken, and read back as it was', async t => {
  const server = await receiver(t, { secret })
  const notifier = webhook.create(
    'webhook',
    { url: server.url, secret },
    { env: {}, now },
  )
  t.teardown(() => notifier.close())
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 500 }),
    fc.string({
      unit: fc.constantFrom('\r', '\n', '"', '\\', '\u2028', '🔥'),
      maxLength: 90,
    }),
  )
  const property = fc.asyncProperty(text, text, async (title, who) => {
    const sent = { ...alert, title, facts: { ...alert.facts, who } }
    const { outcome, reason } = await notifier.send(message(sent), never)
    if (outcome !== 'delivered') throw new Error(reason)
    const { alert: got, facts } = JSON.parse(server.requests.at(-1)!.body) as {
      alert: Alert
      facts: Alert['facts']
    }
    if (got.id !== sent.id || got.title !== title) throw new Error('not the same alert')
    if (facts.who !== who) throw new Error('not the same facts')
  })
  await t.resolves(fc.assert(property, { numRuns: 100 }))
})
