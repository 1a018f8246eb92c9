import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { alertRecord } from '../../src/alert/alert-record.js'
import { openLedger } from '../../src/state/ledger.js'
import { alertNamed, recorderIn } from '../fixtures/recording.js'

const now = Date.parse('2026-11-24T08:00:00Z')
const [one, two] = ['1a'.repeat(16), '2b'.repeat(16)]

for (const [what, write, isCorrupt] of [
  ['holds zeros only', (file: string) => writeFileSync(file, Buffer.alloc(200)), true],
  ['ends in zeros', (file: string) => appendFileSync(file, Buffer.alloc(200)), true],
  ['ends in text', (file: string) => appendFileSync(file, 'garbage'), true],
  ['has a line of text', (file: string) => appendFileSync(file, 'garbage\n'), true],
  ['ends in half an id', (file: string) => appendFileSync(file, two.slice(9)), false],
  ['ends in half a time', (file: string) => appendFileSync(file, `${two} 17`), false],
] as const) {
  t.test(`a ledger that ${what} is ${isCorrupt ? 'put aside, told' : 'cut'}`, async t => {
    const stateDir = t.testdir()
    const told: string[] = []
    const open = () => {
      const ledger = openLedger(stateDir, '/var/log/vault/audit.alert', {
        corrupt: (_, aside) => told.push(aside),
        cut() {},
        evicted() {},
        dropped() {},
      })
      ledger.refresh()
      return ledger
    }
    open().add([{ id: one }], now)
    const [name] = readdirSync(join(stateDir, 'ledger'))
    const file = join(stateDir, 'ledger', name!, '000001')
    write(file)
    const wrong = readFileSync(file)
    const ledger = open()
    t.strictSame(told, isCorrupt ? [`${file}.corrupt`] : [])
    if (isCorrupt) t.ok(readFileSync(`${file}.corrupt`).equals(wrong))
    t.equal(ledger.has({ id: one }), what !== 'holds zeros only', 'what is whole holds')
    ledger.add([{ id: two }], now)
    t.ok(open().has({ id: two }))
    t.match(readFileSync(file, 'utf8'), /^(?:[0-9a-f]{32} \d{10}\n)+$/)
    t.equal(told.length, isCorrupt ? 1 : 0)
  })
}

t.test('a window that overlaps a recorded one of its series is recorded', async t => {
  const stateDir = t.testdir()
  const open = () => {
    const ignore = () => {}
    const ledger = openLedger(stateDir, '/var/log/vault/audit.alert', {
      corrupt: ignore,
      cut: ignore,
      evicted: ignore,
      dropped: ignore,
    })
    ledger.refresh()
    return ledger
  }
  const span = (first: number, last: number, series = one) => ({
    series,
    first: now + first,
    last: now + last,
  })
  open().add([{ id: one, span: span(10, 20) }, { id: two }], now)
  for (const ledger of [open(), open()]) {
    const has = (...window: Parameters<typeof span>) =>
      ledger.has({ id: 'f0'.repeat(16), span: span(...window) })
    t.ok(has(20, 30), 'one moment is enough')
    t.ok(has(0, 10))
    t.ok(has(12, 13))
    t.ok(has(0, 99))
    t.notOk(has(21, 30))
    t.notOk(has(0, 9))
    t.notOk(has(12, 13, two), 'of another series')
    t.ok(ledger.has({ id: one, span: span(500, 600) }), 'the id alone is enough')
  }
  const [name] = readdirSync(join(stateDir, 'ledger'))
  const file = join(stateDir, 'ledger', name!, '000001')
  appendFileSync(file, `${'3c'.repeat(16)} 1795483892 ${'3c'.repeat(5)}`)
  t.ok(open().has({ id: two }), 'half a record is cut off')
  t.match(
    readFileSync(file, 'utf8'),
    /^[0-9a-f]{32} \d{10} [0-9a-f]{32} \d{13} \d{13}\n[0-9a-f]{32} \d{10}\n$/,
  )
})

for (const [what, damage, lost] of [
  ['cut between records', (file: string) => truncateSync(file, 44), 3],
  ['cut within one', (file: string) => truncateSync(file, 66), 3],
  ['deleted', (file: string) => rmSync(dirname(dirname(file)), { recursive: true }), 4],
  ['whole', () => {}, 0],
] as const) {
  t.test(`what a ledger that was ${what} lacks is taken from the alert log`, async t => {
    const dir = t.testdir()
    const alertLog = join(dir, 'audit.alert')
    const record = (...names: string[]) => {
      const recorder = recorderIn(dir)
      const fresh = names.flatMap(
        name => recorder.record([alertNamed(name)], () => []).fresh,
      )
      return { fresh: fresh.length, told: recorder.told }
    }
    t.equal(record('a', 'b', 'c', 'd').fresh, 4)
    // A kill has left half a record, and the next one begins a line: only what is whole counts.
    const half = alertRecord(alertNamed('e')).slice(0, 100)
    const last = readFileSync(alertLog, 'utf8').trimEnd().split('\n').at(-1)!
    writeFileSync(
      alertLog,
      readFileSync(alertLog, 'utf8').replace(last, `${half}\n${last}`),
    )
    const [name] = readdirSync(join(dir, 'state/ledger'))
    damage(join(dir, 'state/ledger', name!, '000001'))
    const again = record('a', 'b', 'c', 'd', 'e')
    t.equal(again.fresh, 1, 'only the half one is recorded')
    t.strictSame(again.told, lost === 0 ? [] : [`mended ${lost}`])
    t.strictSame(record('a', 'b', 'c', 'd', 'e'), { fresh: 0, told: [] })
  })
}

for (const text of ['', 'text\n', '\n\n', `{"id":"${one}"`, `{"id":"${one}"\n`]) {
  t.test(`an alert log of ${JSON.stringify(text)} is left alone`, async t => {
    const recorder = recorderIn(t.testdir({ 'audit.alert': text }))
    t.equal(recorder.record([alertNamed('a')], () => []).fresh.length, 1)
    t.strictSame(recorder.told, [])
  })
}

t.test('an alert log that is a pipe keeps nobody waiting', async t => {
  const dir = t.testdir()
  execFileSync('mkfifo', [join(dir, 'audit.alert')])
  const recorder = recorderIn(dir)
  t.equal(recorder.record([alertNamed('a')], () => []).fresh.length, 1)
  t.strictSame(recorder.told, [])
})
