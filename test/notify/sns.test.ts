import * as fc from 'fast-check'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import {
  containerCredentials,
  instanceCredentials,
} from '../../src/notify/aws-metadata.js'
import type { Http, HttpRequest } from '../../src/notify/http.js'
import type { Attempt, Message } from '../../src/notify/notifier.js'
import { snsTopic } from '../../src/notify/sns-message.js'
import { sns } from '../../src/notify/sns.js'
import { sampleAlert, sampleDigest } from '../fixtures/alerts.js'
import {
  snsError,
  startAwsMetadataStandIn,
  startSnsStandIn,
  type AwsIdentity,
} from '../fixtures/aws-stand-in.js'
import { startClosedProxy, type CloudStandIn } from '../fixtures/cloud-stand-in.js'
import { settingsOf } from '../fixtures/destination-settings.js'

import type { Answer } from '../fixtures/http-stand-in.js'

const topic_arn = 'arn:aws:sns:eu-central-1:123456789012:vault-alerts'
const fifoArn = `${topic_arn}.fifo`
const never = new AbortController().signal
const start = Date.parse('2026-11-23T20:37:00Z')
const minutes = 60_000

const identity = (name: string, parts: Partial<AwsIdentity> = {}): AwsIdentity => ({
  accessKeyId: `AKIA${name}KEYID`,
  secretAccessKey: `SECRET/${name}+secret`,
  ...parts,
})
const section = (who: AwsIdentity) => ({
  access_key_id: who.accessKeyId,
  secret_access_key: who.secretAccessKey,
  ...(who.sessionToken !== undefined && { session_token: who.sessionToken }),
})
const environment = (who: AwsIdentity) => ({
  AWS_ACCESS_KEY_ID: who.accessKeyId,
  AWS_SECRET_ACCESS_KEY: who.secretAccessKey,
  ...(who.sessionToken !== undefined && { AWS_SESSION_TOKEN: who.sessionToken }),
})
const ours = identity('OURS')
/** What no environment of a test has: a host of AWS, or somebody's credentials. */
const nowhere = {
  HOME: '/nonexistent',
  AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1',
}

/** A clock that stands, SNS, and a notifier for it; no reason may ever show a credential. */
async function setUp(
  t: Test,
  {
    settings = section(ours),
    env = {},
    identities = [ours],
  }: {
    readonly settings?: Readonly<Record<string, string>>
    readonly env?: NodeJS.ProcessEnv
    readonly identities?: readonly AwsIdentity[]
  } = {},
) {
  const clock = { now: start }
  const now = () => clock.now
  const aws = await startSnsStandIn([topic_arn, fifoArn], identities, now)
  t.teardown(() => aws.close())
  const parsed = settingsOf(sns, { topic_arn, endpoint: aws.origin, ...settings })
  const notifier = sns.create('sns', parsed, { env: { ...nowhere, ...env }, now })
  t.teardown(() => notifier.close())
  const send = async (
    message: Partial<Alert> | Message = {},
    signal: AbortSignal = never,
  ): Promise<Attempt> => {
    const attempt = await notifier.send(
      'kind' in message ? message : { kind: 'alerts', alerts: [sampleAlert(message)] },
      signal,
    )
    t.notMatch(attempt.reason, /SECRET|secret|KEYID|TOKEN[/\d]|Signature=/)
    return attempt
  }
  /** Aborts an attempt when its request has come to a server that doesn't answer. */
  const abortAt = async (server: CloudStandIn): Promise<Attempt> => {
    const controller = new AbortController()
    server.answer('hang')
    void server.nextRequest().then(() => controller.abort())
    return send({}, controller.signal)
  }
  return { aws, clock, notifier, send, abortAt }
}

async function metadataService(t: Test, who: AwsIdentity | undefined, expires: number) {
  const service = await startAwsMetadataStandIn(who, expires)
  t.teardown(() => service.close())
  const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: `${service.origin}/` }
  return { service, env }
}

const read = (text: string) => JSON.parse(text) as Record<string, Record<string, unknown>>

t.test('an alert is published: signed, with its envelope and attributes', async t => {
  const { aws, notifier, send } = await setUp(t)
  t.strictSame(await send({ entryJson: '{"type":"request"}' }), {
    outcome: 'delivered',
    reason: 'answered 200',
  })
  const [published] = aws.published
  t.strictSame(read(published!.message)['alert']?.['entry'], { type: 'request' })
  t.equal(
    published!.subject,
    'critical: Root token generation path accessed: sys/generate-root/attempt',
  )
  t.strictSame(published!.attributes, {
    severity: 'critical',
    rule: 'generate-root-accessed',
    log: 'audit',
  })
  t.equal(notifier.name, 'sns')
  t.strictSame(notifier.split?.([sampleAlert(), sampleAlert()]).length, 2)
})

t.test('a digest is published, with its severity only', async t => {
  const { aws, send } = await setUp(t)
  t.match(await send({ kind: 'digest', digest: sampleDigest() }), {
    outcome: 'delivered',
  })
  const [published] = aws.published
  t.match(read(published!.message), { kind: 'digest', digest: sampleDigest() })
  t.strictSame(published!.attributes, { severity: 'critical' })
  t.match(published!.subject, /^critical: 14 alerts in one message/)
})

t.test('a FIFO topic knows a message again', async t => {
  const { aws, send } = await setUp(t, {
    settings: { ...section(ours), topic_arn: fifoArn },
  })
  const digest: Message = { kind: 'digest', digest: sampleDigest() }
  for (const message of [{}, {}, { log: 'server', id: '2' }, digest, digest] as const) {
    t.match(await send(message), { outcome: 'delivered' })
  }
  t.strictSame(
    aws.published.map(({ group }) => group),
    ['audit', 'server', 'digest'],
  )
})

t.test('an entry that does not fit is left out, in bytes', async t => {
  const { aws, send } = await setUp(t)
  const entryOf = (chars: number) => JSON.stringify({ data: '🔥'.repeat(chars) })
  for (const chars of [1, 64_000, 65_000, 65_536, 200_000]) {
    t.match(await send({ entryJson: entryOf(chars) }), { outcome: 'delivered' })
  }
  t.match(await send({ line: 'x'.repeat(300_000) }), { outcome: 'delivered' })
  t.strictSame(
    aws.published.map(({ message }) => read(message)['omitted']),
    [
      undefined,
      undefined,
      { entry: 260_011 },
      { entry: 262_155 },
      { entry: 800_011 },
      { line: 300_000 },
    ],
  )
})

t.test('any text is taken, and its id and title come back', async t => {
  const { aws, send } = await setUp(t)
  const text = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 500 }),
    fc
      .constantFrom('\n', '\r\nTo: x', '🔥', '\ud800', '<', '&', '+', '%00', 'é')
      .map(piece => piece.repeat(200).slice(0, 500)),
  )
  const property = fc.asyncProperty(text, text, text, async (title, who, find) => {
    const attempt = await send({ title, facts: { who, find } })
    if (attempt.outcome !== 'delivered') throw new Error(attempt.reason)
    const { message } = aws.published.at(-1)!
    const { alert } = read(message)
    // As UTF-8 has it: U+FFFD for half a character.
    if (
      alert?.['title'] !== Buffer.from(title).toString() ||
      alert['id'] !== sampleAlert().id
    ) {
      throw new Error(`another text: ${message}`)
    }
  })
  await t.resolves(fc.assert(property, { numRuns: 200 }))
})

t.test('a subject is cut before AWS refuses it', async t => {
  const { aws, send } = await setUp(t)
  for (const title of ['x'.repeat(89), 'x'.repeat(90), '🔥'.repeat(90), 'a\tb']) {
    t.match(await send({ title }), { outcome: 'delivered' })
  }
  t.strictSame(
    aws.published.map(({ subject }) => subject),
    [
      `critical: ${'x'.repeat(89)}`,
      `critical: ${'x'.repeat(86)}...`,
      `critical: ${'?'.repeat(86)}...`,
      'critical: a?b',
    ],
  )
})

const headers = { 'retry-after': '7' }
const classes: [Answer, object][] = [
  [
    snsError(400, 'Throttling', 'Rate exceeded'),
    { outcome: 'retry', reason: 'answered 400 Throttling' },
  ],
  [snsError(429, 'ThrottledException'), { outcome: 'retry' }],
  [
    { ...(snsError(400, 'Throttling') as object), status: 400, headers },
    { outcome: 'retry', reason: 'answered 400 Throttling', retryAfterMs: 7_000 },
  ],
  [snsError(400, 'KMSThrottling'), { outcome: 'retry' }],
  [snsError(400, 'RequestExpired'), { outcome: 'retry' }],
  [
    snsError(500, 'InternalError'),
    { outcome: 'retry', reason: 'answered 500 InternalError' },
  ],
  [snsError(503, 'ServiceUnavailable'), { outcome: 'retry' }],
  [
    { status: 503, headers: { 'retry-after': '7' } },
    { outcome: 'retry', reason: 'answered 503', retryAfterMs: 7_000 },
  ],
  [
    snsError(404, 'NotFound', 'Topic does not exist'),
    { outcome: 'suspended', reason: 'answered 404 NotFound' },
  ],
  [
    snsError(
      403,
      'AuthorizationError',
      `User: arn:aws:iam::1:user/SECRET is not authorized`,
    ),
    { outcome: 'suspended', reason: 'answered 403 AuthorizationError' },
  ],
  [snsError(403, 'InvalidClientTokenId'), { outcome: 'suspended' }],
  [
    snsError(403, 'SignatureDoesNotMatch'),
    { outcome: 'suspended', reason: 'answered 403 SignatureDoesNotMatch' },
  ],
  [snsError(400, 'KMSDisabled'), { outcome: 'suspended' }],
  [snsError(400, 'KMSAccessDenied'), { outcome: 'suspended' }],
  [
    snsError(400, 'InvalidParameter', 'Invalid parameter: TopicArn'),
    { outcome: 'suspended' },
  ],
  [
    snsError(400, 'InvalidParameter', 'Invalid parameter: Message too long'),
    { outcome: 'refused', reason: 'answered 400 InvalidParameter' },
  ],
  [
    { status: 413, body: 'SECRET' },
    { outcome: 'refused', reason: 'answered 413' },
  ],
  [
    { status: 302, headers: { location: 'http://127.0.0.1:1/SECRET' } },
    { outcome: 'suspended' },
  ],
  [
    { status: 200, body: '<p>Log in</p>' },
    { outcome: 'retry', reason: /^answered 200 / },
  ],
  [
    { status: 200, ending: 'close' },
    { outcome: 'retry', reason: 'answered 200 and no text, cut off' },
  ],
  [
    { status: 403, body: '<Code>SECRET/OURS+secret</Code>' },
    { outcome: 'suspended', reason: 'answered 403' },
  ],
  ['close', { outcome: 'retry', reason: /^127\.0\.0\.1: [A-Z_]+$/ }],
]

for (const [answer, expected] of classes) {
  const said = typeof answer === 'string' ? answer : `${answer.status} ${answer.body}`
  const code = /<Code>\w+.*/.exec(said)?.[0]
  t.test(`answered ${said.slice(0, 3)} ${code ?? said.slice(4)}`, async t => {
    const { aws, send } = await setUp(t)
    // Twice, for what is worth a second attempt with other credentials.
    aws.answer(answer, answer)
    const attempt = await send()
    t.match(attempt, expected)
    t.equal('retryAfterMs' in attempt, 'retryAfterMs' in expected)
  })
}

t.test('what SNS itself finds wrong', async t => {
  const tries: [string, Parameters<typeof setUp>[1], object][] = [
    [
      'an unknown key',
      { settings: section(identity('OTHER')) },
      { outcome: 'suspended', reason: 'answered 403 InvalidClientTokenId' },
    ],
    [
      'a wrong secret',
      { settings: { ...section(ours), secret_access_key: 'SECRET' } },
      { outcome: 'suspended', reason: 'answered 403 SignatureDoesNotMatch' },
    ],
    [
      'another topic',
      { settings: { ...section(ours), topic_arn: `${topic_arn}-2` } },
      { outcome: 'suspended', reason: 'answered 404 NotFound' },
    ],
    [
      'another region',
      { settings: { ...section(ours), topic_arn: topic_arn.replace('eu', 'us') } },
      { outcome: 'suspended', reason: 'answered 403 SignatureDoesNotMatch' },
    ],
  ]
  for (const [name, given, expected] of tries) {
    const { send } = await setUp(t, given)
    t.strictSame(await send(), expected, name)
  }
})

t.test('a clock that is wrong is named', async t => {
  const aws = await startSnsStandIn([topic_arn], [ours], () => start + 16 * minutes)
  t.teardown(() => aws.close())
  const settings = settingsOf(sns, { topic_arn, endpoint: aws.origin, ...section(ours) })
  const notifier = sns.create('sns', settings, { env: {}, now: () => start })
  t.strictSame(await notifier.send({ kind: 'alerts', alerts: [sampleAlert()] }, never), {
    outcome: 'suspended',
    reason: "answered 403 SignatureDoesNotMatch (is this host's clock right?)",
  })
  await notifier.close()
})

t.test(
  'credentials: the section, the environment, the container, the file, the instance',
  async t => {
    const sources = ['SECTION', 'ENV', 'CONTAINER', 'FILE', 'INSTANCE'] as const
    const who = Object.fromEntries(
      sources.map(name => [name, identity(name, { sessionToken: `TOKEN/${name}==` })]),
    ) as Record<(typeof sources)[number], AwsIdentity>
    const container = await metadataService(t, who.CONTAINER, start + 60 * minutes)
    const instance = await metadataService(t, who.INSTANCE, start + 60 * minutes)
    const home = t.testdir({
      '.aws': {
        credentials: `# ours\n[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key=SECRET\n
[team.alerts]\naws_access_key_id = ${who.FILE.accessKeyId}\naws_secret_access_key=${who.FILE.secretAccessKey}
aws_session_token = ${who.FILE.sessionToken}\nregion = eu-central-1\n`,
      },
      token: 'container-token\n',
    })
    const given: [NodeJS.ProcessEnv, Record<string, string>][] = [
      [{}, section(who.SECTION)],
      [environment(who.ENV), {}],
      [
        {
          AWS_CONTAINER_CREDENTIALS_FULL_URI: `${container.service.origin}/container`,
          AWS_CONTAINER_AUTHORIZATION_TOKEN: 'another',
          AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(home, 'token'),
        },
        {},
      ],
      [{ HOME: home, AWS_PROFILE: 'team.alerts' }, {}],
      [instance.env, {}],
    ]
    // Each time the first of those that are left is taken.
    for (const [i, name] of sources.entries()) {
      const left = given.slice(i)
      const { aws, send } = await setUp(t, {
        identities: Object.values(who),
        // A proxy that would refuse all, and must not be asked for credentials.
        env: Object.assign(
          { HTTP_PROXY: 'http://127.0.0.1:1', NO_PROXY: '' },
          ...left.map(([env]) => env),
        ) as NodeJS.ProcessEnv,
        settings: Object.assign({}, ...left.map(([, settings]) => settings)) as Record<
          string,
          string
        >,
      })
      const viaProxy = await send()
      t.match(viaProxy, { outcome: 'retry', reason: '127.0.0.1: ECONNREFUSED' }, name)
      t.equal(aws.requests.length, 0)
    }
    for (const [i, name] of sources.entries()) {
      const left = given.slice(i)
      const { aws, send } = await setUp(t, {
        identities: Object.values(who),
        env: Object.assign({}, ...left.map(([env]) => env)) as NodeJS.ProcessEnv,
        settings: Object.assign({}, ...left.map(([, settings]) => settings)) as Record<
          string,
          string
        >,
      })
      t.match(await send(), { outcome: 'delivered' }, name)
      t.equal(aws.published[0]?.accessKeyId, who[name].accessKeyId)
    }
    t.equal(container.service.requests.length, 2)
    t.equal(instance.service.requests.length, 6)
  },
)

t.test('a container: its address, and what may be asked in clear', async t => {
  const asked: HttpRequest[] = []
  const http: Http = {
    async request(request) {
      asked.push(request)
      return { status: 200, headers: {}, body: '{}' }
    },
    async close() {},
  }
  const none = await containerCredentials({}, http, never)
  t.equal(none, undefined)
  const uri = '/v2/credentials/SECRET'
  const relative = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: uri }
  t.strictSame(await containerCredentials(relative, http, never), {
    failure: {
      outcome: 'retry',
      reason: 'container credentials answered 200 and no credential',
    },
  })
  t.strictSame(asked.splice(0), [
    { method: 'GET', url: `http://169.254.170.2${uri}`, headers: {} },
  ])
  const isAsked: [string, boolean][] = [
    ['http://169.254.170.23/v1/credentials', true],
    ['http://[fd00:ec2::23]/v1/credentials', true],
    ['http://localhost:51679/x', true],
    ['https://credentials.example/x', true],
    ['http://credentials.example/x', false],
    ['http://127.0.0.1.example/x', false],
    ['file:///etc/passwd', false],
    ['SECRET', false],
  ]
  for (const [url, expected] of isAsked) {
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: url }
    const obtained = await containerCredentials(env, http, never)
    t.equal(asked.splice(0).length === 1, expected, url)
    t.match(obtained, { failure: { outcome: expected ? 'retry' : 'suspended' } })
    t.notMatch(JSON.stringify(obtained), /SECRET/)
  }
  // What would make another host of it.
  const env = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '@credentials.example/x' }
  t.match(await containerCredentials(env, http, never), {
    failure: {
      reason: 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is neither HTTPS nor on this host',
    },
  })
  t.equal(asked.length, 0)
})

t.test('an instance: its address, and the session that is asked for first', async t => {
  const asked: HttpRequest[] = []
  const bodies = ['session', 'role+a=,.@-\n', '{"AccessKeyId":"A","SecretAccessKey":"S"}']
  const http: Http = {
    async request(request) {
      return { status: 200, headers: {}, body: bodies[asked.push(request) - 1]! }
    },
    async close() {},
  }
  t.match(await instanceCredentials({}, http, never), {
    value: { accessKeyId: 'A', secretAccessKey: 'S', sessionToken: undefined },
  })
  const url = 'http://169.254.169.254/latest'
  const roles = `${url}/meta-data/iam/security-credentials/`
  const headers = { 'x-aws-ec2-metadata-token': 'session' }
  t.strictSame(asked, [
    {
      method: 'PUT',
      url: `${url}/api/token`,
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
    },
    { method: 'GET', url: roles, headers },
    { method: 'GET', url: `${roles}role+a=,.@-`, headers },
  ])
})

t.test('what is handed out is kept until 5 minutes before its end', async t => {
  const first = identity('FIRST', { sessionToken: 'TOKEN1' })
  const second = identity('SECOND', { sessionToken: 'TOKEN2' })
  const { service, env } = await metadataService(t, first, start + 60 * minutes)
  const { aws, clock, send } = await setUp(t, {
    settings: {},
    env,
    identities: [first, second],
  })
  const publishedBy = async () => {
    t.match(await send(), { outcome: 'delivered' })
    return aws.published.at(-1)?.accessKeyId
  }
  t.equal(await publishedBy(), first.accessKeyId)
  service.credentials = second
  service.expires = start + 120 * minutes
  clock.now = start + 55 * minutes - 1
  t.equal(await publishedBy(), first.accessKeyId)
  t.equal(service.requests.length, 3)
  clock.now = start + 55 * minutes
  t.equal(await publishedBy(), second.accessKeyId)
  t.equal(service.requests.length, 6)

  // Without new ones, the old ones are good to their end.
  service.credentials = undefined
  clock.now = start + 120 * minutes - 1
  t.equal(await publishedBy(), second.accessKeyId)
  clock.now = start + 120 * minutes
  t.match(await send(), {
    outcome: 'suspended',
    reason: /^no AWS credentials .*; instance metadata \(role\) answered 404$/,
  })
})

t.test('credentials that have expired are got again at once', async t => {
  const old = identity('OLD', { sessionToken: 'TOKEN1', hasExpired: true })
  const fresh = identity('NEW', { sessionToken: 'TOKEN2' })
  const home = t.testdir({ '.aws': {} })
  const write = (who: AwsIdentity) =>
    writeFileSync(
      join(home, '.aws', 'credentials'),
      `[default]\naws_access_key_id=${who.accessKeyId}\naws_secret_access_key=${who.secretAccessKey}\naws_session_token=${who.sessionToken}\n`,
    )
  write(old)
  const { aws, send } = await setUp(t, {
    settings: {},
    env: { HOME: home },
    identities: [old, fresh],
  })
  t.strictSame(await send(), {
    outcome: 'suspended',
    reason: 'answered 403 ExpiredToken',
  })
  t.equal(aws.requests.length, 2)
  write(fresh)
  t.match(await send(), { outcome: 'delivered' })
  t.equal(aws.requests.length, 3)
  // A key that was deleted, and one that was made instead.
  write(identity('NEWER'))
  aws.identities.splice(0, 2, {
    ...fresh,
    accessKeyId: 'AKIANEWERKEYID',
    secretAccessKey: 'SECRET/NEWER+secret',
    sessionToken: 'undefined',
  })
  t.match(await send(), { outcome: 'delivered' })
  t.equal(aws.requests.length, 5)
})

t.test('without credentials it is said where none were found', async t => {
  const home = t.testdir({ '.aws': { credentials: '[default]\nregion = x\n' } })
  const outOfAws = { outcome: 'retry', reason: /; instance metadata: ECONNREFUSED$/ }
  const tries: [NodeJS.ProcessEnv, object][] = [
    [{}, outOfAws],
    [{}, { reason: /environment or \/nonexistent\/\.aws\/credentials \(ENOENT\); / }],
    [{ HOME: home }, { reason: /\.aws\/credentials \(profile default\); / }],
    [{ HOME: home, AWS_PROFILE: '__proto__' }, { reason: / \(profile __proto__\); / }],
    [{ AWS_ACCESS_KEY_ID: 'AKIAKEYID' }, outOfAws],
    [{ AWS_SHARED_CREDENTIALS_FILE: home }, { reason: /\(EISDIR\)/ }],
    [
      { AWS_EC2_METADATA_DISABLED: 'true' },
      { outcome: 'suspended', reason: /credentials \(ENOENT\)$/ },
    ],
    [
      {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/',
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(home, 'no'),
      },
      { outcome: 'suspended', reason: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: ENOENT' },
    ],
  ]
  for (const [env, expected] of tries) {
    const { aws, send } = await setUp(t, { settings: {}, env })
    t.match(await send(), expected)
    t.equal(aws.requests.length, 0)
  }
})

t.test('a metadata service in trouble', async t => {
  const tries: [Answer[], object][] = [
    [[{ status: 503 }], { outcome: 'retry', reason: /instance metadata answered 503$/ }],
    [[{ status: 403 }], { outcome: 'suspended', reason: /metadata answered 403$/ }],
    [
      [{ status: 200, body: 's', ending: 'close' }],
      { outcome: 'retry', reason: /metadata answered 200 and no credential$/ },
    ],
    [
      [
        { status: 200, body: 's' },
        { status: 200, body: 'al', ending: 'close' },
      ],
      { outcome: 'retry', reason: /metadata \(role\) answered 200 and no credential$/ },
    ],
    [
      [
        { status: 200, body: 's' },
        { status: 200, body: '../x' },
      ],
      { outcome: 'retry', reason: /metadata \(role\) answered 200 and no credential$/ },
    ],
    [
      [
        { status: 200, body: 's' },
        { status: 200, body: 'alerts' },
        { status: 200, body: '{"Code":"Failed","Token":"SECRET"}' },
      ],
      { outcome: 'retry', reason: /instance metadata answered 200 and no credential$/ },
    ],
  ]
  for (const [answers, expected] of tries) {
    const { service, env } = await metadataService(t, ours, start + 60 * minutes)
    service.answer(...answers)
    const { send } = await setUp(t, { settings: {}, env })
    t.match(await send(), expected)
    t.match(await send(), { outcome: 'delivered' }, 'and then it is well again')
  }
})

t.test('an abort ends an attempt, also while it asks for credentials', async t => {
  const { service, env } = await metadataService(t, ours, start + 60 * minutes)
  const { aws, send, abortAt } = await setUp(t, { settings: {}, env })
  t.match(await abortAt(service), { outcome: 'retry', reason: /metadata: aborted$/ })
  t.strictSame(await abortAt(aws), { outcome: 'retry', reason: '127.0.0.1: aborted' })
  t.match(await send(), { outcome: 'delivered' })
})

t.test('topics, and where their regions are reached', async t => {
  const hosts: [string, string | undefined][] = [
    [topic_arn, 'sns.eu-central-1.amazonaws.com'],
    ['arn:aws-cn:sns:cn-north-1:123456789012:a', 'sns.cn-north-1.amazonaws.com.cn'],
    [
      'arn:aws-us-gov:sns:us-gov-west-1:123456789012:a.fifo',
      'sns.us-gov-west-1.amazonaws.com',
    ],
    [`${topic_arn}:0c2f4a1e-subscription`, undefined],
    ['arn:aws:sqs:eu-central-1:123456789012:a', undefined],
    ['arn:aws-other:sns:eu-central-1:123456789012:a', undefined],
    ['arn:constructor:sns:eu-central-1:123456789012:a', undefined],
    ['arn:aws:sns:eu-central-1.evil.example/:123456789012:a', undefined],
    ['arn:aws:sns:eu-central-1:123456789012:a b', undefined],
    [
      `arn:aws:sns:eu-central-1:123456789012:${'a'.repeat(256)}`,
      'sns.eu-central-1.amazonaws.com',
    ],
    [`arn:aws:sns:eu-central-1:123456789012:${'a'.repeat(257)}`, undefined],
    [`arn:aws:sns:eu-central-1:123456789012:${'a'.repeat(252)}.fifo`, undefined],
  ]
  for (const [arn, host] of hosts) t.equal(snsTopic(arn)?.host, host, arn)
  t.equal(snsTopic(fifoArn)?.isFifo, true)
  t.equal(snsTopic(topic_arn)?.isFifo, false)
})

t.test("without an endpoint it is the region's, by the section's proxy", async t => {
  const proxy = await startClosedProxy()
  t.teardown(() => proxy.close())
  const settings = settingsOf(sns, { topic_arn, proxy: proxy.url, ...section(ours) })
  const notifier = sns.create('sns', settings, { env: nowhere, now: () => start })
  t.strictSame(await notifier.send({ kind: 'alerts', alerts: [sampleAlert()] }, never), {
    outcome: 'retry',
    reason: 'sns.eu-central-1.amazonaws.com: PROXY_502',
  })
  t.strictSame(proxy.hosts, ['sns.eu-central-1.amazonaws.com:443'])
  await notifier.close()
})

t.test('faults of a section show no secret', async t => {
  const secret_access_key = 'SECRETkey'
  const faults: [Record<string, string>, RegExp][] = [
    [{}, /^topic_arn is missing$/],
    [{ topic_arn: 'SECRET' }, /^topic_arn must be .*, got a text of 6 characters$/],
    [
      { topic_arn, secret_access_key },
      /^needs both of access_key_id and secret_access_key/,
    ],
    [{ topic_arn, access_key_id: 'A' }, /^needs both/],
    [{ topic_arn, session_token: 'SECRET' }, /^session_token needs access_key_id/],
    [
      { topic_arn, access_key_id: 'SEC RET' },
      /^access_key_id must be printable ASCII .* 7 /,
    ],
    [{ topic_arn, access_key_id: 'a\nb' }, /^access_key_id must be printable/],
    [{ topic_arn, endpoint: 'https://h/SECRET' }, /^endpoint must be .* of a host only/],
    [{ topic_arn, endpoint: 'https://u:SECRET@h' }, /^endpoint must be/],
    [{ topic_arn, endpoint: 'https://h/?SECRET' }, /^endpoint must be/],
    [{ topic_arn, endpoint: 'ftp://h' }, /^endpoint must be/],
    [{ topic_arn, endpoint: 'SECRET' }, /^endpoint must be/],
  ]
  for (const [given, message] of faults) {
    let said = 'nothing'
    try {
      settingsOf(sns, given)
    } catch (error) {
      said = (error as Error).message
    }
    t.match(said, message)
    t.notMatch(said, /SEC/)
  }
  t.strictSame(
    settingsOf(sns, { topic_arn, endpoint: 'https://vpce-1.sns.example:8443/' }),
    {
      topic_arn,
      endpoint: 'https://vpce-1.sns.example:8443',
    },
  )
})
