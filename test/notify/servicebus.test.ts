import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import { createIdentityTokens, sasToken } from '../../src/notify/azure-token.js'
import type { Http, HttpRequest } from '../../src/notify/http.js'
import type { Attempt, Message } from '../../src/notify/notifier.js'
import { servicebus } from '../../src/notify/servicebus.js'
import { sampleAlert, sampleDigest } from '../fixtures/alerts.js'
import {
  serviceBusError,
  startIdentityStandIn,
  startServiceBusStandIn,
} from '../fixtures/azure-stand-in.js'
import { startClosedProxy, type CloudStandIn } from '../fixtures/cloud-stand-in.js'
import { settingsOf } from '../fixtures/destination-settings.js'
import type { Answer } from '../fixtures/http-stand-in.js'

const host = 'alerts.servicebus.windows.net'
const key = 'c2VjcmV0+SECRET/key=of=the=policy=='
const policies = { 'Send only': key }
const connection = `Endpoint=sb://${host}/;SharedAccessKeyName=Send only;SharedAccessKey=${key}`
const connection_string = `${connection};EntityPath=vault-alerts`
const never = new AbortController().signal
const start = Date.parse('2026-11-23T20:37:00Z')
const minutes = 60_000

/** A clock that stands, a namespace, and a notifier for it; no reason may ever show a credential. */
async function setUp(
  t: Test,
  {
    settings = { connection_string },
    env = {},
  }: {
    readonly settings?: Readonly<Record<string, string>>
    readonly env?: NodeJS.ProcessEnv
  } = {},
) {
  const clock = { now: start }
  const now = () => clock.now
  const entities = ['vault-alerts', 'team/alerts']
  const azure = await startServiceBusStandIn({ host, entities, policies, now })
  t.teardown(() => azure.close())
  const parsed = settingsOf(servicebus, { endpoint: azure.origin, ...settings })
  const notifier = servicebus.create('servicebus', parsed, { env, now })
  t.teardown(() => notifier.close())
  const send = async (
    message: Partial<Alert> | Message = {},
    signal: AbortSignal = never,
  ): Promise<Attempt> => {
    const attempt = await notifier.send(
      'kind' in message ? message : { kind: 'alerts', alerts: [sampleAlert(message)] },
      signal,
    )
    t.notMatch(attempt.reason, /SECRET|TOKEN|sig=/)
    return attempt
  }
  /** Aborts an attempt when its request has come to a server that doesn't answer. */
  const abortAt = async (server: CloudStandIn): Promise<Attempt> => {
    const controller = new AbortController()
    server.answer('hang')
    void server.nextRequest().then(() => controller.abort())
    return send({}, controller.signal)
  }
  return { azure, clock, notifier, send, abortAt }
}

const read = (text: string) => JSON.parse(text) as Record<string, Record<string, unknown>>

t.test('a token that was made elsewhere by other code', async t => {
  // Python's: hmac, hashlib, base64 and urllib.parse.
  t.equal(
    sasToken(
      'https://alerts.servicebus.windows.net/vault-alerts',
      { name: 'Send only', key: 'c2VjcmV0+key/of=the=policy==' },
      1_795_466_220_999,
    ),
    'SharedAccessSignature sr=https%3A%2F%2Falerts.servicebus.windows.net%2Fvault-alerts&sig=Y8atLCsRowXdWnocsCv9K1ZQA2hOwpij9C12dBpYUG8%3D&se=1795466220&skn=Send%20only',
  )
})

t.test('an alert is sent: signed, with its id, label and properties', async t => {
  const { azure, notifier, send } = await setUp(t)
  const delivered = { outcome: 'delivered', reason: 'answered 201' }
  t.strictSame(await send({ entryJson: '{"type":"request"}' }), delivered)
  t.strictSame(await send(), delivered, 'and once more, which the queue detects')
  const [{ body, ...rest } = { body: '' }, ...more] = azure.enqueued
  t.strictSame(read(body)['alert']?.['entry'], { type: 'request' })
  t.strictSame(rest, {
    entity: 'vault-alerts',
    id: sampleAlert().id,
    label: 'generate-root-accessed',
    contentType: 'application/json; charset=utf-8',
    properties: { severity: 'critical', rule: 'generate-root-accessed', log: 'audit' },
  })
  t.strictSame(more, [])
  t.equal(notifier.name, 'servicebus')
  t.equal(notifier.split?.([sampleAlert(), sampleAlert()]).length, 2)
})

t.test('a digest is sent, with its severity only', async t => {
  const { azure, send } = await setUp(t)
  const digest = sampleDigest()
  t.match(await send({ kind: 'digest', digest }), { outcome: 'delivered' })
  const [sent] = azure.enqueued
  t.match(read(sent!.body), { kind: 'digest', digest })
  t.match(sent, { id: digest.id, label: 'digest' })
  t.strictSame(sent!.properties, { severity: 'critical' })
})

t.test('an entry that does not fit is left out, in bytes', async t => {
  const { azure, send } = await setUp(t)
  for (const [i, chars] of [1, 62_000, 63_000, 65_536, 200_000].entries()) {
    const entryJson = JSON.stringify({ data: '🔥'.repeat(chars) })
    t.match(await send({ id: `${i}`, entryJson }), { outcome: 'delivered' })
  }
  t.strictSame(
    azure.enqueued.map(({ body }) => read(body)['omitted']),
    [undefined, undefined, { entry: 252_011 }, { entry: 262_155 }, { entry: 800_011 }],
  )
})

t.test('any text is taken, and its id and title come back', async t => {
  const { azure, send } = await setUp(t)
  const text = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 500 }),
    fc
      .constantFrom('\n', '\r\nAuthorization: x', '🔥', '\ud800', '<', '"', '\\')
      .map(piece => piece.repeat(200).slice(0, 500)),
  )
  let sent = 0
  const property = fc.asyncProperty(text, text, async (title, who) => {
    const id = (sent++).toString(16).padStart(32, '0')
    const attempt = await send({ id, title, facts: { who, find: title } })
    if (attempt.outcome !== 'delivered') throw new Error(attempt.reason)
    const { body } = azure.enqueued.at(-1)!
    const { alert } = read(body)
    // As UTF-8 has it: U+FFFD for half a character.
    if (alert?.['title'] !== Buffer.from(title).toString() || alert['id'] !== id)
      throw new Error(body)
  })
  await t.resolves(fc.assert(property, { numRuns: 200 }))
})

const full =
  'The maximum entity size has been reached or exceeded for Topic: SECRET. Size of entity in bytes:1073742326'
const headers = { 'retry-after': '7' }
const classes: [Answer, object][] = [
  [
    serviceBusError(400, '40000: Bad Request'),
    { outcome: 'refused', reason: 'answered 400 40000' },
  ],
  [
    serviceBusError(401, '40103: Invalid authorization token signature'),
    { outcome: 'suspended', reason: 'answered 401 40103' },
  ],
  [
    serviceBusError(401, 'ExpiredToken: The token is expired'),
    { outcome: 'suspended', reason: 'answered 401 ExpiredToken' },
  ],
  [serviceBusError(404, '40400: Endpoint not found.'), { outcome: 'suspended' }],
  [
    serviceBusError(410, '41000: SECRET'),
    { outcome: 'suspended', reason: 'answered 410 41000' },
  ],
  [serviceBusError(403, full), { outcome: 'retry', reason: 'answered 403 (full)' }],
  [
    { ...(serviceBusError(403, full) as object), status: 403, headers },
    { outcome: 'retry', reason: 'answered 403 (full)', retryAfterMs: 7_000 },
  ],
  [
    serviceBusError(403, `QuotaExceeded: ${full}`),
    { outcome: 'retry', reason: 'answered 403 QuotaExceeded (full)' },
  ],
  [
    serviceBusError(
      403,
      'The received message (delivery-id:0, size:262301 bytes) exceeds the limit (262144 bytes)',
    ),
    { outcome: 'refused', reason: 'answered 403 (too large)' },
  ],
  [
    serviceBusError(403, 'Ip has been prevented to connect to the endpoint'),
    { outcome: 'suspended', reason: 'answered 403' },
  ],
  [
    serviceBusError(429, '42900: throttled'),
    { outcome: 'retry', reason: 'answered 429 42900' },
  ],
  [
    { status: 503, headers: { 'retry-after': '9' } },
    { outcome: 'retry', reason: 'answered 503', retryAfterMs: 9_000 },
  ],
  [serviceBusError(500, '50000: Internal error'), { outcome: 'retry' }],
  [
    { status: 413, body: 'SECRET' },
    { outcome: 'refused', reason: 'answered 413' },
  ],
  [
    { status: 200, body: '<p>Log in</p>' },
    { outcome: 'retry', reason: /^answered 200 / },
  ],
  [{ status: 307, headers: { location: '/SECRET' } }, { outcome: 'suspended' }],
  ['close', { outcome: 'retry', reason: /^127\.0\.0\.1: [A-Z_]+$/ }],
]

for (const [answer, expected] of classes) {
  const said = typeof answer === 'string' ? answer : `${answer.status} ${answer.body}`
  t.test(`answered ${said}`, async t => {
    const { azure, send } = await setUp(t)
    // Twice, for what is worth a second attempt with another token.
    azure.answer(answer, answer)
    const attempt = await send()
    t.match(attempt, expected)
    t.equal('retryAfterMs' in attempt, 'retryAfterMs' in expected)
    t.equal(azure.requests.length, said.startsWith('401') ? 2 : 1)
  })
}

t.test('what Service Bus itself finds wrong', async t => {
  const tries: [Record<string, string>, string][] = [
    [
      { connection_string: connection_string.replace('/key', '/kez') },
      'answered 401 InvalidSignature',
    ],
    [
      { connection_string: connection_string.replace('only', 'any') },
      'answered 401 InvalidSignature',
    ],
    [
      { connection_string: connection_string.replace('alerts.', 'others.') },
      'answered 401 InvalidAudience',
    ],
    [{ connection_string: connection, entity: 'gone' }, 'answered 410 40400'],
  ]
  for (const [settings, reason] of tries) {
    const { send } = await setUp(t, { settings })
    t.strictSame(await send(), { outcome: 'suspended', reason })
  }
})

t.test('a queue in a folder; a connection string in another order', async t => {
  const { azure, send } = await setUp(t, {
    settings: {
      connection_string: ` sharedaccesskey=${key}; SharedAccessKeyName=Send only;Endpoint=https://${host};`,
      entity: 'team/alerts',
    },
  })
  t.match(await send(), { outcome: 'delivered' })
  t.equal(azure.enqueued[0]?.entity, 'team/alerts')
})

t.test('a signature is good for an hour, and made anew before', async t => {
  const { azure, clock, send } = await setUp(t)
  const signatures = async (...times: number[]) => {
    for (const time of times) {
      clock.now = start + time
      t.match(await send(), { outcome: 'delivered' })
    }
    return new Set(azure.requests.map(({ headers }) => headers.authorization)).size
  }
  t.equal(await signatures(0, 1 * minutes, 55 * minutes - 1), 1)
  t.match(azure.requests[0]?.headers.authorization, `&se=${start / 1_000 + 3_600}&`)
  t.equal(await signatures(55 * minutes, 100 * minutes), 2)
  t.equal(await signatures(500 * minutes), 3)
})

t.test("the managed identity's token, kept until 5 minutes before its end", async t => {
  const identity = await startIdentityStandIn('TOKEN-1', (start + 60 * minutes) / 1_000)
  t.teardown(() => identity.close())
  const settings = { namespace: 'alerts', entity: 'vault-alerts' }
  const env = {
    IDENTITY_ENDPOINT: `${identity.origin}/msi/token`,
    IDENTITY_HEADER: 'identity-header',
    // It would refuse all, and must not be asked for tokens.
    HTTP_PROXY: 'http://127.0.0.1:1',
    NO_PROXY: '',
  }
  const proxied = await setUp(t, { settings, env })
  t.strictSame(await proxied.send(), {
    outcome: 'retry',
    reason: '127.0.0.1: ECONNREFUSED',
  })
  t.equal(identity.requests.length, 1)

  const { azure, clock, send } = await setUp(t, {
    settings,
    env: { ...env, NO_PROXY: '127.0.0.1' },
  })
  azure.bearers.add('TOKEN-1').add('TOKEN-2')
  t.match(await send(), { outcome: 'delivered' })
  clock.now = start + 55 * minutes - 1
  identity.token = 'TOKEN-2'
  identity.expiresOn = (start + 120 * minutes) / 1_000
  t.match(await send(), { outcome: 'delivered' })
  t.equal(identity.requests.length, 2)
  clock.now += 1
  t.match(await send(), { outcome: 'delivered' })
  t.equal(azure.requests.at(-1)?.headers.authorization, 'Bearer TOKEN-2')
  // One that was revoked is got again, once.
  azure.bearers.delete('TOKEN-2')
  identity.token = 'TOKEN-1'
  t.match(await send(), { outcome: 'delivered' })
  t.equal(identity.requests.length, 4)
  azure.bearers.delete('TOKEN-1')
  const before = azure.requests.length
  t.strictSame(await send(), {
    outcome: 'suspended',
    reason: 'answered 401 InvalidToken',
  })
  t.strictSame([azure.requests.length, identity.requests.length], [before + 2, 5])
  azure.bearers.add('TOKEN-1')
  t.match(await send(), { outcome: 'delivered' })
  t.equal(identity.requests.length, 6)
})

t.test('an identity service in trouble', async t => {
  const identity = await startIdentityStandIn('TOKEN-1', (start + 60 * minutes) / 1_000)
  t.teardown(() => identity.close())
  const settings = { namespace: host, entity: 'vault-alerts' }
  const env = {
    IDENTITY_ENDPOINT: `${identity.origin}/msi/token`,
    IDENTITY_HEADER: 'identity-header',
  }
  const { azure, send } = await setUp(t, { settings, env })
  const tries: [Answer, object][] = [
    [
      {
        status: 400,
        body: '{"error":"invalid_request","error_description":"Identity not found, SECRET"}',
      },
      { outcome: 'suspended', reason: 'managed identity answered 400 invalid_request' },
    ],
    [{ status: 404 }, { outcome: 'retry', reason: 'managed identity answered 404' }],
    [{ status: 410 }, { outcome: 'retry' }],
    [{ status: 429 }, { outcome: 'retry' }],
    [
      { status: 500, body: 'SECRET' },
      { outcome: 'retry', reason: 'managed identity answered 500' },
    ],
    [
      { status: 200, body: '{"token":"SECRET"}' },
      { outcome: 'retry', reason: 'managed identity answered 200 and no credential' },
    ],
    [{ status: 200, body: '{"access_token":"SEC\\nRET"}' }, { outcome: 'retry' }],
    ['close', { outcome: 'retry', reason: /^managed identity: [A-Z_]+$/ }],
  ]
  for (const [answer, expected] of tries) {
    identity.answer(answer)
    t.match(await send(), expected)
  }
  t.equal(azure.requests.length, 0)
  const broken = await setUp(t, {
    settings,
    env: { ...env, IDENTITY_ENDPOINT: 'SECRET' },
  })
  t.strictSame(await broken.send(), {
    outcome: 'suspended',
    reason: 'IDENTITY_ENDPOINT is no URL',
  })
})

t.test("a virtual machine's identity, or one of several", async t => {
  const asked: HttpRequest[] = []
  const http: Http = {
    async request(request) {
      asked.push(request)
      return {
        status: 200,
        headers: {},
        body: '{"access_token":"t","expires_on":"1795466220"}',
      }
    },
    async close() {},
  }
  const now = () => start
  const one = createIdentityTokens({ env: {}, now }, http)
  t.strictSame(await one.get(never), { value: 'Bearer t', expires: 1_795_466_220_000 })
  const env = { AZURE_CLIENT_ID: 'client', IDENTITY_ENDPOINT: 'http://arc.example' }
  await createIdentityTokens({ env, now }, http).get(never)
  const url =
    'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fservicebus.azure.net'
  const headers = { metadata: 'true' }
  t.strictSame(asked, [
    { method: 'GET', url, headers },
    { method: 'GET', url: `${url}&client_id=client`, headers },
  ])
})

t.test('an abort ends an attempt', async t => {
  const { azure, send, abortAt } = await setUp(t)
  t.strictSame(await abortAt(azure), { outcome: 'retry', reason: '127.0.0.1: aborted' })
  t.match(await send(), { outcome: 'delivered' })
})

t.test("without an endpoint it is the namespace's, by the section's proxy", async t => {
  const proxy = await startClosedProxy()
  t.teardown(() => proxy.close())
  const settings = settingsOf(servicebus, { connection_string, proxy: proxy.url })
  const notifier = servicebus.create('servicebus', settings, {
    env: {},
    now: () => start,
  })
  t.strictSame(await notifier.send({ kind: 'alerts', alerts: [sampleAlert()] }, never), {
    outcome: 'retry',
    reason: `${host}: PROXY_502`,
  })
  t.strictSame(proxy.hosts, [`${host}:443`])
  await notifier.close()
})

t.test('faults of a section show no secret', async t => {
  const namespace = 'alerts'
  const entity = 'vault-alerts'
  const faults: [Record<string, string>, RegExp][] = [
    [{}, /^needs connection_string, or namespace and entity$/],
    [{ connection_string, namespace }, /^has both connection_string and namespace/],
    [
      { connection_string, entity: 'other' },
      /^has an entity that is not the connection_string's/,
    ],
    [{ connection_string: connection }, /^needs entity, /],
    [{ namespace }, /^needs entity, /],
    [{ entity }, /^needs connection_string/],
    [{ namespace: 'a', entity }, /^namespace must be /],
    [{ namespace: 'https://alerts.example/SECRET', entity }, /^namespace must be /],
    [
      { namespace, entity: 'a?SECRET' },
      /^entity must be the name of a queue or a topic, got/,
    ],
    [{ namespace, entity: '/a' }, /^entity must be/],
    [{ namespace, entity: 'a/' }, /^entity must be/],
    [{ namespace, entity: 'a'.repeat(261) }, /^entity must be/],
    [
      { connection_string: 'SECRET' },
      /^connection_string must be Endpoint=.*, got a text of 6 /,
    ],
    [
      { connection_string: connection_string.replace('sb:', 'amqp:') },
      /^connection_string must/,
    ],
    [
      { connection_string: connection_string.replace('KeyName', '') },
      /^connection_string must/,
    ],
    [{ connection_string: `${connection};EntityPath=a?b` }, /^connection_string must/],
  ]
  for (const [given, message] of faults) {
    let said = 'nothing'
    try {
      settingsOf(servicebus, given)
    } catch (error) {
      said = (error as Error).message
    }
    t.match(said, message)
    t.notMatch(said, /SECRET/)
  }
  t.strictSame(settingsOf(servicebus, { namespace, entity }), { namespace: host, entity })
  const government = 'alerts.servicebus.usgovcloudapi.net'
  t.match(settingsOf(servicebus, { namespace: government, entity }), {
    namespace: government,
  })
  t.match(settingsOf(servicebus, { connection_string, entity }), { entity })
})
