import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import * as fc from 'fast-check'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import { serviceAccountAssertion } from '../../src/notify/google-credentials.js'
import type { Attempt, Message } from '../../src/notify/notifier.js'
import { pubsub } from '../../src/notify/pubsub.js'
import { sampleAlert, sampleDigest } from '../fixtures/alerts.js'
import { startClosedProxy, type CloudStandIn } from '../fixtures/cloud-stand-in.js'
import { settingsOf } from '../fixtures/destination-settings.js'
import {
  googleError,
  startGoogleMetadata,
  startPubSubStandIn,
  startTokenServer,
} from '../fixtures/google-stand-in.js'
import type { Answer } from '../fixtures/http-stand-in.js'

const topic = 'projects/security-1/topics/vault-alerts'
const email = 'alerts@security-1.iam.gserviceaccount.com'
const never = new AbortController().signal
const start = Date.parse('2026-11-23T20:37:00Z')
const minutes = 60_000
const pem = { type: 'pkcs8', format: 'pem' } as const
const spki = { type: 'spki', format: 'pem' } as const
const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: pem,
  publicKeyEncoding: spki,
})

/** A clock that stands, Pub/Sub, its host's metadata server, and a notifier. */
async function setUp(
  t: Test,
  {
    settings = {},
    env = {},
    clock = { now: start },
  }: {
    readonly settings?: Readonly<Record<string, string>>
    readonly env?: NodeJS.ProcessEnv
    readonly clock?: { now: number }
  } = {},
) {
  const google = await startPubSubStandIn([topic], ['TOKEN-1', 'TOKEN-2'])
  t.teardown(() => google.close())
  const metadata = await startGoogleMetadata()
  t.teardown(() => metadata.close())
  const parsed = settingsOf(pubsub, { topic, endpoint: google.origin, ...settings })
  const world = {
    env: { GCE_METADATA_HOST: new URL(metadata.origin).host, ...env },
    now: () => clock.now,
  }
  const notifier = pubsub.create('pubsub', parsed, world)
  t.teardown(() => notifier.close())
  /** No reason may ever show a credential. */
  const send = async (
    message: Partial<Alert> | Message = {},
    signal: AbortSignal = never,
  ): Promise<Attempt> => {
    const attempt = await notifier.send(
      'kind' in message ? message : { kind: 'alerts', alerts: [sampleAlert(message)] },
      signal,
    )
    t.notMatch(attempt.reason, /SECRET|TOKEN|PRIVATE|eyJ/)
    return attempt
  }
  /** Aborts an attempt when its request has come to a server that doesn't answer. */
  const abortAt = async (server: CloudStandIn): Promise<Attempt> => {
    const controller = new AbortController()
    server.answer('hang')
    void server.nextRequest().then(() => controller.abort())
    return send({}, controller.signal)
  }
  return { google, metadata, clock, notifier, send, abortAt }
}

/** A token server, and the file of a service account which it knows. */
async function serviceAccount(t: Test, now: () => number) {
  const server = await startTokenServer(email, rsa.publicKey, now)
  t.teardown(() => server.close())
  const file = join(t.testdir(), 'key.json')
  const write = (parts: object = {}) => {
    const key = {
      type: 'service_account',
      project_id: 'security-1',
      private_key_id: 'key-1',
      private_key: rsa.privateKey,
      client_email: email,
      token_uri: `${server.origin}/token`,
    }
    writeFileSync(file, JSON.stringify({ ...key, ...parts }))
  }
  write()
  return { server, file, write }
}

const read = (text: string) => JSON.parse(text) as Record<string, Record<string, unknown>>

t.test('an alert is published, with its envelope and attributes', async t => {
  const { google, notifier, send } = await setUp(t)
  const attempt = await send({ entryJson: '{"type":"request"}' })
  t.strictSame(attempt, { outcome: 'delivered', reason: 'answered 200' })
  const [{ data, ...rest } = { data: '' }] = google.published
  t.strictSame(read(data)['alert']?.['entry'], { type: 'request' })
  t.strictSame(rest, {
    topic,
    attributes: {
      id: sampleAlert().id,
      severity: 'critical',
      rule: 'generate-root-accessed',
      log: 'audit',
    },
  })
  t.equal(notifier.name, 'pubsub')
  t.equal(notifier.split?.([sampleAlert(), sampleAlert()]).length, 2)
})

t.test('a digest is published, with its id and severity only', async t => {
  const { google, send } = await setUp(t)
  const digest = sampleDigest()
  t.match(await send({ kind: 'digest', digest }), { outcome: 'delivered' })
  const [{ data, attributes } = { data: '' }] = google.published
  t.match(read(data), { kind: 'digest', digest })
  t.strictSame(attributes, { id: digest.id, severity: 'critical' })
})

t.test('an entry that does not fit is left out', async t => {
  const { google, send } = await setUp(t)
  for (const chars of [1_700_000, 1_750_000, 3_000_000]) {
    const entryJson = JSON.stringify({ data: '🔥'.repeat(chars) })
    t.match(await send({ entryJson }), { outcome: 'delivered' })
  }
  t.strictSame(
    google.published.map(({ data }) => read(data)['omitted']),
    [undefined, { entry: 7_000_011 }, { entry: 12_000_011 }],
  )
})

t.test('any text is taken, and its id and title come back', async t => {
  const { google, send } = await setUp(t)
  const text = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 500 }),
    fc
      .constantFrom('\n', '🔥', '\ud800', '<', '"', '\\', '~~~')
      .map(piece => piece.repeat(200).slice(0, 500)),
  )
  const property = fc.asyncProperty(text, text, async (title, who) => {
    const attempt = await send({ title, facts: { who, find: title } })
    if (attempt.outcome !== 'delivered') throw new Error(attempt.reason)
    const { data } = google.published.at(-1)!
    const { alert } = read(data)
    // As UTF-8 has it: U+FFFD for half a character.
    if (
      alert?.['title'] !== Buffer.from(title).toString() ||
      alert['id'] !== sampleAlert().id
    ) {
      throw new Error(data)
    }
  })
  await t.resolves(fc.assert(property, { numRuns: 200 }))
})

t.test('topics with all that a name may hold', async t => {
  const strange = 'projects/example.com:security-1/topics/Vault.alerts_~%2Fx+y-1'
  const google = await startPubSubStandIn([strange], ['TOKEN-1'])
  t.teardown(() => google.close())
  const { send } = await setUp(t, {
    settings: { topic: strange, endpoint: google.origin },
  })
  t.match(await send(), { outcome: 'delivered' })
  t.equal(google.published[0]?.topic, strange)
})

const headers = { 'retry-after': '7' }
const classes: [Answer, object][] = [
  [
    googleError(400, 'INVALID_ARGUMENT'),
    { outcome: 'refused', reason: 'answered 400 INVALID_ARGUMENT' },
  ],
  [
    googleError(400, 'FAILED_PRECONDITION'),
    { outcome: 'suspended', reason: 'answered 400 FAILED_PRECONDITION' },
  ],
  [
    googleError(403, 'PERMISSION_DENIED'),
    { outcome: 'suspended', reason: 'answered 403 PERMISSION_DENIED' },
  ],
  [
    googleError(404, 'NOT_FOUND'),
    { outcome: 'suspended', reason: 'answered 404 NOT_FOUND' },
  ],
  [googleError(409, 'ABORTED'), { outcome: 'retry', reason: 'answered 409 ABORTED' }],
  [
    { ...(googleError(409, 'ABORTED') as object), status: 409, headers },
    { outcome: 'retry', reason: 'answered 409 ABORTED', retryAfterMs: 7_000 },
  ],
  [googleError(499, 'CANCELLED'), { outcome: 'retry' }],
  [googleError(409, 'ALREADY_EXISTS'), { outcome: 'refused' }],
  [
    googleError(429, 'RESOURCE_EXHAUSTED'),
    { outcome: 'retry', reason: 'answered 429 RESOURCE_EXHAUSTED' },
  ],
  [googleError(500, 'INTERNAL'), { outcome: 'retry' }],
  [
    { status: 503, headers: { 'retry-after': '3' }, body: '{"error":"SECRET"}' },
    { outcome: 'retry', reason: 'answered 503', retryAfterMs: 3_000 },
  ],
  [
    { status: 404, body: '{"error":{"status":"SECRET 1"}}' },
    { outcome: 'suspended', reason: 'answered 404' },
  ],
  [
    { status: 404, body: '{"error":{"status":7}}' },
    { outcome: 'suspended', reason: 'answered 404' },
  ],
  [{ status: 413 }, { outcome: 'refused', reason: 'answered 413' }],
  [
    { status: 200, body: '{}' },
    { outcome: 'retry', reason: 'answered 200 {}' },
  ],
  [{ status: 200, body: '{"messageIds":[]}' }, { outcome: 'retry' }],
  [{ status: 302, headers: { location: '/SECRET' } }, { outcome: 'suspended' }],
  ['close', { outcome: 'retry', reason: /^127\.0\.0\.1: [A-Z_]+$/ }],
]

for (const [answer, expected] of classes) {
  const said = typeof answer === 'string' ? answer : `${answer.status} ${answer.body}`
  t.test(`answered ${said}`, async t => {
    const { google, send } = await setUp(t)
    google.answer(answer)
    const attempt = await send()
    t.match(attempt, expected)
    t.equal('retryAfterMs' in attempt, 'retryAfterMs' in expected)
    t.equal(google.requests.length, 1)
  })
}

t.test('a token that is refused is got again, once', async t => {
  const { google, metadata, send } = await setUp(t)
  t.match(await send(), { outcome: 'delivered' })
  google.tokens?.delete('TOKEN-1')
  metadata.next = 'TOKEN-2'
  t.match(await send(), { outcome: 'delivered' })
  t.strictSame([google.requests.length, metadata.requests.length], [3, 2])
  google.tokens?.clear()
  const refused = { outcome: 'suspended', reason: 'answered 401 UNAUTHENTICATED' }
  t.strictSame(await send(), refused)
  t.strictSame([google.requests.length, metadata.requests.length], [5, 3])
  google.tokens?.add('TOKEN-2')
  t.match(await send(), { outcome: 'delivered' })
  t.strictSame([google.requests.length, metadata.requests.length], [6, 4])
})

t.test('a token is kept until 5 minutes before its end', async t => {
  const { google, metadata, clock, send } = await setUp(t)
  metadata.seconds = 3_600
  t.match(await send(), { outcome: 'delivered' })
  metadata.next = 'TOKEN-2'
  clock.now = start + 55 * minutes - 1
  t.match(await send(), { outcome: 'delivered' })
  t.equal(metadata.requests.length, 1)
  clock.now += 1
  t.match(await send(), { outcome: 'delivered' })
  t.equal(google.requests.at(-1)?.headers.authorization, 'Bearer TOKEN-2')
})

t.test('a service account: of the section, before that of the environment', async t => {
  const clock = { now: start }
  const { server, file, write } = await serviceAccount(t, () => clock.now)
  const elsewhere = { GOOGLE_APPLICATION_CREDENTIALS: '/nonexistent/key.json' }
  for (const given of [
    { settings: { credentials_file: file }, env: elsewhere },
    { env: { GOOGLE_APPLICATION_CREDENTIALS: file } },
  ]) {
    const { google, metadata, send } = await setUp(t, { clock, ...given })
    t.match(await send(), { outcome: 'delivered' })
    t.match(await send(), { outcome: 'delivered' })
    t.equal(google.requests[0]?.headers.authorization, 'Bearer TOKEN-1')
    t.equal(metadata.requests.length, 0)
  }
  t.equal(server.requests.length, 2)

  const { send } = await setUp(t, { settings: { credentials_file: file }, clock })
  const tries: [object | string, object][] = [
    [
      { client_email: 'other@example' },
      { outcome: 'suspended', reason: 'token server answered 400 invalid_grant' },
    ],
    [
      {
        private_key: generateKeyPairSync('rsa', {
          modulusLength: 2048,
          privateKeyEncoding: pem,
          publicKeyEncoding: spki,
        }).privateKey,
      },
      { outcome: 'suspended', reason: /invalid_grant$/ },
    ],
    [
      { token_uri: `${server.origin}/SECRET` },
      { outcome: 'suspended', reason: /400 unsupported_grant_type$/ },
    ],
    [
      { token_uri: 'http://127.0.0.1:1/SECRET' },
      { outcome: 'retry', reason: 'token server: ECONNREFUSED' },
    ],
    [
      { private_key: 'SECRET' },
      {
        outcome: 'suspended',
        reason: 'credentials_file holds no key of a service account (JSON)',
      },
    ],
    [{}, { outcome: 'delivered' }],
  ]
  for (const [parts, expected] of tries) {
    write(parts as object)
    t.match(await send(), expected)
  }
  const gone = await setUp(t, { env: elsewhere })
  t.strictSame(await gone.send(), {
    outcome: 'suspended',
    reason: "credentials_file can't be read: ENOENT",
  })
})

t.test('an assertion, checked by OpenSSL', async t => {
  const dir = t.testdir({ 'public.pem': rsa.publicKey })
  const jwt = serviceAccountAssertion(
    {
      email,
      privateKey: rsa.privateKey,
      keyId: 'key-1',
      tokenUri: 'https://oauth2.example/token',
    },
    start + 999,
  )
  const [head = '', claims = '', signature = ''] = jwt.split('.')
  t.strictSame(read(Buffer.from(head, 'base64url').toString()), {
    alg: 'RS256',
    typ: 'JWT',
    kid: 'key-1',
  })
  t.strictSame(read(Buffer.from(claims, 'base64url').toString()), {
    iss: email,
    scope: 'https://www.googleapis.com/auth/pubsub',
    aud: 'https://oauth2.example/token',
    iat: start / 1_000,
    exp: start / 1_000 + 3_600,
  })
  writeFileSync(join(dir, 'signature'), Buffer.from(signature, 'base64url'))
  const args = ['dgst', '-sha256', '-verify', 'public.pem', '-signature', 'signature']
  const said = execFileSync('openssl', args, { cwd: dir, input: `${head}.${claims}` })
  t.match(said.toString(), /Verified OK/)
})

t.test('proxies are for Google, not for the metadata server', async t => {
  const { google, metadata, send } = await setUp(t, {
    env: { HTTP_PROXY: 'http://127.0.0.1:1', NO_PROXY: '' },
  })
  t.strictSame(await send(), { outcome: 'retry', reason: '127.0.0.1: ECONNREFUSED' })
  t.strictSame([google.requests.length, metadata.requests.length], [0, 1])
})

t.test('a metadata server in trouble', async t => {
  const { google, metadata, send } = await setUp(t)
  const tries: [Answer, object][] = [
    [{ status: 404 }, { outcome: 'suspended', reason: 'metadata server answered 404' }],
    [
      { status: 503, body: 'SECRET' },
      { outcome: 'retry', reason: 'metadata server answered 503' },
    ],
    [
      { status: 200, body: '{}' },
      { outcome: 'retry', reason: 'metadata server answered 200 and no credential' },
    ],
    ['close', { outcome: 'retry', reason: /^metadata server: [A-Z_]+$/ }],
  ]
  for (const [answer, expected] of tries) {
    metadata.answer(answer)
    t.match(await send(), expected)
  }
  t.equal(google.requests.length, 0)
  const away = await setUp(t, { env: { GCE_METADATA_HOST: '127.0.0.1:1' } })
  t.strictSame(await away.send(), {
    outcome: 'retry',
    reason: 'metadata server: ECONNREFUSED',
  })
})

t.test('an emulator takes messages without a token', async t => {
  const emulator = await startPubSubStandIn([topic], undefined)
  t.teardown(() => emulator.close())
  const env = { PUBSUB_EMULATOR_HOST: new URL(emulator.origin).host }
  const { google, metadata, send } = await setUp(t, { env })
  t.match(await send(), { outcome: 'delivered' })
  t.strictSame([google.requests.length, metadata.requests.length], [0, 0])
  t.equal(emulator.requests[0]?.headers.authorization, undefined)
  emulator.answer(
    googleError(401, 'UNAUTHENTICATED'),
    googleError(401, 'UNAUTHENTICATED'),
  )
  t.match(await send(), { outcome: 'suspended' })
})

t.test('an abort ends an attempt, also while it asks for a token', async t => {
  const { google, metadata, send, abortAt } = await setUp(t)
  const reason = 'metadata server: aborted'
  t.strictSame(await abortAt(metadata), { outcome: 'retry', reason })
  t.strictSame(await abortAt(google), { outcome: 'retry', reason: '127.0.0.1: aborted' })
  t.match(await send(), { outcome: 'delivered' })
})

t.test("without an endpoint it is Google's, by the section's proxy", async t => {
  const proxy = await startClosedProxy()
  t.teardown(() => proxy.close())
  const metadata = await startGoogleMetadata()
  t.teardown(() => metadata.close())
  const notifier = pubsub.create(
    'pubsub',
    settingsOf(pubsub, { topic, proxy: proxy.url }),
    {
      env: { GCE_METADATA_HOST: new URL(metadata.origin).host },
      now: () => start,
    },
  )
  t.strictSame(await notifier.send({ kind: 'alerts', alerts: [sampleAlert()] }, never), {
    outcome: 'retry',
    reason: 'pubsub.googleapis.com: PROXY_502',
  })
  t.strictSame(proxy.hosts, ['pubsub.googleapis.com:443'])
  await notifier.close()
})

t.test('faults of a section show no secret', async t => {
  const ec = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: pem,
    publicKeyEncoding: spki,
  })
  const account = {
    client_email: email,
    private_key: rsa.privateKey,
    private_key_id: '1',
    token_uri: 'https://oauth2.googleapis.com/token',
  }
  const dir = t.testdir({
    'good.json': JSON.stringify(account),
    'user.json': '{"type":"authorized_user","refresh_token":"SECRET"}',
    'ec.json': JSON.stringify({ ...account, private_key: ec.privateKey }),
    'uri.json': JSON.stringify({ ...account, token_uri: 'SECRET' }),
    'file.json': JSON.stringify({ ...account, token_uri: 'file:///x' }),
    'text.json': 'SECRET',
  })
  const file = (name: string) => ({ topic, credentials_file: join(dir, name) })
  const noKey = /^credentials_file is .*\.json, which holds no key of a service account/
  const faults: [Record<string, string>, RegExp][] = [
    [{}, /^topic is missing$/],
    [
      { topic: 'vault-SECRET' },
      /^topic must be projects\/PROJECT\/topics\/TOPIC, got a text/,
    ],
    [{ topic: `${topic}/x` }, /^topic must be/],
    [{ topic: `${topic}?x` }, /^topic must be/],
    [{ topic: 'projects/../topics/abc' }, /^topic must be/],
    [{ topic: 'projects/p/topics/ab' }, /^topic must be/],
    [file('no.json'), /^credentials_file is .*no\.json, which can't be read: ENOENT$/],
    [file('user.json'), noKey],
    [file('ec.json'), noKey],
    [file('uri.json'), noKey],
    [file('file.json'), noKey],
    [file('text.json'), noKey],
    [{ topic, endpoint: 'https://h/SECRET' }, /^endpoint must be/],
  ]
  for (const [given, message] of faults) {
    let said = 'nothing'
    try {
      settingsOf(pubsub, given)
    } catch (error) {
      said = (error as Error).message
    }
    t.match(said, message)
    t.notMatch(said, /SECRET|PRIVATE/)
  }
  t.strictSame(settingsOf(pubsub, file('good.json')), file('good.json'))
})
