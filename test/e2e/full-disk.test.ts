import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { countWaiting, outboxDir } from '../../src/state/outbox-files.js'
import { auditLine } from '../fixtures/entries.js'
import { handlerFolder } from '../fixtures/handler-folder.js'
import { runHandler } from '../fixtures/run-handler.js'
import {
  rendered,
  startSlackStandIn,
  type SlackStandIn,
} from '../fixtures/slack-stand-in.js'
import type { LogSystem } from './log-system.js'
import { logSystemFor } from './log-system-for.js'
import { processesNaming } from './processes.js'
import { mountSmallDisk, whereMountsAreAllowed } from './small-disk.js'
import { until } from './until.js'

const diskBytes = 8 * 1024 * 1024
/** log-iw-size() over max-connections() of the shipped file: so many lines of one node are under way. */
const window = 1_000
/** What the handler promises: it tries again each 5 s. */
const catchUpMs = 10_000
const limitMs = 240_000

t.setTimeout(limitMs)
whereMountsAreAllowed(t, import.meta.url, limitMs, () => {
  t.test('a full disk of the logs', t => fullDisk(t, ['log']))
  t.test('a full disk of the logs and of the state', t => fullDisk(t, ['log', 'state']))
  t.test('a replay whose state folder is full', fullStateDisk)
})

async function fullDisk(t: Test, folders: readonly string[]): Promise<void> {
  const disk = mountSmallDisk(t, diskBytes)
  const { system, slack } = await logSystemFor(t)
  await moveOnto(disk.dir, system, folders)
  const handler = await system.handlerPid('audit')
  const expected: string[] = []
  /** An alert each, with a record that takes a third of a block of the disk. */
  const alertLines = (...names: string[]) => {
    expected.push(...names)
    return names.map(id => auditLine({ id, padding: 'x'.repeat(900) }))
  }
  const inSlack = (text: string) => slackHas(slack, text)
  const handedOver = () => system.server.counter('audit_handler', 'written')

  await system.sendAudit(alertLines('before'))
  await inSlack('before')
  disk.fillTo(12)
  t.match(
    await inSlack('handler-disk-low'),
    '% free on the disk',
    'less than 15 % is told',
  )
  disk.fillTo(4)
  t.match(await inSlack('handler-disk-full'), '% free on the disk', 'and less than 5 %')

  disk.fillTo(0)
  const first = ['full-1', 'full-2', 'full-3', 'full-4']
  await system.sendAudit(alertLines(...first))
  for (const name of first) await inSlack(name)
  t.match(await inSlack('handler-write-failed'), "can't be written: ENOSPC")
  t.notMatch(system.read('audit.alert'), 'full-4', 'with no room for the record')

  const flood = Array.from({ length: 3 * window }, (_, i) =>
    auditLine({ id: `flood-${i}`, path: 'secret/data/app' }),
  )
  const { longestStallMs } = await system.sendAudit(flood)
  const sent = 1 + first.length + flood.length
  await until('syslog-ng has handed over what it holds', async () => {
    return (await handedOver()) >= window
  })
  // Now it reads no more from the node, which buffers: Vault does not wait.
  await system.sendAudit(alertLines('held-back'))
  t.ok(longestStallMs < 2_000, `Vault waited ${Math.round(longestStallMs)} ms at most`)

  // What is in the handler's pipe already, or gets there by another way, alerts all the same.
  const direct = ['direct-1', 'direct-2']
  for (const line of alertLines(...direct)) {
    writeFileSync(`/proc/${handler}/fd/0`, `${line}\n`)
  }
  for (const name of direct) await inSlack(name)
  t.ok((await handedOver()) < sent, 'syslog-ng has kept back the rest')
  t.notOk(slack.requests.some(({ body }) => rendered(body).includes('held-back')))

  if (!folders.includes('state')) {
    const outbox = outboxDir(join(system.dir, 'state'), 'slack')
    await until('nothing is in flight', () => countWaiting(outbox) === 0)
    process.kill(handler, 'SIGKILL')
    await system.handlerPid('audit', handler)
  }
  disk.empty()
  const emptied = performance.now()
  await until(
    'all alerts are recorded',
    () => expected.every(name => requestIds(system).includes(name)),
    catchUpMs,
  )
  t.comment(`recorded ${Math.round(performance.now() - emptied)} ms after there was room`)
  t.strictSame(requestIds(system).sort(), [...expected].sort(), 'each is recorded once')
  await inSlack('held-back')

  const stored = [...expected.filter(name => !direct.includes(name)), ...flood]
  await until('all lines are stored', () => {
    return new Set(storedIds(system)).size === stored.length
  })
  // What syslog-ng was writing when the disk got full, it writes a second time.
  const doubled = storedIds(system).filter((id, i, ids) => ids.indexOf(id) !== i)
  t.strictSame(
    doubled.filter(id => !first.includes(id)),
    [],
    'each once, but for lines that were being written when the disk got full',
  )
  for (const log of ['audit', 'audit.alert', 'messages.alert']) {
    const lines = system.read(log).split('\n')
    t.equal(lines.pop(), '')
    t.doesNotThrow(
      () => lines.map(line => JSON.parse(line) as unknown),
      `${log} is whole`,
    )
  }
  // Without the state folder the senders of the two handlers don't know each other's pace, and what
  // comes too fast is answered with 429 and sent again.
  const messages = slack.requests
    .filter(({ status }) => status === 200)
    .map(({ body }) => rendered(body))
  const count = (text: string) => messages.filter(shown => shown.includes(text)).length
  t.equal(count('handler-disk-low'), 1)
  t.equal(count('handler-disk-full'), 1)
  // Without a state folder the handlers of the two logs can't tell what the other one has sent.
  t.ok(count('handler-write-failed') <= folders.length, 'one message, not one an alert')
  const said = system
    .alerts('audit.alert')
    .filter(({ rule }) => rule === 'handler-write-failed')
  t.equal(
    said.length,
    folders.length,
    'and one record for each that could not be written',
  )
  for (const name of expected) t.equal(count(name), 1, `${name} was delivered once`)
  t.equal(await system.server.counter('', 'dropped'), 0)
  t.equal(await system.node.counter('', 'dropped'), 0)
}

/** What can't be known to be new must not be sent again, each hour by cron. */
async function fullStateDisk(t: Test): Promise<void> {
  const disk = mountSmallDisk(t, diskBytes)
  const slack = await startSlackStandIn()
  t.teardown(() => slack.close())
  const { args, records } = handlerFolder(t, `[slack]\nurl = ${slack.url}\n`)
  const replay = ['replay', ...args, '--state-dir', disk.dir]
  const lines = ['a', 'b'].map(id => `${auditLine({ id })}\n`).join('')
  await runHandler('audit', [...args, '--state-dir', disk.dir], lines)
  t.equal(slack.requests.length, 2)
  disk.fillTo(0)
  const full = await runHandler('audit', replay, lines + auditLine({ id: 'c' }))
  t.equal(full.status, 1)
  t.match(full.stderr, /nothing replayed: without .* recorded before: ENOSPC/)
  t.equal(records().length, 2)
  t.equal(slack.requests.length, 2)
  disk.empty()
  const free = await runHandler('audit', replay, lines + auditLine({ id: 'c' }))
  t.equal(free.status, 0, free.stderr)
  t.match(free.stderr, /3 alerts, 2 of them recorded before, 1 new; 1 messages sent/)
}

/** Starts the log server anew with these of its folders on the disk. */
async function moveOnto(
  disk: string,
  system: LogSystem,
  folders: readonly string[],
): Promise<void> {
  await system.server.stop()
  await system.untilCutOff()
  await until('the handlers end', () => {
    return processesNaming(`${system.dir}/handler.ini`).length === 0
  })
  for (const folder of folders) {
    const path = join(system.dir, folder)
    rmSync(path, { recursive: true, force: true })
    mkdirSync(join(disk, folder))
    symlinkSync(join(disk, folder), path)
  }
  await system.server.start()
  await system.untilConnected()
}

async function slackHas(slack: SlackStandIn, text: string): Promise<string> {
  const found = ({ body }: { body: unknown }) => rendered(body).includes(text)
  return rendered((await slack.waitFor(found, 30_000)).body)
}

function storedIds(system: LogSystem): string[] {
  const lines = system.read('audit').split('\n').slice(0, -1)
  return lines.map(line => (JSON.parse(line) as { request: { id: string } }).request.id)
}

/** Of the alerts on entries; the handler's own have none. */
function requestIds(system: LogSystem): string[] {
  return system.alerts('audit.alert').flatMap(({ entry }) => entry?.request.id ?? [])
}
