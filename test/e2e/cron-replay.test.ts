import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { countWaiting, outboxDir } from '../../src/state/outbox-files.js'
import { auditLine, serverLine } from '../fixtures/entries.js'
import { fewRules } from '../fixtures/few-rules.js'
import { rendered } from '../fixtures/slack-stand-in.js'
import type { LogSystem } from './log-system.js'
import { logSystemFor } from './log-system-for.js'
import { archives, rotate } from './rotation.js'
import { shippedFile } from './shipped-file.js'
import { handlerCommand } from './site-config.js'
import { until } from './until.js'

const cronFile = 'logrotate/cron.d/vault-replay'
const logs = ['audit', 'server'] as const
type Log = (typeof logs)[number]
/** A log's file in the log folder. */
const files = { audit: 'audit', server: 'messages' } as const

const silent = { status: 0, output: '' }

t.test('the shipped entries are what cron takes', async t => {
  for (const log of logs) {
    const line = shippedLine(log)
    t.match(line, /^\d+ \* \* \* \* root /, 'once an hour')
    t.notMatch(line, /(?<!\\)%/, 'to cron, a percent sign is a newline')
    t.ok(line.length < 1_000, 'cron takes no longer command')
  }
})

t.test('a replay each hour finds what no handler saw', async t => {
  const { system, slack } = await logSystemFor(t)
  const known = (log: Log) =>
    system.alerts(`${files[log]}.alert`).map(({ entry, line }) => {
      return entry?.request.id ?? /vault\[\d+\]/.exec(line ?? '')?.[0] ?? ''
    })

  // One alert that was raised, and in an archive of its own three that the handler had in its pipe.
  await system.sendAudit([auditLine({ id: 'raised' })])
  await slack.waitFor(({ body }) => rendered(body).includes('raised'), 20_000)
  const outbox = outboxDir(join(system.dir, 'state'), 'slack')
  await until('nothing is in flight', () => countWaiting(outbox) === 0)
  const lost = ['lost-1', 'lost-2', 'lost-3']
  await loseInPipe(
    system,
    lost.map(id => auditLine({ id })),
  )
  t.strictSame(known('audit'), ['raised'], 'no handler saw the others')
  unseen(system, 'server', [serverLine('core: vault is sealed', 31)])
  await rotateAlone(system)
  unseen(system, 'audit', [auditLine({ id: 'rotated-2' }), ordinaryLine()])
  unseen(system, 'server', [serverLine('core: vault is unsealed', 32)])
  await rotateAlone(system)
  unseen(system, 'audit', [ordinaryLine(), auditLine({ id: 'current' })])
  unseen(system, 'server', [serverLine('core: vault is sealed', 33)])
  const [, whole] = archives(system, 'audit').map(file => readFileSync(file))
  const half = whole!.subarray(0, whole!.length / 2)
  const messagesBefore = slack.requests.length

  await t.test('records each alert, and sends one digest of a log', async t => {
    for (const log of logs) t.strictSame(await runEntry(system, log), silent)
    // The one that was raised is in an archive of the alert log.
    t.strictSame(known('audit'), [...lost, 'rotated-2', 'current'])
    t.equal(known('server').length, 3)
    const digests = slack.requests.slice(messagesBefore).map(({ body }) => rendered(body))
    t.equal(digests.length, 2)
    t.match(digests[0], /^.*5 alerts found by a replay of the logs/)
    t.match(digests[1], /^.*3 alerts found by a replay of the logs/)
  })

  await t.test('does nothing when it is run again', async t => {
    await nothingNew(t)
  })

  await t.test('passes over what is older, and what is only just happening', async t => {
    const old = join(system.logDir, 'archive', 'audit-20260101_000000')
    writeFileSync(old, `${auditLine({ id: 'old' })}\n`)
    const hoursAgo = new Date(Date.now() - 3.1 * 3_600_000)
    utimesSync(old, hoursAgo, hoursAgo)
    const now = auditLine({ id: 'now' }).replace(
      '2026-03-02T10:15:30.412345678Z',
      new Date().toISOString(),
    )
    unseen(system, 'audit', [now])
    await nothingNew(t)
  })

  await t.test('takes an archive that is being compressed', async t => {
    const archive = join(system.logDir, 'archive', 'audit-20991231_235959')
    writeFileSync(archive, `${auditLine({ id: 'being-compressed' })}\n`)
    writeFileSync(`${archive}.zst`, half)
    t.strictSame(await runEntry(system, 'audit'), silent)
    t.equal(known('audit').at(-1), 'being-compressed')
  })

  await t.test('leaves it to one that is at work already', async t => {
    unseen(system, 'audit', [auditLine({ id: 'later' })])
    const locked = spawn('flock', [join(system.dir, 'vault-replay-audit.lock'), 'cat'], {
      stdio: 'pipe',
    })
    locked.stdin.write('locked')
    await once(locked.stdout, 'data')
    await nothingNew(t)
    locked.kill()
    await once(locked, 'close')
  })

  await t.test('says what is wrong, with the status of the replay', async t => {
    await slack.close()
    const unsent = await runEntry(system, 'audit')
    t.match(unsent, { status: 1, output: /1 new; 0 messages sent, 1 unsent\n/ })
    t.match(unsent.output, /unsent messages are kept in .*\/state\n/)
    writeFileSync(join(system.dir, 'handler.ini'), '[slak]\n')
    const faulty = await runEntry(system, 'audit')
    t.match(faulty, { status: 78, output: /unknown section \[slak\]/ })
    writeFileSync(join(system.dir, 'handler.ini'), '')
    writeFileSync(join(system.logDir, 'archive', 'audit-20991231_235958.zst'), half)
    t.match(await runEntry(system, 'audit'), { output: /235958\.zst : .*premature end/ })
  })

  /** Neither a record nor a message more. */
  async function nothingNew(t: Test) {
    const count = () => [...logs.map(log => known(log).length), slack.requests.length]
    const before = count()
    for (const log of logs) t.strictSame(await runEntry(system, log), silent)
    t.strictSame(count(), before)
  }
})

t.test('a log server without a log yet has nothing to say', async t => {
  const command = shippedCommand('audit', { '/var/log/vault': `${t.testdir()}/none` })
  t.strictSame(await asCron(command), silent)
})

/** The line of the shipped file that is about a log. */
function shippedLine(log: Log): string {
  const lines = shippedFile(cronFile).split('\n')
  return lines.find(line => line.includes(`${log}-log-handler`) && line[0] !== '#') ?? ''
}

/** Its command, with other texts in the place of some. */
function shippedCommand(log: Log, others: Readonly<Record<string, string>>): string {
  const [, command = ''] = shippedLine(log).split(' root ', 2)
  return Object.entries(others).reduce((text, [shipped, other]) => {
    if (!text.includes(shipped)) throw new Error(`no ${shipped} in the shipped command`)
    return text.replaceAll(shipped, other)
  }, command)
}

/** Runs a log's entry on the folders of this system. */
function runEntry(system: LogSystem, log: Log) {
  const handler = [
    handlerCommand(log, fewRules),
    `-c ${join(system.dir, 'handler.ini')}`,
    `--alert-log ${join(system.logDir, `${files[log]}.alert`)}`,
    `--state-dir ${join(system.dir, 'state')}`,
  ]
  const others = {
    '/var/log/vault': system.logDir,
    '/run/': `${system.dir}/`,
    [`${log}-log-handler`]: handler.join(' '),
  }
  return asCron(shippedCommand(log, others))
}

/** Runs a command as cron does, and gives what would be mailed. */
async function asCron(command: string) {
  const [, path = ''] = /^PATH=(.*)$/m.exec(shippedFile(cronFile)) ?? []
  const env = ['-i', `PATH=${path}`, 'SHELL=/bin/sh', 'HOME=/root', 'LOGNAME=root']
  const child = spawn('env', [...env, '/bin/sh', '-c', command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, output }
}

/** Hands lines to the audit handler when it doesn't read, and kills it. */
async function loseInPipe(system: LogSystem, lines: readonly string[]): Promise<void> {
  const handler = await system.handlerPid('audit')
  const written = () => system.server.counter('audit_handler', 'written')
  const before = await written()
  process.kill(handler, 'SIGSTOP')
  await system.sendAudit(lines)
  await until('they are in its pipe', async () => {
    return (await written()) === before + lines.length
  })
  process.kill(handler, 'SIGKILL')
  await system.handlerPid('audit', handler)
}

/** Puts lines into a log that no handler gets. */
function unseen(system: LogSystem, log: Log, lines: readonly string[]): void {
  appendFileSync(join(system.logDir, files[log]), lines.map(line => `${line}\n`).join(''))
}

function ordinaryLine(): string {
  return auditLine({ id: 'ordinary', path: 'secret/data/app' })
}

/** Rotates, and waits until another rotation would have another name. */
async function rotateAlone(system: LogSystem): Promise<void> {
  await rotate(system)
  const second = Math.floor(Date.now() / 1000)
  await until('the next second', () => Math.floor(Date.now() / 1000) > second)
}
