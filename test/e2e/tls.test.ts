import { connect as connectPlain } from 'node:net'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type ConnectionOptions } from 'node:tls'
import t, { type Test } from 'tap'
import { auditLine } from '../fixtures/entries.js'
import { credentials, install, vaultLogCa } from './certificates.js'
import { logSystemFor } from './log-system-for.js'
import { until } from './until.js'

const sealed = '2026-03-02T10:15:30.412Z [INFO]  core: vault is sealed'

const dir = mkdtempSync('/tmp/vault-log-tls-')
t.teardown(() => rmSync(dir, { recursive: true }))
const ca = join(dir, 'ca')
const foreign = join(dir, 'foreign')
vaultLogCa(ca, 'log-server', 'log-server.internal', '127.0.0.1')
vaultLogCa(ca, 'log-server', 'elsewhere.internal')
vaultLogCa(ca, 'vault-node', 'vault-1', 'vault-2')
vaultLogCa(foreign, 'log-server', 'log-server.internal', '127.0.0.1')
vaultLogCa(foreign, 'vault-node', 'vault-1')

/** Both roles over TLS. */
async function tlsSystem(t: Test) {
  const tls = { server: join(t.testdir(), 'server'), node: join(t.testdirName, 'node') }
  install(ca, 'log-server.internal', tls.server)
  install(ca, 'vault-1', tls.node)
  return { ...(await logSystemFor(t, tls)), tls }
}

t.test('both logs pass over TLS, and alert', async t => {
  const { system, slack } = await tlsSystem(t)
  const lines = [
    auditLine({ id: 'one', path: 'sys/health' }),
    auditLine({ id: 'root-1' }),
  ]
  await system.sendAudit(lines)
  await system.sendJournal([{ program: 'vault', pid: 812, message: sealed }])
  const alerts = await until('both alerts are recorded', () => {
    const both = [...system.alerts('audit.alert'), ...system.alerts('messages.alert')]
    return both.length === 2 && both
  })
  for (const { id } of alerts) {
    await slack.waitFor(({ body }) => JSON.stringify(body).includes(id), 20_000)
  }
  // As long as it takes an idle node to send its "-- MARK --" lines.
  await sleep(2_500)
  t.equal(system.read('audit'), lines.map(line => `${line}\n`).join(''))
  t.match(system.read('messages'), /^.* vault\[812\]: .*core: vault is sealed\n$/)
})

t.test('the log server takes nothing of whom it does not know', async t => {
  const { system } = await tlsSystem(t)
  const port = system.ports.audit
  const trusted = { ca: credentials(ca, 'vault-1').ca }
  const node = credentials(ca, 'vault-1')
  const old = {
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'ALL:@SECLEVEL=0',
  } as const
  const peers: Record<string, ConnectionOptions> = {
    'no certificate': trusted,
    'a certificate of another CA': { ...credentials(foreign, 'vault-1'), ...trusted },
    'TLS 1.1': { ...node, ...old },
    'TLS 1.3 and nothing older': { ...node, minVersion: 'TLSv1.3' },
  }
  for (const [name, options] of Object.entries(peers)) {
    const said = await sendOverTls(port, options, auditLine({ id: name }))
    t.match(said, /^refused: .*(?:alert|ERR_SSL|ECONNRESET)/, `${name}: ${said}`)
  }
  t.equal(await sendPlain(port, auditLine({ id: 'plain text' })), 'closed')
  t.equal(await sendOverTls(port, node, auditLine({ id: 'known' })), 'taken')
  await until('the known one is stored', () => system.read('audit') !== '')
  t.equal(system.read('audit'), `${auditLine({ id: 'known' })}\n`, 'and no other line')
})

const refused: Record<string, { role: 'node' | 'server'; from: string; host: string }> = {
  'a node with a certificate of another CA': {
    role: 'node',
    from: foreign,
    host: 'vault-1',
  },
  'a log server of another name': {
    role: 'server',
    from: ca,
    host: 'elsewhere.internal',
  },
  'a log server with a certificate of another CA': {
    role: 'server',
    from: foreign,
    host: 'log-server.internal',
  },
  "a log server with a node's certificate": { role: 'server', from: ca, host: 'vault-2' },
}

for (const [name, { role, from, host }] of Object.entries(refused)) {
  t.test(`nothing is lost by ${name}`, async t => {
    const { system, tls } = await tlsSystem(t)
    const right = role === 'node' ? 'vault-1' : 'log-server.internal'
    install(from, host, tls[role])
    await system.node.stop()
    await system.server.stop()
    await system.server.start()
    await system.node.start()
    const lines = Array.from({ length: 20_000 }, (_, i) =>
      auditLine({ id: `${i}`, path: 'sys/health' }),
    )
    await system.sendAudit(lines)
    // Several tries of the node to connect.
    await sleep(3_000)
    t.match(
      system.node.ownLog,
      /SSL error|Certificate (?:validation|subject)|unsupported/i,
    )
    t.equal(system.read('audit'), '', 'nothing goes to it')

    install(ca, right, tls[role])
    await system[role].ctl('reload')
    const expected = lines.map(line => `${line}\n`).join('')
    await until('all is stored', () => system.size('audit') >= expected.length)
    t.ok(system.read('audit') === expected, 'each line once, in order')
    t.equal(await system.node.counter('', 'dropped'), 0)
  })
}

t.test('vault-log-ca', async t => {
  const folder = join(dir, 'script')
  t.throws(() => vaultLogCa(folder, 'list'), /there is no CA in/)
  for (const host of ['../x', '', '-x', 'a b', 'ca.key', 'a\n', 'x'.repeat(65)]) {
    t.throws(
      () => vaultLogCa(folder, 'vault-node', host),
      /no host name or address|longer than/,
      host,
    )
  }
  t.throws(() => vaultLogCa(folder, 'vault-node'), /usage:/)
  t.match(vaultLogCa(folder, 'vault-node', 'vault-1'), /vault-1 is valid until/)
  t.equal(vaultLogCa(folder, 'list').split('\n').length, 3)
  const before = credentials(folder, 'vault-1')
  vaultLogCa(folder, 'vault-node', 'vault-1')
  const after = credentials(folder, 'vault-1')
  t.not(after.cert, before.cert, 'made again')
  t.equal(after.ca, before.ca, 'by the same CA')
  for (const file of ['ca.key', 'vault-1/key.pem']) {
    t.equal(statSync(join(folder, file)).mode & 0o077, 0, `${file}: for its owner only`)
  }
  rmSync(join(folder, 'ca.key'))
  t.throws(
    () => vaultLogCa(folder, 'vault-node', 'vault-1'),
    /only one of ca.key and ca.pem/,
  )
})

/** What became of a line: "taken" where the connection stays up, else "refused: " and why. */
function sendOverTls(
  port: number,
  options: ConnectionOptions,
  line: string,
): Promise<string> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1', ...options })
    socket.on('error', (fault: NodeJS.ErrnoException) =>
      resolve(`refused: ${fault.code} ${fault.message.trim()}`),
    )
    socket.on('close', () => resolve('refused: closed'))
    socket.on('secureConnect', () => {
      socket.write(`${line}\n`)
      setTimeout(() => {
        resolve('taken')
        socket.end()
      }, 500)
    })
  })
}

function sendPlain(port: number, line: string): Promise<string> {
  return new Promise(resolve => {
    const socket = connectPlain({ port, host: '127.0.0.1' })
    socket.on('error', () => resolve('closed'))
    socket.on('close', () => resolve('closed'))
    socket.on('connect', () => socket.write(`${line}\n`))
    // What the server says is read: only then the end of it arrives.
    socket.resume()
    setTimeout(() => {
      resolve('open')
      socket.destroy()
    }, 5_000).unref()
  })
}
