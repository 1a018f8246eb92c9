import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { auditLine } from '../fixtures/entries.js'
import { fewRules } from '../fixtures/few-rules.js'
import { docBlock } from './doc-block.js'
import { freePorts } from './free-ports.js'
import { LineWriter } from './line-writer.js'
import { handlerCommand } from './site-config.js'
import { SyslogDaemon } from './syslog-daemon.js'
import { inSystemEnv } from './system-env.js'
import { until } from './until.js'

const rules = [
  ...fewRules,
  '-r',
  fileURLToPath(new URL('../../rules/audit/invalid-token-burst.json', import.meta.url)),
]

/** Starts a real broker of its own, which is gone with the test. Gives its address. */
async function startKafka(t: Test, dir: string): Promise<string> {
  const [port, controller] = (await freePorts(2)) as [number, number]
  const pom = fileURLToPath(new URL('kafka/pom.xml', import.meta.url))
  const lib = join(dir, 'lib')
  const copy = [
    '-q',
    '-B',
    '-f',
    pom,
    'dependency:copy-dependencies',
    `-DoutputDirectory=${lib}`,
  ]
  execFileSync('mvn', copy, { stdio: ['ignore', 'ignore', 'inherit'] })
  const properties = join(dir, 'server.properties')
  writeFileSync(
    properties,
    `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
log.dirs=${join(dir, 'data')}
num.partitions=4
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
`,
  )
  const java = (...args: string[]) => ['-Xmx256m', '-cp', `${lib}/*`, ...args]
  const id = 'dmF1bHQtbG9nLWhhbmRsZQ'
  execFileSync(
    'java',
    java('kafka.tools.StorageTool', 'format', '-t', id, '-c', properties),
    {
      stdio: 'ignore',
    },
  )
  const log = openSync(join(dir, 'broker.log'), 'a')
  const broker = spawn('java', java('kafka.Kafka', properties), {
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  t.teardown(() => broker.kill('SIGKILL'))
  const address = `127.0.0.1:${port}`
  await until('Kafka answers', () => {
    if (broker.exitCode !== null)
      throw new Error(readFileSync(join(dir, 'broker.log'), 'utf8'))
    return spawnSync('kcat', ['-L', '-b', address, '-m', '1']).status === 0
  })
  return address
}

/** A kcat of the consumer group, and its handler; with an alert log and a state folder of their own. */
function startConsumer(t: Test, dir: string, broker: string) {
  mkdirSync(dir)
  writeFileSync(join(dir, 'handler.ini'), '')
  const alertLog = join(dir, 'audit.alert')
  const options = [
    ...rules,
    '-c',
    join(dir, 'handler.ini'),
    '--alert-log',
    alertLog,
    '--state-dir',
    dir,
  ]
  const script = docBlock('docs/scaling.md', 'kcat -q', {
    'kafka.internal:9092': broker,
    'audit-log-handler': [handlerCommand('audit'), ...options].join(' '),
  })
  const shell = spawn('env', inSystemEnv('sh', '-c', script), {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  t.teardown(() => killAll(shell))
  const records = () =>
    existsSync(alertLog)
      ? readFileSync(alertLog, 'utf8')
          .split('\n')
          .slice(0, -1)
          .map(line => JSON.parse(line) as { id: string; rule: string })
      : []
  return { records, kill: () => killAll(shell) }
}

/** kcat, the handler and their shell at once. */
function killAll(shell: ChildProcess): void {
  if (shell.exitCode === null && shell.signalCode === null)
    process.kill(-shell.pid!, 'SIGKILL')
}

/** What 40 clients do, each with a root token and a burst of unknown tokens among ordinary requests. */
function traffic(part: string): string[] {
  const clients = Array.from({ length: 40 }, (_, i) => `192.0.2.${i + 1}`)
  const unknown = {
    client_token: 'hmac-sha256:b2a6d0da',
    path: 'secret/data/x',
    operation: 'read',
  }
  return Array.from({ length: 30 }, (_, n) =>
    clients.map(remote_address => {
      const id = `${part}-${remote_address}-${n}`
      if (n === 0) return auditLine({ id, remote_address })
      const line = auditLine({ id, remote_address, ...unknown })
      return n % 2 === 0 ? line : `${line.slice(0, -1)},"error":"permission denied"}`
    }),
  ).flat()
}

t.test('two handlers of a consumer group find what one finds', async t => {
  const dir = mkdtempSync('/tmp/kafka-')
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const broker = await startKafka(t, dir)
  const [port] = (await freePorts(1)) as [number]
  const config = docBlock('docs/scaling.md', 'kafka-c(', {
    'kafka.internal:9092': broker,
    'mem-buf-length(': `dir("${dir}") mem-buf-length(`,
  })
  const source = `source s_vault_log_audit { network(transport("tcp") ip("127.0.0.1") port(${port}) flags(no-parse)); };`
  const syslogNg = new SyslogDaemon(
    join(dir, 'syslog-ng'),
    `@version: current\n${source}\n${config}`,
  )
  await syslogNg.start()
  t.teardown(() => syslogNg.stop())
  const audit = new LineWriter({ host: '127.0.0.1', port })
  t.teardown(() => audit.close())

  const inOne = (lines: readonly string[]) => {
    const command = [
      ...handlerCommand('audit', rules).split(' '),
      '-n',
      '-c',
      '/dev/null',
    ]
    const [first, ...args] = command as [string, ...string[]]
    const { stdout } = spawnSync('env', inSystemEnv(first, ...args), {
      input: lines.join('\n'),
      encoding: 'utf8',
    })
    return new Set(
      stdout
        .split('\n')
        .slice(0, -1)
        .map(line => (JSON.parse(line) as { id: string }).id),
    )
  }
  const found = () =>
    new Set([first, second].flatMap(({ records }) => records()).map(({ id }) => id))

  await audit.write(['no JSON', ...traffic('a')])
  const first = startConsumer(t, join(dir, 'first'), broker)
  const second = startConsumer(t, join(dir, 'second'), broker)
  const lines = traffic('a')
  let all = inOne(lines)
  t.equal(all.size, 80, 'one of each rule for each client')
  const findAll = async () => {
    await until('all alerts are found', () => found().size >= all.size, 60_000)
    t.strictSame([...found()].sort(), [...all].sort())
  }
  await findAll()

  // One of them may have read all so far, and does until the coordinator gives the other a share.
  const counts = () => [first, second].map(({ records }) => records().length)
  const before = counts()
  const bothGrew = () => counts().every((count, i) => count > before[i]!)
  for (let round = 1; round <= 20 && !bothGrew(); round++) {
    const part = traffic(`b${round}`)
    lines.push(...part)
    all = inOne(lines)
    await audit.write(part)
    await findAll()
  }
  t.ok(bothGrew(), `from ${before.join(' and ')} to ${counts().join(' and ')}`)

  first.kill()
  const start = performance.now()
  const roots = traffic('c').filter(line => line.includes('generate-root'))
  await audit.write(roots)
  all = new Set([...all, ...inOne(roots)])
  await findAll()
  t.comment(`taken over after ${((performance.now() - start) / 1_000).toFixed(1)} s`)
})
