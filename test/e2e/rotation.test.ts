import { basename } from 'node:path'
import t from 'tap'
import { auditLine } from '../fixtures/entries.js'
import type { LogSystem } from './log-system.js'
import { logSystemFor } from './log-system-for.js'
import { archives, rotate, wholeLog } from './rotation.js'
import { until } from './until.js'

const rotations = 3
const msPerAlert = 400
/** After ten critical ones in a minute the rest would come as a digest, which doesn't name each. */
const maxAlerts = 10

t.test('rotation under load loses no line and no alert', async t => {
  const { system, slack } = await logSystemFor(t)
  const load = startLoad(system)
  t.teardown(() => load.end())

  for (let i = 1; i <= rotations; i++) {
    await system.sendJournal([{ program: 'vault', pid: i, message: `round ${i}` }])
    const inAll = () =>
      ['audit', 'audit.alert', 'messages'].every(log => system.size(log) > 0)
    await until('there is something to rotate', inAll)
    await rotate(system)
    // An archive's name tells the second, and a second one of the same name is refused.
    const second = Math.floor(Date.now() / 1000)
    await until('the next second', () => Math.floor(Date.now() / 1000) > second)
  }
  const { lines, alerting } = await load.end()
  t.comment(
    `${lines.length} lines and ${alerting.length} alerts in ${rotations} rotations`,
  )

  const expected = lines.map(line => `${line}\n`).join('')
  let stored = ''
  await until('all lines are stored', async () => {
    stored = await wholeLog(system, 'audit')
    return stored.length >= expected.length
  })
  t.ok(stored === expected, 'each line once, in order, over archives and file')
  t.doesNotThrow(() => stored.trimEnd().split('\n').map(parsed), 'all of it is JSON')
  t.equal((await wholeLog(system, 'messages')).split('\n').length - 1, rotations)

  const alerts = await until('all alerts are recorded', async () => {
    const records = (await wholeLog(system, 'audit.alert'))
      .split('\n')
      .slice(0, -1)
      .map(parsed)
    return records.length >= alerting.length && records
  })
  t.strictSame(
    alerts.map(({ entry }) => entry.request.id),
    alerting,
  )
  for (const { id } of alerts) {
    await slack.waitFor(({ body }) => JSON.stringify(body).includes(id), 30_000)
  }

  for (const log of ['audit', 'audit.alert', 'messages']) {
    const names = archives(system, log).map(file => basename(file))
    t.equal(names.length, rotations)
    t.ok(
      names.every(name => /^[\w.]+-\d{8}_\d{6}\.zst$/.test(name)),
      names.join(' '),
    )
  }
  t.strictSame(archives(system, 'messages.alert'), [], 'no archive of nothing')
})

/** Writes audit lines as fast as the node takes them, until it is told to end. */
function startLoad(system: LogSystem) {
  const lines: string[] = []
  const alerting: string[] = []
  const over = new AbortController()
  function* load() {
    let nextAlert = performance.now()
    while (!over.signal.aborted) {
      const id = `request-${lines.length}`
      const isAlerting = performance.now() >= nextAlert && alerting.length < maxAlerts
      if (isAlerting) {
        nextAlert += msPerAlert
        alerting.push(id)
      }
      const line = auditLine(isAlerting ? { id } : { id, path: 'secret/data/app' })
      lines.push(line)
      yield line
    }
  }
  const written = system.sendAudit(load())
  return {
    async end() {
      over.abort()
      await written
      return { lines, alerting }
    },
  }
}

function parsed(line: string) {
  return JSON.parse(line) as { id: string; entry: { request: { id: string } } }
}
