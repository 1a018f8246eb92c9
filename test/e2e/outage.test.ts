import { mkdtempSync, rmSync } from 'node:fs'
import t from 'tap'
import { auditLine } from '../fixtures/entries.js'
import { vaultLogCa } from './certificates.js'
import { logSystemFor } from './log-system-for.js'
import { until } from './until.js'

// How long Vault's socket device waits for a write before the request fails.
const vaultWriteTimeoutMs = 2_000

const sealed = '2026-03-02T10:15:30.412Z [INFO]  core: vault is sealed'

const dir = mkdtempSync('/tmp/vault-log-tls-')
t.teardown(() => rmSync(dir, { recursive: true }))
vaultLogCa(dir, 'log-server', '127.0.0.1')
vaultLogCa(dir, 'vault-node', 'vault-1')

for (const tls of [undefined, { server: `${dir}/127.0.0.1`, node: `${dir}/vault-1` }]) {
  const transport = tls ? 'TLS' : 'TCP'
  t.test(
    `over ${transport} a node takes all while the log server is down, and delivers it after`,
    async t => {
      const { system, slack } = await logSystemFor(t, tls)
      const earlier = [auditLine({ id: 'before', path: 'sys/health' })]
      await system.sendAudit(earlier)
      await system.sendJournal([{ program: 'vault', pid: 812, message: 'hello' }])
      await until(
        'the lines are stored',
        () => system.read('audit') !== '' && system.read('messages') !== '',
      )

      await system.server.stop()
      await system.untilCutOff()
      const lines = Array.from({ length: 20_000 }, (_, i) =>
        auditLine({ id: `outage-${i}`, path: `secret/data/app/${i}` }),
      )
      lines.push(auditLine({ id: 'root-1' }))
      const { longestStallMs, totalMs } = await system.sendAudit(lines)
      await system.sendJournal([{ program: 'vault', pid: 812, message: sealed }])
      t.comment(
        `${lines.length} lines taken in ${Math.round(totalMs)} ms, the slowest in ${Math.round(longestStallMs)} ms`,
      )
      t.ok(
        longestStallMs < vaultWriteTimeoutMs,
        'no write waited so long that Vault gives up',
      )

      const restart = performance.now()
      await system.server.start()
      const expected = [...earlier, ...lines].map(line => `${line}\n`).join('')
      await until('all lines are stored', () => system.size('audit') >= expected.length)
      t.comment(
        `all stored ${Math.round(performance.now() - restart)} ms after the start`,
      )
      t.ok(system.read('audit') === expected, 'each line once, in order')
      t.equal(await system.node.counter('', 'dropped'), 0)

      const alerts = await until('both alerts are recorded', () => {
        const both = [...system.alerts('audit.alert'), ...system.alerts('messages.alert')]
        return both.length === 2 && both
      })
      for (const { id } of alerts) {
        await slack.waitFor(({ body }) => JSON.stringify(body).includes(id), 20_000)
      }
      t.equal(await system.server.counter('_handler', 'dropped'), 0)
    },
  )
}
