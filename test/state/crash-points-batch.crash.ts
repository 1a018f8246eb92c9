import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { adoptBatches } from '../../src/delivery/batch.js'
import { appendDeadLetters } from '../../src/delivery/dead-letters.js'
import { closeBatch, outboxDir } from '../../src/state/outbox-files.js'
import { atEachCrash, runJob } from '../fixtures/crash-points.js'
import { alertNamed, destinations, recorderIn, routeTo } from '../fixtures/recording.js'
import {
  deadLetters,
  journalBytes,
  ledgerIds,
  loggedIds,
  waiting,
} from '../fixtures/state-files.js'

const events = [[alertNamed('a'), alertNamed('b')], [alertNamed('c')]]
const ids = events.flat().map(({ id }) => id)

t.test('a replay that is killed: its alerts go out as a batch, each once', async t => {
  const check = (dir: string, where: string) => {
    const stateDir = join(dir, 'state')
    const recorder = recorderIn(dir)
    recorder.complete()
    for (const { name } of destinations) {
      adoptBatches(stateDir, outboxDir(stateDir, name), action => recorder.locked(action))
    }
    for (const event of events) recorder.record(event, routeTo(destinations, 'again'))
    recorder.locked(() => {
      for (const { name } of destinations) closeBatch(outboxDir(stateDir, name), 'again')
    })
    t.strictSame(recorder.told, [], `${where}: nothing is amiss`)
    t.strictSame(loggedIds(dir).sort(), [...ids].sort(), `${where}: alert log`)
    t.strictSame(ledgerIds(dir).sort(), [...ids].sort(), `${where}: ledger`)
    for (const { name } of destinations) {
      const found = waiting(dir, name).flat().sort()
      t.strictSame(found, [...ids].sort(), `${where}: batches for ${name}`)
      const files = readdirSync(outboxDir(stateDir, name))
      t.ok(
        files.every(file => file.endsWith('.digest')),
        `${where}: every batch is closed`,
      )
    }
    t.equal(journalBytes(dir), 0, `${where}: journal`)
  }
  const calls = await atEachCrash(
    t.testdir(),
    () => {},
    dir => ({ what: 'batch', dir, events, destinations, batch: 'replay' }),
    check,
  )
  t.ok(calls >= 40, `killed at ${calls} calls`)
})

t.test('a redrive that is killed: no refused message is gone', async t => {
  const prepare = (dir: string) => {
    recorderIn(dir).record([alertNamed('older')], routeTo())
    const details = { time: '2026-11-23T12:00:00Z', reason: 'answered 413' }
    appendDeadLetters(join(dir, 'state'), 'split', events, details, () => {})
  }
  const redrive = (dir: string) =>
    ({ what: 'redrive', dir, destination: 'split' }) as const
  const expected = [
    [alertNamed('older').id],
    ...events.map(event => event.map(({ id }) => id)),
  ]
  const calls = await atEachCrash(t.testdir(), prepare, redrive, async (dir, where) => {
    const left = deadLetters(dir, 'split')
    const { told } = await runJob(redrive(dir))
    t.equal(told, '', `${where}: nothing is amiss`)
    const found = waiting(dir, 'split').map(String)
    for (const message of expected.map(String)) {
      const times = found.filter(other => other === message).length
      t.ok(times === 1 || (times === 2 && left.length > 0), `${where}: ${times} times`)
    }
    t.equal(new Set(found).size, expected.length, `${where}: nothing else`)
    t.strictSame(deadLetters(dir, 'split'), [], `${where}: no dead letter is left`)
  })
  t.ok(calls >= 5, `killed at ${calls} calls`)
})
