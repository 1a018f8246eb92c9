import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openLedger } from '../../src/state/ledger.js'

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
    open().add([one], now)
    const [name] = readdirSync(join(stateDir, 'ledger'))
    const file = join(stateDir, 'ledger', name!, '000001')
    write(file)
    const wrong = readFileSync(file)
    const ledger = open()
    t.strictSame(told, isCorrupt ? [`${file}.corrupt`] : [])
    if (isCorrupt) t.ok(readFileSync(`${file}.corrupt`).equals(wrong))
    t.equal(ledger.has(one), what !== 'holds zeros only', 'what is whole holds')
    ledger.add([two], now)
    t.ok(open().has(two))
    t.match(readFileSync(file, 'utf8'), /^(?:[0-9a-f]{32} \d{10}\n)+$/)
    t.equal(told.length, isCorrupt ? 1 : 0)
  })
}
