import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { auditLine } from '../fixtures/entries.js'
import { fewRules } from '../fixtures/few-rules.js'
import { docBlock } from './doc-block.js'
import { freePorts } from './free-ports.js'
import { LineWriter } from './line-writer.js'
import { processesNaming } from './processes.js'
import { serverMainConfig, writeServerConfig } from './site-config.js'
import { SyslogDaemon } from './syslog-daemon.js'
import { until } from './until.js'

const linesEach = 200

/** Its ports, and the lines of a file in its log folder. */
interface LogServer {
  readonly audit: number
  readonly messages: number
  readonly read: (file: string) => string[]
}

t.test('behind one address, each node has its log server', async t => {
  // A control socket's path is at most 107 bytes.
  const site = mkdtempSync('/tmp/balance-')
  t.teardown(async () => {
    // A handler reads on to its end when its log server has stopped.
    await until('the handlers end', () => processesNaming(site).length === 0)
    rmSync(site, { recursive: true })
  })
  const ports = await freePorts(6)
  const [inAudit, inMessages, ...out] = ports as [number, number, ...number[]]

  const servers: LogServer[] = []
  for (const [i, name] of ['log-1', 'log-2'].entries()) {
    const dir = join(site, name, 'server')
    const logDir = join(site, name, 'log')
    mkdirSync(logDir, { recursive: true })
    writeFileSync(join(site, name, 'handler.ini'), '')
    const server = new SyslogDaemon(dir, serverMainConfig(dir))
    const [audit, messages] = out.slice(i * 2) as [number, number]
    writeServerConfig(dir, { nodeAudit: 0, audit, messages }, logDir, fewRules)
    await server.start()
    t.teardown(() => server.stop())
    const read = (file: string) => {
      const path = join(logDir, file)
      return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
    }
    servers.push({ audit, messages, read })
  }

  const [first, second] = servers as [LogServer, LogServer]
  const config = docBlock('docs/scaling.md', 'f_first', {
    'host("log-1.internal") port(1515)': `host("127.0.0.1") port(${first.audit})`,
    'host("log-2.internal") port(1515)': `host("127.0.0.1") port(${second.audit})`,
    'host("log-1.internal") port(1514)': `host("127.0.0.1") port(${first.messages})`,
    'host("log-2.internal") port(1514)': `host("127.0.0.1") port(${second.messages})`,
    'port(1515)': `port(${inAudit})`,
    'port(1514)': `port(${inMessages})`,
    'mem-buf-length(': `dir("${site}") mem-buf-length(`,
  })
  const balancer = new SyslogDaemon(
    join(site, 'balancer'),
    `@version: current\n${config}`,
  )
  await balancer.start()
  t.teardown(() => balancer.stop())

  const nodes = Array.from({ length: 8 }, (_, i) => `127.0.0.${i + 1}`)
  for (const localAddress of nodes) {
    const audit = new LineWriter({ host: '127.0.0.1', port: inAudit, localAddress })
    const messages = new LineWriter({ host: '127.0.0.1', port: inMessages, localAddress })
    const path = 'secret/data/x'
    for (let n = 0; n < linesEach; n += 1) {
      const request = { id: `${localAddress}-${n}`, remote_address: localAddress }
      await audit.write([auditLine(n === 0 ? request : { ...request, path })])
    }
    await messages.write([
      `<30>2026-03-02T10:15:30+00:00 ${localAddress} vault[812]: 2026-03-02T10:15:30.412Z [INFO]  core: vault is sealed`,
    ])
    await audit.close()
    await messages.close()
  }

  await until('all lines are stored', () => {
    const stored = servers.flatMap(({ read }) => read('audit'))
    return stored.length === nodes.length * linesEach
  })
  await until('all alerts are recorded', () => {
    const all = servers.flatMap(({ read }) => [
      ...read('audit.alert'),
      ...read('messages.alert'),
    ])
    return all.length === 2 * nodes.length
  })
  const nodesOf = (lines: string[]) =>
    new Set(lines.map(line => /127\.0\.0\.\d/.exec(line)![0]))
  const [audits, alerts, messages] = ['audit', 'audit.alert', 'messages'].map(file =>
    servers.map(({ read }) => nodesOf(read(file))),
  )
  t.ok(audits![0]!.size > 0 && audits![1]!.size > 0, 'both have nodes')
  t.equal(
    audits![0]!.size + audits![1]!.size,
    nodes.length,
    'each node has one log server',
  )
  t.strictSame(messages, audits, 'the same for both logs')
  t.strictSame(alerts, audits, 'and for the alerts')
  t.notMatch(balancer.ownLog, /WARNING|error/i)
})
