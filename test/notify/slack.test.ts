import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createHttpPost, type HttpAnswer } from '../../src/notify/http-post.js'
import { createSlackNotifier, type SlackSettings } from '../../src/notify/slack.js'
import { sampleAlert } from '../fixtures/alerts.js'
import {
  startSlackStandIn,
  type Answer,
  type SlackStandInOptions,
} from '../fixtures/slack-stand-in.js'

const alert = sampleAlert()

const path = '/services/T0SECRET01/B0SECRET02/xSECRETtokenSECRET03'
const never = new AbortController().signal
const now = () => Date.parse('2026-11-23T20:37:00Z')
const port = (server: { address(): unknown }) => (server.address() as AddressInfo).port

/** One attempt; no reason may ever show the webhook. */
async function attempt(
  t: Test,
  settings: Omit<SlackSettings, 'name'>,
  { env = {}, signal = never, timeoutMs = 10_000 } = {},
) {
  const http = createHttpPost(settings, env, timeoutMs)
  const notifier = createSlackNotifier({ name: 'slack', ...settings }, env, { now, http })
  const result = await notifier.send([alert], signal)
  await notifier.close()
  t.notMatch(result.reason, /SECRET|services/)
  return result
}

async function standIn(t: Test, options: SlackStandInOptions = {}) {
  const slack = await startSlackStandIn({ path, ...options })
  t.teardown(() => slack.close())
  return slack
}

/** A stand-in on which the first requests are answered as given. */
async function answering(t: Test, ...answers: Answer[]) {
  const slack = await standIn(t)
  slack.answer(...answers)
  return slack
}

t.test('what Slack takes is delivered', async t => {
  const slack = await standIn(t)
  const notifier = createSlackNotifier({ name: 'ops', url: slack.url }, {})
  t.equal(notifier.name, 'ops')
  t.strictSame(notifier.split?.([alert, alert]), [[alert, alert]])
  for (let i = 0; i < 3; i++) {
    const result = await notifier.send([alert], never)
    t.strictSame(result, { outcome: 'delivered', reason: 'answered 200 ok' })
  }
  await notifier.close()
  t.equal(slack.requests.length, 3)
  t.match(slack.requests[0]?.body, { text: /Root token .*\nalert `6f1e/, blocks: Array })
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
  [{ status: 204 }, { outcome: 'retry', reason: 'answered 204' }],
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
    const slack = await answering(t, answer)
    const result = await attempt(t, { url: slack.url })
    t.match(result, expected)
    t.equal('retryAfterMs' in result, 'retryAfterMs' in expected)
    t.equal(slack.requests.length, 1)
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
    const slack = await answering(t, { status: 400, body: 'invalid_blocks' }, ...second)
    t.strictSame(await attempt(t, { url: slack.url }), expected)
    const bodies = slack.requests.map(request => request.body)
    t.match(bodies, [{ blocks: Array }, { text: /Root token/ }])
    t.notOk(Object.hasOwn(bodies[1] as object, 'blocks'))
    t.equal(bodies.length, 2)
  }
})

t.test('trouble with the network is tried again', async t => {
  const closing = await answering(t, 'close')
  const closed = await attempt(t, { url: closing.url })
  t.match(closed, { outcome: 'retry', reason: /^127\.0\.0\.1: [A-Z_]+$/ })

  const hanging = await answering(t, 'hang')
  const hung = await attempt(t, { url: hanging.url }, { timeoutMs: 50 })
  const timedOut = { outcome: 'retry', reason: /: (?:UND_ERR_HEADERS_TIMEOUT|timeout)$/ }
  t.match(hung, timedOut)

  const gone = await startSlackStandIn({ path })
  await gone.close()
  t.strictSame(await attempt(t, { url: gone.url }), {
    outcome: 'retry',
    reason: '127.0.0.1: ECONNREFUSED',
  })
  t.match(await attempt(t, { url: path }), {
    outcome: 'retry',
    reason: 'no valid URL: ERR_INVALID_URL',
  })
})

t.test('an answer that never ends is cut off', async t => {
  // One byte at a time would renew the body's timeout forever.
  const dripping = createServer((_request, response) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write('x'), 10)
    response.on('close', () => clearInterval(timer))
  })
  const flooding = createServer((_request, response) => {
    response.writeHead(200)
    const flood = () => {
      while (response.write('no '.repeat(10_000)));
    }
    response.on('drain', flood).on('error', () => undefined)
    flood()
  })
  await listening(t, dripping)
  await listening(t, flooding)
  const url = (server: Server) => `http://127.0.0.1:${port(server)}${path}`
  t.match(await attempt(t, { url: url(dripping) }, { timeoutMs: 100 }), {
    outcome: 'retry',
    reason: /timeout/i,
  })
  t.match(await attempt(t, { url: url(flooding) }), {
    outcome: 'retry',
    reason: /^answered 200 no no .{80,100}…$/,
  })
})

t.test('an abort ends an attempt at once, wherever it is', async t => {
  // Accept connections and say nothing more: TLS, a proxy's tunnel and HTTP all wait for it.
  const silent = createTcpServer(socket => void socket.on('error', () => undefined))
  const tunnel = createServer().on('connect', (_request, socket) => {
    socket.on('error', () => undefined).write('HTTP/1.1 200 OK\r\n\r\n')
  })
  await listening(t, silent)
  await listening(t, tunnel)
  const host = `127.0.0.1:${port(silent)}`
  const waits: Omit<SlackSettings, 'name'>[] = [
    { url: `http://${host}${path}` },
    { url: `https://${host}${path}` },
    { url: `https://slack.invalid${path}`, proxy: `http://${host}` },
    { url: `https://slack.invalid${path}`, proxy: `http://127.0.0.1:${port(tunnel)}` },
  ]
  for (const settings of waits) {
    const controller = new AbortController()
    const connected = Promise.race([connection(silent), connection(tunnel)])
    const result = attempt(t, settings, { signal: controller.signal })
    const socket = await connected
    const before = performance.now()
    const closed = new Promise(resolve => socket.once('close', resolve))
    controller.abort()
    t.match(await result, { outcome: 'retry', reason: /: aborted$/ })
    await closed
    t.ok(performance.now() - before < 8_000, 'nor does its connection live on')
  }
  const aborted = { outcome: 'retry', reason: '127.0.0.1: aborted' }
  t.strictSame(
    await attempt(t, { url: `http://${host}/` }, { signal: AbortSignal.abort() }),
    aborted,
  )
})

t.test('after an abort or a failure, the same notifier delivers', async t => {
  const slack = await answering(t, 'hang', 'close')
  const notifier = createSlackNotifier({ name: 'slack', url: slack.url }, {})
  const controller = new AbortController()
  const first = notifier.send([alert], controller.signal)
  await slack.waitFor(request => request.status === 'hang', 60_000)
  controller.abort()
  t.match(await first, { outcome: 'retry', reason: '127.0.0.1: aborted' })
  t.match(await notifier.send([alert], never), { outcome: 'retry' })
  t.match(await notifier.send([alert], never), { outcome: 'delivered' })
  await notifier.close()
})

t.test('proxies: of the environment, or the one that is asked for', async t => {
  const slack = await standIn(t)
  const { url } = slack
  const { proxy, tunnels } = await startProxy(t)
  const dead = 'http://127.0.0.1:1'
  const through: [string, NodeJS.ProcessEnv, Partial<SlackSettings>][] = [
    ['http_proxy', { http_proxy: proxy }, {}],
    ['HTTP_PROXY', { HTTP_PROXY: proxy }, {}],
    ['the setting', {}, { proxy }],
    [
      'the setting before the environment',
      { http_proxy: dead, no_proxy: '*' },
      { proxy },
    ],
  ]
  // What counts is the environment that was passed, not the process's own.
  t.teardown(setEnvironment({ no_proxy: '*', http_proxy: dead, https_proxy: dead }))
  for (const [name, env, settings] of through) {
    t.match(
      await attempt(t, { url, ...settings }, { env }),
      { outcome: 'delivered' },
      name,
    )
    t.strictSame(tunnels.splice(0), [new URL(url).host], name)
  }
  const around: [string, NodeJS.ProcessEnv][] = [
    ['no_proxy', { http_proxy: dead, no_proxy: '127.0.0.1' }],
    ['a proxy for HTTPS only', { https_proxy: dead }],
    ['an empty one', { http_proxy: '', HTTP_PROXY: dead }],
  ]
  for (const [name, env] of around) {
    t.match(await attempt(t, { url }, { env }), { outcome: 'delivered' }, name)
  }
  t.strictSame(tunnels, [])
  const failing: [string, string][] = [
    [dead, '127.0.0.1: ECONNREFUSED'],
    ['proxy.example:3128', '127.0.0.1: PROXY_UND_ERR_INVALID_ARG'],
    ['::', '127.0.0.1: PROXY_ERR_INVALID_URL'],
    [await refusingProxy(t), '127.0.0.1: PROXY_407'],
  ]
  for (const [proxy, reason] of failing) {
    t.strictSame(await attempt(t, { url, proxy }), { outcome: 'retry', reason })
  }
})

t.test('a custom certificate authority is trusted besides the default ones', async t => {
  const { key, cert, dir } = certificate(t)
  const slack = await standIn(t, { tls: { key, cert } })
  const { url } = slack
  const caFile = join(dir, 'cert.pem')
  const { proxy, tunnels } = await startProxy(t)
  const tries: [object, NodeJS.ProcessEnv, object][] = [
    [{}, {}, { outcome: 'retry', reason: '127.0.0.1: DEPTH_ZERO_SELF_SIGNED_CERT' }],
    [{ caFile }, {}, { outcome: 'delivered' }],
    [{ caFile, proxy }, {}, { outcome: 'delivered' }],
    [{ proxy }, {}, { outcome: 'retry', reason: /: DEPTH_ZERO_SELF_SIGNED_CERT$/ }],
    [{ caFile }, { HTTPS_PROXY: proxy }, { outcome: 'delivered' }],
    [{ caFile: join(dir, 'no') }, {}, { outcome: 'retry', reason: /: CA_FILE_ENOENT$/ }],
    [
      { caFile: join(dir, 'key.pem') },
      {},
      { outcome: 'retry', reason: /: CA_FILE_ERR_/ },
    ],
  ]
  for (const [settings, env, expected] of tries) {
    t.match(await attempt(t, { url, ...settings }, { env }), expected)
  }
  t.equal(tunnels.length, 3)
})

t.test('a CA file that was mended is read again', async t => {
  const { dir, ...tls } = certificate(t)
  const { url } = await standIn(t, { tls })
  const caFile = join(dir, 'ca.pem')
  writeFileSync(caFile, certificate(t).cert)
  const notifier = createSlackNotifier({ name: 'slack', url, caFile }, {})
  t.match(await notifier.send([alert], never), { outcome: 'retry' })
  writeFileSync(caFile, tls.cert)
  t.match(await notifier.send([alert], never), { outcome: 'delivered' })
  await notifier.close()
})

t.test('a CA file leaves NODE_EXTRA_CA_CERTS in force', async t => {
  const slack = certificate(t)
  const other = certificate(t)
  const { url } = await standIn(t, { tls: slack })
  const caFile = join(other.dir, 'cert.pem')
  const code = `
    import { createHttpPost } from '${new URL('../../src/notify/http-post.ts', import.meta.url).href}'
    const http = createHttpPost({ caFile: '${caFile}' }, process.env)
    const answer = await http.post('${url}', { text: 'x' }, new AbortController().signal)
    await http.close()
    process.stdout.write(JSON.stringify(answer))`
  const file = join(other.dir, 'post.mts')
  writeFileSync(file, code)
  const post = async (extra: string) => {
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: extra }
    const child = spawn(process.execPath, ['--import', 'tsx', file], { env })
    let said = ''
    for await (const part of child.stdout) said += String(part)
    return JSON.parse(said) as HttpAnswer
  }
  const [trusted, distrusted] = await Promise.all([
    post(join(slack.dir, 'cert.pem')),
    post(join(slack.dir, 'no')),
  ])
  t.match(trusted, { status: 200, body: 'ok' })
  t.match(distrusted, { error: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
})

function connection(server: Server | TcpServer): Promise<Socket> {
  return new Promise(resolve => server.once('connection', resolve))
}

/** A self-signed certificate for 127.0.0.1, in files and as text. */
function certificate(t: Test) {
  const dir = mkdtempSync(join(tmpdir(), 'certificate-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const options =
    'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=slack -keyout key.pem -out cert.pem'
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', [...options.split(' '), ...names], {
    cwd: dir,
    stdio: 'ignore',
  })
  const read = (name: string) => readFileSync(join(dir, name), 'utf8')
  return { dir, key: read('key.pem'), cert: read('cert.pem') }
}

/** A forward proxy that tunnels, and the hosts it was asked for. */
async function startProxy(t: Test) {
  const tunnels: string[] = []
  const server = createServer().on('connect', (request, socket) => {
    const { hostname, port } = new URL(`http://${request.url}`)
    tunnels.push(request.url ?? '')
    const far = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      far.pipe(socket).pipe(far)
    })
    for (const end of [far, socket])
      end.on('error', () => (far.destroy(), socket.destroy()))
  })
  await listening(t, server)
  return { proxy: `http://127.0.0.1:${port(server)}`, tunnels }
}

async function refusingProxy(t: Test): Promise<string> {
  const server = createServer().on('connect', (_request, socket) => {
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
  })
  await listening(t, server)
  return `http://user:SECRET@127.0.0.1:${port(server)}`
}

/** Gives what restores it. */
function setEnvironment(env: Record<string, string>): () => void {
  const before = { ...process.env }
  Object.assign(process.env, env)
  return () => {
    for (const name of Object.keys(env)) delete process.env[name]
    Object.assign(process.env, before)
  }
}

async function listening(t: Test, server: Server | TcpServer) {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
}
