import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openOwnMessages } from '../../src/state/own-messages.js'

const hourMs = 3_600_000
const told: string[] = []
const opened = (dir: string) =>
  openOwnMessages(dir, { corrupt: (_, aside) => told.push(aside) })
const start = Date.parse('2026-11-24T08:00:00Z')
const low = { kind: 'handler-disk-low', title: '12 % free on the disk of /a' } as const
const full = { kind: 'handler-disk-full', title: '3 % free on the disk of /a' } as const
const everyone = () => true

t.test(
  'one message of a kind goes out an hour, and tells how many were held',
  async t => {
    const messages = opened(t.testdir())
    t.equal(messages.admit(low, start), 0)
    t.equal(messages.admit(low, start + 1), undefined)
    t.equal(messages.admit(full, start + 1), 0, 'another kind by itself')
    t.equal(messages.admit(low, start + hourMs - 1), undefined)
    t.equal(messages.admit(low, start + hourMs), 2)
    t.equal(messages.admit(low, start + 2 * hourMs), 0)
  },
)

t.test(
  'all processes of a state folder share the hour, and a clock set back',
  async t => {
    const dir = t.testdir()
    const [one, other] = [opened(dir), opened(dir)]
    t.equal(one.admit(low, start), 0)
    t.equal(other.admit(low, start + 1), undefined)
    t.equal(one.admit(low, start + hourMs), 1)
    t.equal(opened(dir).admit(low, start + hourMs + 1), undefined)
    t.equal(one.admit(low, start - hourMs), 1, 'nothing waits for the clock to come back')
  },
)

t.test('a file that holds something else is as none, and put aside', async t => {
  for (const text of [
    '',
    '{"kind":',
    '[1]',
    '{"kind":{"last":"now","held":0}}',
    '{"handler-disk-low":{"last":0,"held":1,"title":7}}',
    'null',
  ]) {
    const dir = t.testdir({ 'own-messages.json': text })
    told.length = 0
    t.equal(opened(dir).admit(low, start), 0, text)
    t.strictSame(told, [`${dir}/own-messages.json.corrupt`])
    t.equal(readFileSync(told[0]!, 'utf8'), text)
    t.equal(opened(dir).admit(low, start + 1), undefined, 'and the file is whole')
    t.equal(told.length, 1)
  }
})

t.test('what can not be written, as on a full disk, is known all the same', async t => {
  const dir = t.testdir()
  const messages = opened(dir)
  t.equal(messages.admit(low, start), 0)
  // A folder in its place keeps the file from being written, whoever we are.
  mkdirSync(join(dir, 'own-messages.json.next'))
  t.equal(messages.admit(full, start), 0)
  t.equal(
    messages.admit(full, start + 1),
    undefined,
    'though the file knows nothing of it',
  )
  t.equal(messages.admit(low, start + 2), undefined)
  t.equal(messages.admit(full, start + hourMs), 1)
  t.equal(messages.admit(low, start + hourMs), 1)

  const later = { [low.kind]: { last: start + 2 * hourMs, held: 7 } }
  writeFileSync(join(dir, 'own-messages.json'), JSON.stringify(later))
  t.equal(messages.admit(low, start + 3 * hourMs), 7, 'another process has sent since')
})

t.test('the last one held back goes out after the hour, with how many more', async t => {
  const dir = t.testdir()
  const messages = opened(dir)
  messages.admit(low, start)
  t.strictSame(messages.overdue(start + 2 * hourMs, everyone), [], 'none was held')
  messages.admit({ ...low, title: 'of /b' }, start + 1)
  messages.admit({ ...low, title: 'of /c', except: 'slack' }, start + 2)
  t.notOk(messages.isAnyOverdue(start + hourMs - 1))
  t.strictSame(messages.overdue(start + hourMs - 1, everyone), [], 'too early')

  const other = opened(dir)
  t.ok(
    other.isAnyOverdue(start + hourMs),
    'another process, or a later one, does it, too',
  )
  const nobody = ({ except }: { except?: string | undefined }) => except !== 'slack'
  t.strictSame(other.overdue(start + hourMs, nobody), [], 'as long as somebody gets it')
  const held = [{ kind: low.kind, title: 'of /c', except: 'slack', more: 1 }]
  t.strictSame(other.overdue(start + hourMs, everyone), held)
  t.strictSame(messages.overdue(start + hourMs, everyone), [], 'and once')
  t.equal(messages.admit(low, start + hourMs), undefined, 'and it begins the next hour')
})

t.test('what goes out after the hour by itself tells of those held, too', async t => {
  const messages = opened(t.testdir())
  messages.admit(low, start)
  messages.admit(low, start + 1)
  t.equal(messages.admit(low, start + hourMs), 1)
  t.strictSame(messages.overdue(start + 2 * hourMs, everyone), [])
})
