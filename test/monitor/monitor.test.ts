import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  chmodSync,
  existsSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { createCounters } from '../../src/counters.js'
import { exposition } from '../../src/monitor/metrics.js'
import { until } from '../e2e/until.js'
import { startCloudStandIn } from '../fixtures/cloud-stand-in.js'
import { auditLine } from '../fixtures/entries.js'
import { handlerFolder } from '../fixtures/handler-folder.js'
import type { Answer } from '../fixtures/http-stand-in.js'
import { runHandler, startHandler } from '../fixtures/run-handler.js'
import { rendered, startSlackStandIn } from '../fixtures/slack-stand-in.js'

const hasPromtool = spawnSync('promtool', ['--version']).status === 0
const skip = hasPromtool ? false : 'promtool is not on this machine'

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Prometheus' own judgement of a text. */
function checkedByPromtool(text: string): string {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  })
  return `${status} ${stdout}${stderr}`
}

/** The value of a sample. */
function valueOf(text: string, sample: string): number {
  const line = text.split('\n').find(found => found.startsWith(`${sample} `))
  return line === undefined ? NaN : Number(line.slice(sample.length))
}

const measured = {
  log: 'audit',
  now: 1_800_000_000_000,
  startedAt: 1_700_000_000_000,
  lastLineAt: undefined,
  lagMs: undefined,
  stateKeys: 3,
  memoryBytes: 80_000_000,
  backlogs: [],
} as const

t.test('Prometheus takes the metrics, whatever they are of', { skip }, async t => {
  const counters = createCounters()
  t.equal(checkedByPromtool(exposition(counters, measured)), '0 ')
  counters.add('lines', 7)
  counters.addLabelled('rule_alerts', ['a"b\\c\nd', 'high'])
  const text = exposition(counters, {
    ...measured,
    lastLineAt: measured.now - 1_000,
    lagMs: -250,
    backlogs: [
      {
        destination: 'slack',
        messages: 2,
        oldest: new Date(measured.now - 90_000).toISOString(),
      },
      { destination: 'webhook', messages: 0, oldest: undefined },
    ],
  })
  t.equal(checkedByPromtool(text), '0 ')
  t.equal(valueOf(text, 'vault_log_handler_lines_total{log="audit"}'), 7)
  t.equal(valueOf(text, 'vault_log_handler_lag_seconds{log="audit"}'), -0.25)
  t.match(
    text,
    'rule_alerts_total{log="audit",rule="a\\"b\\\\c\\nd",severity="high"} 1\n',
  )
  const age = 'vault_log_handler_outbox_oldest_age_seconds'
  t.equal(valueOf(text, `${age}{log="audit",destination="slack"}`), 90)
  t.equal(valueOf(text, `${age}{log="audit",destination="webhook"}`), 0)
})

t.test(
  "the alert rules do what their tests say, in Prometheus' own words",
  { skip },
  async t => {
    for (const args of [
      ['check', 'rules', file('../../docs/prometheus-rules.yml')],
      ['test', 'rules', file('prometheus-rules.test.yml')],
    ]) {
      const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' })
      t.equal(status, 0, stdout + stderr)
    }
  },
)

t.test('a handler writes what it counts and what waits', async t => {
  const slack = await startSlackStandIn()
  t.teardown(() => slack.close())
  const { args, dir } = handlerFolder(t)
  mkdirSync(`${dir}/metrics`)
  writeFileSync(
    `${dir}/x.ini`,
    `[slack]\nurl = ${slack.url}\n[metrics]\ntextfile_dir = ${dir}/metrics\n`,
  )
  const prom = `${dir}/metrics/audit-log-handler.prom`
  slack.answer({ status: 429, headers: { 'retry-after': '3600' } })
  const { child, done, stderr } = startHandler('audit', args)
  child.stdin.write(`${auditLine({ id: 'a' })}\nnot json\n`)
  await until('it is there from the start', () => existsSync(prom))
  await until('Slack was asked', () => slack.requests.length === 1)
  child.kill('SIGUSR2')
  await until('it is told', () => stderr().includes('outbox_messages'))
  const told = stderr()
  t.equal(
    valueOf(told, 'vault_log_handler_outbox_messages{log="audit",destination="slack"}'),
    1,
  )
  child.stdin.end()
  t.equal((await done).status, 0)
  const text = readFileSync(prom, 'utf8')
  const sample = (name: string, labels = '') =>
    valueOf(text, `vault_log_handler_${name}{log="audit"${labels}}`)
  t.equal(sample('lines_total'), 2)
  t.equal(sample('undecodable_total'), 1)
  t.equal(
    sample('rule_alerts_total', ',rule="generate-root-accessed",severity="critical"'),
    1,
  )
  t.equal(
    sample(
      'delivery_attempts_total',
      ',destination="slack",outcome="retry",reason="429"',
    ),
    1,
  )
  t.ok(sample('lag_seconds') > 1_000_000, 'the entry is of months ago')
  t.ok(Math.abs(Date.now() / 1_000 - sample('written_timestamp_seconds')) < 20)
  t.equal(statSync(prom).mode & 0o777, 0o644, 'node_exporter is another user')
  if (hasPromtool) t.equal(checkedByPromtool(text), '0 ')
})

t.test('a folder that takes no file is told once, and stops nothing', async t => {
  const { args, dir, records } = handlerFolder(t)
  writeFileSync(`${dir}/x.ini`, `[metrics]\ntextfile_dir = ${dir}/missing\n`)
  const { stderr } = await runHandler('audit', args, `${auditLine({ id: 'a' })}\n`)
  t.equal(
    stderr.match(/missing\/audit-log-handler\.prom can't be written: ENOENT/g)?.length,
    1,
  )
  t.match(stderr, /metrics_errors=/)
  t.equal(records().length, 1)
})

/** A service that takes heartbeats. */
async function pingReceiver(t: Test, ...answers: Answer[]) {
  const server = await startCloudStandIn(() => ({ status: 200 }))
  t.teardown(() => server.close())
  server.answer(...answers)
  const asked = () =>
    server.requests.map(({ method, url }) => `${method} ${url.pathname}`)
  return { asked, origin: server.origin }
}

t.test('a heartbeat goes to a URL of each handler', async t => {
  const ok = { status: 200 }
  const { asked, origin } = await pingReceiver(t, ok, ok, { status: 503 })
  const { args } = handlerFolder(
    t,
    `[heartbeat]\nurl = ${origin}/vault-{log}\nevery = 1m\n`,
  )
  const run = async (log: 'audit' | 'server') => {
    const { child, done } = startHandler(log, args)
    const before = asked().length
    await until('it beats', () => asked().length > before)
    // The answer is read before the next turn.
    await new Promise(resolve => setTimeout(resolve, 200))
    child.stdin.end()
    return done
  }
  await run('audit')
  await run('server')
  t.strictSame(asked(), ['GET /vault-audit', 'GET /vault-server'])
  const { stderr } = await run('audit')
  t.match(stderr, /the heartbeat is not taken: answered 503/)
})

t.test('or to a destination, by itself and not recorded', async t => {
  const [loud, other] = [await startSlackStandIn(), await startSlackStandIn()]
  t.teardown(() => Promise.all([loud.close(), other.close()]))
  const { args, records } = handlerFolder(
    t,
    `[slack]\nurl = ${other.url}\n[slack "alive"]\nurl = ${loud.url}\nmin_severity = critical\n[heartbeat]\ndestination = slack-alive\n`,
  )
  const { child, done } = startHandler('audit', args)
  await until('it beats', () => loud.requests.length === 1)
  child.stdin.end()
  await done
  t.match(
    rendered(loud.requests[0]!.body),
    /The handler of the audit log runs: 0 lines since/,
  )
  t.equal(other.requests.length, 0)
  t.strictSame(records(), [])
})

t.test('it begins and ends with a reload', async t => {
  const { asked, origin } = await pingReceiver(t)
  const { args, dir } = handlerFolder(t)
  const { child, done, stderr } = startHandler('audit', args)
  await until('it runs', () => existsSync(`${dir}/state`))
  writeFileSync(`${dir}/x.ini`, `[heartbeat]\nurl = ${origin}/{log}\n`)
  child.kill('SIGHUP')
  await until('it beats', () => asked().length === 1)
  writeFileSync(`${dir}/x.ini`, '[heartbeat]\nurl = http://127.0.0.1/same-for-both\n')
  child.kill('SIGHUP')
  await until('it is refused', () => stderr().includes('{log}'))
  child.stdin.end()
  t.equal((await done).status, 0)
})

t.test("syslog-ng's counters, as a node's cron writes them", async t => {
  const stats = `SourceName;SourceId;SourceInstance;State;Type;Number
dst.network;d_vault_node_audit#0;tcp,10.0.0.2:1515;a;dropped;3
dst.network;d_vault_node_audit#1;tcp,10.0.0.3:1515;a;dropped;4
dst.network;d_vault_node_audit#0;tcp,10.0.0.2:1515;a;queued;20
dst.network;d_vault_node_audit#0;tcp,10.0.0.2:1515;a;written;1000000007
dst.network;d_vault_node_audit#0;tcp,10.0.0.2:1515;a;eps_last_1h;9
dst.file;d_syslog#0;/var/log/syslog;a;dropped;99
`
  const dir = t.testdir({
    'syslog-ng-ctl': `#!/bin/sh\ncat << 'EOF'\n${stats}EOF\n`,
    out: {},
  })
  chmodSync(`${dir}/syslog-ng-ctl`, 0o755)
  const run = () =>
    spawnSync(file('../../syslog-ng/vault-log-metrics'), [`${dir}/out`], {
      env: { PATH: `${dir}:/usr/bin:/bin` },
      encoding: 'utf8',
    })
  t.match(run(), { status: 0, stdout: '', stderr: '' })
  const text = readFileSync(`${dir}/out/vault-log-syslog-ng.prom`, 'utf8')
  const sample = (name: string) =>
    valueOf(text, `vault_log_syslog_ng_${name}{destination="d_vault_node_audit"}`)
  t.equal(sample('dropped_total'), 7)
  t.equal(sample('queued'), 20)
  t.equal(sample('written_total'), 1_000_000_007)
  t.notMatch(text, 'd_syslog')
  if (hasPromtool) t.equal(checkedByPromtool(text), '0 ')
  writeFileSync(
    `${dir}/syslog-ng-ctl`,
    '#!/bin/sh\necho "Error connecting" >&2\nexit 1\n',
  )
  t.not(run().status, 0, 'where it does not answer, the file stays, and grows old')
  t.equal(readFileSync(`${dir}/out/vault-log-syslog-ng.prom`, 'utf8'), text)
})
