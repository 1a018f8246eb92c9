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
import { createHttp, type HttpResult, type HttpSettings } from '../../src/notify/http.js'
import {
  startStandIn,
  type Answer,
  type StandInOptions,
} from '../fixtures/http-stand-in.js'

const path = '/hooks/T0SECRET01/xSECRETtokenSECRET03?sig=SECRET04'
const never = new AbortController().signal
const port = (server: { address(): unknown }) => (server.address() as AddressInfo).port

/** One request; no error may ever show the URL. */
async function attempt(
  t: Test,
  { url, ...settings }: HttpSettings & { readonly url: string },
  { env = {}, signal = never, timeoutMs = 10_000 } = {},
): Promise<HttpResult> {
  const http = createHttp(settings, env, timeoutMs)
  const result = await http.request({ url, body: '{"text":"x"}' }, signal)
  await http.close()
  if ('error' in result) t.match(result.error, /^(?:aborted|timeout|[A-Z][A-Z0-9_]+)$/)
  t.notMatch(JSON.stringify(result), /SECRET|hooks/)
  return result
}

async function standIn(t: Test, options: StandInOptions = {}) {
  const judge = () => ({ status: 200, body: 'ok' })
  const channel = { path, judge, unknown: { status: 404, body: 'no_service' } }
  const server = await startStandIn(channel, options)
  t.teardown(() => server.close())
  return server
}

/** A stand-in on which the first requests are answered as given. */
async function answering(t: Test, ...answers: Answer[]) {
  const server = await standIn(t)
  server.answer(...answers)
  return server
}

const taken = { status: 200, body: 'ok' }

t.test('a request is a POST of JSON, unless it says otherwise', async t => {
  const seen: unknown[] = []
  const server = createServer((request, response) => {
    const { method, url, headers } = request
    let body = ''
    request.setEncoding('utf8').on('data', part => (body += String(part)))
    request.on('end', () => {
      seen.push([method, url, headers['content-type'], headers['x-key'], body])
      response.writeHead(201, { 'x-answer': 'yes' }).end('done')
    })
  })
  await listening(t, server)
  const http = createHttp({}, {})
  t.teardown(() => http.close())
  const url = `http://127.0.0.1:${port(server)}/a?b=c`
  const answer = await http.request({ url, body: '{}', headers: { 'x-key': 'k' } }, never)
  t.match(answer, { status: 201, headers: { 'x-answer': 'yes' }, body: 'done' })
  await http.request(
    { url, body: 'a=b', headers: { 'content-type': 'text/plain' } },
    never,
  )
  await http.request({ url, method: 'PUT' }, never)
  await http.request({ url, method: 'GET' }, never)
  t.strictSame(seen, [
    ['POST', '/a?b=c', 'application/json; charset=utf-8', 'k', '{}'],
    ['POST', '/a?b=c', 'text/plain', undefined, 'a=b'],
    ['PUT', '/a?b=c', undefined, undefined, ''],
    ['GET', '/a?b=c', undefined, undefined, ''],
  ])
})

t.test('trouble with the network is an error code', async t => {
  const closing = await answering(t, 'close')
  t.match(await attempt(t, { url: closing.url }), { error: /^[A-Z_]+$/ })

  const hanging = await answering(t, 'hang')
  const timedOut = { error: /^(?:UND_ERR_HEADERS_TIMEOUT|timeout)$/ }
  t.match(await attempt(t, { url: hanging.url }, { timeoutMs: 50 }), timedOut)

  const gone = await standIn(t)
  await gone.close()
  t.strictSame(await attempt(t, { url: gone.url }), { error: 'ECONNREFUSED' })
  t.strictSame(await attempt(t, { url: path }), { error: 'ERR_INVALID_URL' })
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
  const before = performance.now()
  t.match(await attempt(t, { url: url(dripping) }, { timeoutMs: 100 }), {
    status: 200,
    body: /^x+$/,
    isCut: true,
  })
  t.ok(performance.now() - before < 8_000)
  const flooded = await attempt(t, { url: url(flooding) })
  t.match(flooded, { status: 200, body: /^(?:no ){5461}n$/ }, 'the first 16 KiB')
})

t.test('an answer counts as soon as its headers are there', async t => {
  const headers = { 'retry-after': '120' }
  for (const ending of ['close', 'hang'] as const) {
    for (const body of ['', 'some']) {
      const server = await answering(t, { status: 429, headers, body, ending }, taken)
      const http = createHttp({}, {}, 100)
      const request = () => http.request({ url: server.url, body: '{}' }, never)
      const cut = { status: 429, headers, body, isCut: true }
      t.match(await request(), cut, `${ending} after "${body}"`)
      const whole = await request()
      t.match(whole, taken, 'and the next request passes')
      t.notOk('isCut' in whole)
      await http.close()
    }
  }
})

t.test('an abort leaves no answer, though its headers were there', async t => {
  const server = await answering(t, { status: 200, body: 'ok', ending: 'hang' })
  const controller = new AbortController()
  const result = attempt(t, { url: server.url }, { signal: controller.signal })
  await server.waitFor(() => true, 60_000)
  // Time for the headers to arrive, which nothing tells of.
  await new Promise(resolve => setTimeout(resolve, 200))
  controller.abort()
  t.strictSame(await result, { error: 'aborted' })
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
  const waits: (HttpSettings & { readonly url: string })[] = [
    { url: `http://${host}${path}` },
    { url: `https://${host}${path}` },
    { url: `https://hook.invalid${path}`, proxy: `http://${host}` },
    { url: `https://hook.invalid${path}`, proxy: `http://127.0.0.1:${port(tunnel)}` },
  ]
  for (const settings of waits) {
    const controller = new AbortController()
    const connected = Promise.race([connection(silent), connection(tunnel)])
    const result = attempt(t, settings, { signal: controller.signal })
    const socket = await connected
    const before = performance.now()
    const closed = new Promise(resolve => socket.once('close', resolve))
    controller.abort()
    t.strictSame(await result, { error: 'aborted' })
    await closed
    t.ok(performance.now() - before < 8_000, 'nor does its connection live on')
  }
  t.strictSame(
    await attempt(t, { url: `http://${host}/` }, { signal: AbortSignal.abort() }),
    { error: 'aborted' },
  )
})

t.test('proxies: of the environment, or the one that is asked for', async t => {
  const server = await standIn(t)
  const { url } = server
  const { proxy, tunnels } = await startProxy(t)
  const dead = 'http://127.0.0.1:1'
  const through: [string, NodeJS.ProcessEnv, HttpSettings][] = [
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
    t.match(await attempt(t, { url, ...settings }, { env }), taken, name)
    t.strictSame(tunnels.splice(0), [new URL(url).host], name)
  }
  const around: [string, NodeJS.ProcessEnv][] = [
    ['no_proxy', { http_proxy: dead, no_proxy: '127.0.0.1' }],
    ['a proxy for HTTPS only', { https_proxy: dead }],
    ['an empty one', { http_proxy: '', HTTP_PROXY: dead }],
  ]
  for (const [name, env] of around) {
    t.match(await attempt(t, { url }, { env }), taken, name)
  }
  t.strictSame(tunnels, [])
  const failing: [string, string][] = [
    [dead, 'ECONNREFUSED'],
    ['proxy.example:3128', 'PROXY_UND_ERR_INVALID_ARG'],
    ['::', 'PROXY_ERR_INVALID_URL'],
    [await refusingProxy(t), 'PROXY_407'],
  ]
  for (const [proxy, error] of failing) {
    t.strictSame(await attempt(t, { url, proxy }), { error })
  }
})

t.test('a custom certificate authority is trusted besides the default ones', async t => {
  const { key, cert, dir } = certificate(t)
  const { url } = await standIn(t, { tls: { key, cert } })
  const caFile = join(dir, 'cert.pem')
  const { proxy, tunnels } = await startProxy(t)
  const tries: [object, NodeJS.ProcessEnv, object][] = [
    [{}, {}, { error: 'DEPTH_ZERO_SELF_SIGNED_CERT' }],
    [{ caFile }, {}, taken],
    [{ caFile, proxy }, {}, taken],
    [{ proxy }, {}, { error: 'DEPTH_ZERO_SELF_SIGNED_CERT' }],
    [{ caFile }, { HTTPS_PROXY: proxy }, taken],
    [{ caFile: join(dir, 'no') }, {}, { error: 'CA_FILE_ENOENT' }],
    [{ caFile: join(dir, 'key.pem') }, {}, { error: /^CA_FILE_ERR_/ }],
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
  const http = createHttp({ caFile }, {})
  t.teardown(() => http.close())
  const error = 'DEPTH_ZERO_SELF_SIGNED_CERT'
  t.strictSame(await http.request({ url, body: '{}' }, never), { error })
  writeFileSync(caFile, tls.cert)
  t.match(await http.request({ url, body: '{}' }, never), taken)
})

t.test('a CA file leaves NODE_EXTRA_CA_CERTS in force', async t => {
  const trustedByNode = certificate(t)
  const other = certificate(t)
  const { url } = await standIn(t, { tls: trustedByNode })
  const caFile = join(other.dir, 'cert.pem')
  const code = `
    import { createHttp } from '${new URL('../../src/notify/http.ts', import.meta.url).href}'
    const http = createHttp({ caFile: '${caFile}' }, process.env)
    const answer = await http.request({ url: '${url}', body: '{}' }, new AbortController().signal)
    await http.close()
    process.stdout.write(JSON.stringify(answer))`
  const file = join(other.dir, 'post.mts')
  writeFileSync(file, code)
  const post = async (extra: string) => {
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: extra }
    const child = spawn(process.execPath, ['--import', 'tsx', file], { env })
    let said = ''
    for await (const part of child.stdout) said += String(part)
    return JSON.parse(said) as HttpResult
  }
  const [trusted, distrusted] = await Promise.all([
    post(join(trustedByNode.dir, 'cert.pem')),
    post(join(trustedByNode.dir, 'no')),
  ])
  t.match(trusted, { status: 200, body: 'ok' })
  t.strictSame(distrusted, { error: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
})

function connection(server: Server | TcpServer): Promise<Socket> {
  return new Promise(resolve => server.once('connection', resolve))
}

/** A self-signed certificate for 127.0.0.1, in files and as text. */
function certificate(t: Test) {
  const dir = mkdtempSync(join(tmpdir(), 'certificate-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const options =
    'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=hook -keyout key.pem -out cert.pem'
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
