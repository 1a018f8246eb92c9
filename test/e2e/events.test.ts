import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { auditLine } from '../fixtures/entries.js'
import { rendered } from '../fixtures/slack-stand-in.js'
import { logSystemFor } from './log-system-for.js'
import { until } from './until.js'

const unseal = '2026-03-02T10:15:30.412Z [INFO]  core: vault is unsealed'

t.test('events at a node come out in files, alert logs and Slack', async t => {
  const { system, slack } = await logSystemFor(t)
  const shown = async (text: string) =>
    rendered(
      (await slack.waitFor(({ body }) => rendered(body).includes(text), 20_000)).body,
    )

  await t.test('audit lines are stored byte for byte', async t => {
    const lines = [
      '{"plain":true}',
      '  {"spaces": "around"}  ',
      '<13>{"like":"a syslog header"}',
      '2026-03-02T10:15:30Z vault-node-1 vault[812]: {"like":"a whole one"}',
      '{"tab":"\t","bell":"\u0007","emoji":"🔐","quote":"\\"","percent":"%s $MSG"}',
      'no JSON at all',
      JSON.stringify({ large: 'x'.repeat(8 << 20) }),
      auditLine({ id: 'root-1' }),
    ].map(line => Buffer.from(line))
    lines.push(Buffer.from([0x7b, 0xff, 0xc3, 0x28, 0x7d]))
    const expected = Buffer.concat(lines.flatMap(line => [line, Buffer.from('\n')]))
    await system.sendAudit(lines)
    const file = join(system.logDir, 'audit')
    await until('the lines are stored', () => system.size('audit') >= expected.length)
    t.ok(readFileSync(file).equals(expected))
  })

  await t.test('server lines keep host, program and message', async t => {
    const said = [
      { program: 'vault', pid: 812, message: unseal },
      { program: 'openbao', pid: 9, message: '==> OpenBao shutdown triggered' },
      { program: 'vault', pid: 812, message: '{"@level":"info","@message":"a: b [c]"}' },
      { program: 'vault', pid: 812, message: '    | indented, ends in space ' },
      {
        program: 'vault',
        pid: 812,
        message: 'sshd[1]: <13>Mar  2 10:15:30 not: a header é',
      },
    ]
    const others = [
      { program: 'sshd', pid: 7, message: unseal },
      { program: 'vault-agent', pid: 8, message: unseal },
    ]
    await system.sendJournal([...others, ...said])
    const stored = await until('the lines are stored', () => {
      const lines = system.read('messages').split('\n').slice(0, -1)
      return lines.length >= said.length && lines
    })
    t.strictSame(
      stored.map(line =>
        line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d /, ''),
      ),
      said.map(
        ({ program, pid, message }) => `vault-node-1 ${program}[${pid}]: ${message}`,
      ),
    )
  })

  await t.test('both raise alerts, in the alert log and at Slack', async t => {
    const [audit] = await until('the audit alert', () => {
      const alerts = system.alerts('audit.alert')
      return alerts.length > 0 && alerts
    })
    t.match(audit, {
      rule: 'generate-root-accessed',
      entry: { request: { id: 'root-1' } },
    })
    t.match(await shown(audit!.id), 'sys/generate-root/update')

    const [server] = await until('the server alerts', () => {
      const alerts = system.alerts('messages.alert')
      return alerts.length > 1 && alerts
    })
    t.match(server, {
      title: 'Vault unsealed',
      line: /vault-node-1 vault\[812\]: .*unsealed/,
    })
    t.match(await shown(server!.id), 'Vault unsealed')
  })

  await t.test('an idle system adds nothing, though the site has MARK lines', async t => {
    const before = [system.size('audit'), system.size('messages')]
    const siteLog = join(system.node.dir, 'site.log')
    const marks = () => readFileSync(siteLog, 'utf8').split('-- MARK --').length - 1
    const already = marks()
    await until('two MARK lines', () => marks() >= already + 2)
    t.strictSame([system.size('audit'), system.size('messages')], before)
    t.equal(system.alerts('messages.alert').length, 2, 'unsealed, and shut down')
  })

  await t.test('nothing was dropped, and syslog-ng has nothing to warn of', async t => {
    t.equal(await system.node.counter('', 'dropped'), 0)
    t.equal(await system.server.counter('', 'dropped'), 0)
    for (const { ownLog } of [system.node, system.server]) {
      t.notMatch(ownLog, /warning|error|deprecated|obsolete/i)
    }
  })
})
