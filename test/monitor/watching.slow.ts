// `npm run test:watching`: what is shipped, with real Prometheus and node_exporter, notices within two minutes a
// handler that is stopped, one that is stuck, and a node that loses lines. Takes both from Debian's packages.

import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { freePorts } from '../e2e/free-ports.js'
import { LineWriter } from '../e2e/line-writer.js'
import { shippedFile, withDefines } from '../e2e/shipped-file.js'
import { nodeMainConfig } from '../e2e/site-config.js'
import { SyslogDaemon } from '../e2e/syslog-daemon.js'
import { auditLine } from '../fixtures/entries.js'
import { handlerFolder } from '../fixtures/handler-folder.js'
import { startHandler } from '../fixtures/run-handler.js'

const limitMs = 120_000
const project = fileURLToPath(new URL('../..', import.meta.url))

const isThere = ['prometheus', 'prometheus-node-exporter'].every(
  command => spawnSync(command, ['--version']).status === 0,
)
const skip = isThere
  ? false
  : 'NOT TESTED: Prometheus and node_exporter are not on this machine'

t.test('what stops, is stuck or loses lines is noticed in time', { skip }, async t => {
  const dir = mkdtempSync('/tmp/vault-log-')
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const metrics = join(dir, 'metrics')
  mkdirSync(metrics)
  const [web = 0, exporter = 0, nodeAudit = 0, nobody = 0] = await freePorts(4)
  const start = (command: string, ...args: string[]) => {
    const child = spawn(command, args, { cwd: dir, stdio: 'ignore' })
    t.teardown(() => child.kill('SIGKILL'))
  }
  writeFileSync(
    join(dir, 'prometheus.yml'),
    `global: { scrape_interval: 15s }
rule_files: ['${project}docs/prometheus-rules.yml']
scrape_configs: [{ job_name: node, static_configs: [{ targets: ['127.0.0.1:${exporter}'] }] }]
`,
  )
  start(
    'prometheus-node-exporter',
    '--collector.disable-defaults',
    '--collector.textfile',
    `--collector.textfile.directory=${metrics}`,
    `--web.listen-address=127.0.0.1:${exporter}`,
  )
  start(
    'prometheus',
    `--config.file=${dir}/prometheus.yml`,
    `--storage.tsdb.path=${dir}/tsdb`,
    `--web.listen-address=127.0.0.1:${web}`,
  )

  const { args, dir: home } = handlerFolder(t, `[metrics]\ntextfile_dir = ${metrics}\n`)
  const audit = startHandler('audit', args)
  const server = startHandler('server', [
    '-c',
    `${home}/x.ini`,
    '--alert-log',
    `${home}/m.alert`,
    '--state-dir',
    `${home}/state`,
  ])
  t.teardown(() => [audit, server].map(({ child }) => child.kill('SIGKILL')))

  const node = new SyslogDaemon(join(dir, 'node'), nodeMainConfig(join(dir, 'node')))
  writeFileSync(
    join(dir, 'node/vault-node.conf'),
    withDefines(shippedFile('syslog-ng/vault-node.conf'), {
      'vault-node-log-server': '127.0.0.1',
      'vault-node-log-server-audit-port': nobody,
      'vault-node-log-server-messages-port': nobody + 1,
      'vault-node-audit-port': nodeAudit,
      'vault-node-buffer-dir': node.bufferDir,
      'vault-node-audit-buffer-bytes': 1_048_576,
    }),
  )
  await node.start()
  t.teardown(() => node.stop())
  // In cron's place, each minute.
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  writeFileSync(
    join(bin, 'syslog-ng-ctl'),
    `#!/bin/sh\nexec /usr/sbin/syslog-ng-ctl "$@" ${node.controlOption}\n`,
  )
  chmodSync(join(bin, 'syslog-ng-ctl'), 0o755)
  const count = () =>
    spawnSync(`${project}syslog-ng/vault-log-metrics`, [metrics], {
      env: { PATH: `${bin}:/usr/sbin:/usr/bin:/bin` },
    }).status
  t.equal(count(), 0)
  const cron = setInterval(count, 60_000)
  t.teardown(() => clearInterval(cron))

  const firing = async () => {
    const answer = await fetch(`http://127.0.0.1:${web}/api/v1/alerts`)
    const { data } = (await answer.json()) as {
      data: { alerts: { state: string; labels: Record<string, string> }[] }
    }
    return data.alerts
      .filter(({ state }) => state === 'firing')
      .map(({ labels }) =>
        [labels['alertname'], labels['log'] ?? labels['destination']].join(' '),
      )
      .sort()
  }
  // All is well for as long as it takes to be believed.
  await sleep(75_000)
  t.strictSame(await firing(), [])

  audit.child.kill('SIGSTOP')
  server.child.kill('SIGKILL')
  const writer = new LineWriter({ host: '127.0.0.1', port: nodeAudit })
  await writer.write(Array.from({ length: 40_000 }, (_, i) => auditLine({ id: `${i}` })))
  const since = performance.now()
  const expected = [
    'VaultLogHandlerStopped audit',
    'VaultLogHandlerStopped server',
    'VaultLogLinesLost d_vault_node_audit',
  ]
  const noticed = new Map<string, number>()
  while (noticed.size < expected.length && performance.now() - since < limitMs) {
    for (const name of await firing()) {
      if (!noticed.has(name))
        noticed.set(name, Math.round((performance.now() - since) / 1_000))
    }
    await sleep(1_000)
  }
  await writer.close()
  t.comment(
    [...noticed].map(([name, seconds]) => `${name}: after ${seconds} s`).join('; '),
  )
  t.strictSame([...noticed.keys()].sort(), expected)
})
