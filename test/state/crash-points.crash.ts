import { appendFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import { atEachCrash, runJob } from '../fixtures/crash-points.js'
import { alertNamed, destinations, recorderIn, routeTo } from '../fixtures/recording.js'
import { journalBytes, ledgerIds, loggedIds, waiting } from '../fixtures/state-files.js'

const older = alertNamed('older')
const event = [alertNamed('first'), alertNamed('second')]
const recordEvent = (dir: string) =>
  ({ what: 'record', dir, events: [event], destinations }) as const

/** What is there when the recorder that will be killed starts. */
interface Start {
  readonly prepare: (dir: string) => void | Promise<void>
  readonly before: readonly Alert[]
  /** At least this many calls change a file. */
  readonly minCalls: number
  /** Done after the kill. */
  readonly mend?: (dir: string) => void
  readonly mayTell?: RegExp
}

/** Kills a recorder at each of its calls, and records the same once more, as a replay does. */
async function provesRecovery(t: Test, start: Start) {
  const { prepare, before, minCalls, mend = () => {}, mayTell } = start
  const expected = [...before, ...event].map(({ id }) => id).sort()
  const check = (dir: string, where: string) => {
    mend(dir)
    const recorder = recorderIn(dir)
    recorder.complete()
    recorder.record(event, routeTo())
    t.strictSame(recorder.told, [], `${where}: nothing is amiss`)
    t.strictSame(loggedIds(dir).sort(), expected, `${where}: alert log`)
    t.strictSame(ledgerIds(dir).sort(), expected, `${where}: ledger`)
    for (const { name } of destinations) {
      const messages = waiting(dir, name)
      t.strictSame(messages.flat().sort(), expected, `${where}: outbox of ${name}`)
      const isWhole = name === 'split' || messages.some(found => found.length === 2)
      t.ok(isWhole, `${where}: ${name} gets the event in one message`)
    }
    t.equal(journalBytes(dir), 0, `${where}: journal`)
  }
  const calls = await atEachCrash(t.testdir(), prepare, recordEvent, check, mayTell)
  t.ok(calls >= minCalls, `killed at ${calls} calls`)
}

const recordOlder = (dir: string) => void recorderIn(dir).record([older], routeTo())

t.test('the first alert of all, where no folder is there', async t => {
  await provesRecovery(t, { prepare: () => {}, before: [], minCalls: 25 })
})

t.test('an alert after others', async t => {
  await provesRecovery(t, { prepare: recordOlder, before: [older], minCalls: 21 })
})

t.test('an alert for which a new outbox file is begun', async t => {
  const outboxOf = (dir: string) => join(dir, 'state', 'outbox', 'split')
  const prepare = (dir: string) => {
    recordOlder(dir)
    appendFileSync(
      join(outboxOf(dir), '000001.queue'),
      `${' '.repeat(4 * 1024 * 1024)}\n`,
    )
  }
  await provesRecovery(t, { prepare, before: [older], minCalls: 21 })
  prepare(t.testdirName)
  recorderIn(t.testdirName).record(event, routeTo())
  t.ok(existsSync(join(outboxOf(t.testdirName), '000002.queue')))
})

t.test('an alert after half lines that a full disk has left in each file', async t => {
  const prepare = (dir: string) => {
    recordOlder(dir)
    const state = join(dir, 'state')
    for (const { name } of destinations) {
      appendFileSync(join(state, 'outbox', name, '000001.queue'), '{"severity":"cri')
    }
    appendFileSync(join(dir, 'audit.alert'), '{"id":"0123')
    appendFileSync(join(state, 'journal'), '{"alertLog":"/va')
  }
  await provesRecovery(t, { prepare, before: [older], minCalls: 21 })
})

t.test('an alert while the alert log can not be written', async t => {
  const alertLog = (dir: string) => join(dir, 'audit.alert')
  await provesRecovery(t, {
    prepare: dir => mkdirSync(alertLog(dir)),
    before: [],
    minCalls: 17,
    mend: dir => rmSync(alertLog(dir), { recursive: true, force: true }),
    mayTell: /^(?:failing alert log EISDIR .*\n)?$/,
  })
})

for (const [what, at] of [
  ['once it was in the journal', 4],
  ['once it was in the first outbox', 14],
  ['once it was in the ledger', 22],
] as const) {
  t.test(`completing an alert whose process was killed ${what}`, async t => {
    const prepare = async (dir: string) => {
      await runJob(recordEvent(dir), { at, when: 'before', below: dir })
      if (journalBytes(dir) === 0) throw new Error('there is nothing to complete')
    }
    await provesRecovery(t, { prepare, before: [], minCalls: 5 })
  })
}
