import t from 'tap'
import { auditLine } from '../fixtures/entries.js'
import { logSystemFor } from './log-system-for.js'
import { until } from './until.js'

const logs = ['audit', 'server'] as const
const ordinaryLines = 1_000

t.test('alerting survives what happens to syslog-ng and the handlers', async t => {
  const { system, slack } = await logSystemFor(t)
  let round = 0

  /** Raises one alert in each log, and waits until both are recorded and at Slack. */
  async function alertInBoth(): Promise<void> {
    round++
    await system.sendAudit([auditLine({ id: `root-${round}` })])
    const message = `2026-03-02T10:15:3${round}.412Z [INFO]  core: vault is sealed`
    await system.sendJournal([{ program: 'vault', pid: 812, message }])
    for (const name of ['audit.alert', 'messages.alert'] as const) {
      const last = await until(
        `alert ${round} in ${name}`,
        () => system.alerts(name)[round - 1],
      )
      await slack.waitFor(({ body }) => JSON.stringify(body).includes(last.id), 20_000)
    }
  }

  const handlers = () => Promise.all(logs.map(log => system.handlerPid(log)))
  const running = await handlers()
  await alertInBoth()

  await t.test('a reload leaves the handlers running', async t => {
    await system.server.ctl('reload')
    await system.node.ctl('reload')
    await system.untilConnected()
    await alertInBoth()
    t.strictSame(await handlers(), running)
  })

  await t.test('a handler that is stuck and then killed is started again', async () => {
    const [audit = 0, server = 0] = running
    process.kill(audit, 'SIGSTOP')
    await system.sendAudit(Array.from({ length: ordinaryLines }, ordinaryLine))
    // The pipe is full: where it breaks now, syslog-ng would wait for time-reopen().
    const queued = () => system.server.counter('audit_handler', 'queued')
    await until('lines queue up', async () => (await queued()) > 0)
    process.kill(audit, 'SIGKILL')
    process.kill(server, 'SIGKILL')
    await Promise.all(logs.map((log, i) => system.handlerPid(log, running[i])))
    await alertInBoth()
  })

  await t.test('so is one that was told to end', async () => {
    const second = await handlers()
    for (const pid of second) process.kill(pid, 'SIGTERM')
    await Promise.all(logs.map((log, i) => system.handlerPid(log, second[i])))
    await alertInBoth()
  })

  await t.test('a log server that crashes goes on where it was', async () => {
    await system.server.kill()
    await system.untilCutOff()
    await system.server.start()
    await system.untilConnected()
    await alertInBoth()
  })

  await t.test('no line and no alert was lost or doubled by any of it', async t => {
    const ids = system.alerts('audit.alert').map(({ entry }) => entry?.request.id)
    t.strictSame(
      ids,
      Array.from({ length: round }, (_, i) => `root-${i + 1}`),
    )
    t.equal(system.alerts('messages.alert').length, round)
    t.equal(system.read('audit').split('\n').length - 1, round + ordinaryLines)
    t.equal(system.read('messages').split('\n').length - 1, round)
  })
})

function ordinaryLine(): string {
  return auditLine({ path: 'secret/data/app', padding: 'x'.repeat(6_000) })
}
