import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { appendBlock, readBlocks, type Block } from '../../src/state/journal.js'
import { alertNamed, recorderIn, routeTo } from '../fixtures/recording.js'
import { journalBytes, loggedIds, waiting } from '../fixtures/state-files.js'

const block: Block = {
  alertLog: '/var/log/vault/audit.alert',
  inode: 17,
  size: 0,
  records: [{ id: 'one', text: '{"id":"one"}' }],
  events: [
    {
      destination: 'ops',
      place: { file: '000001.queue', size: 0 },
      messages: [[alertNamed('one')]],
    },
  ],
}

t.test('blocks are read as they were appended', async t => {
  const file = join(t.testdir(), 'journal')
  appendBlock(file, block)
  appendBlock(file, { ...block, records: [], events: [] })
  t.strictSame(readBlocks(file), {
    blocks: [block, { ...block, records: [], events: [] }],
    isCorrupt: false,
    isHalf: false,
  })
})

t.test(
  'a header that lacks something is corrupt, and what is before it holds',
  async t => {
    const file = join(t.testdir(), 'journal')
    appendBlock(file, block)
    const whole = readFileSync(file, 'utf8')
    const header = JSON.parse(whole.split('\n')[0]!) as Record<string, unknown>
    const event = block.events[0]!
    const broken: unknown[] = [
      {},
      null,
      [],
      7,
      { records: [] },
      ...Object.keys(header).map(key => ({ ...header, [key]: undefined })),
      { ...header, records: [null] },
      { ...header, events: [null] },
      { ...header, events: [{ ...event, place: 3 }] },
      { ...header, events: [{ ...event, messages: [[]] }] },
      { ...header, events: [{ ...event, messages: [[{ id: 'one' }]] }] },
    ]
    for (const wrong of broken) {
      const text = JSON.stringify(wrong)
      writeFileSync(file, `${whole}${text}\n`)
      t.match(readBlocks(file), { blocks: [block], isCorrupt: true }, text)
    }
  },
)

t.test(
  'half a block is what a kill leaves, and other text without an end is not',
  async t => {
    const file = join(t.testdir(), 'journal')
    appendBlock(file, block)
    const whole = readFileSync(file, 'utf8')
    for (const size of [1, 5, 20, whole.length - 1]) {
      writeFileSync(file, whole + whole.slice(0, size))
      const expected = { blocks: [block], isCorrupt: false, isHalf: true }
      t.strictSame(readBlocks(file), expected, `${size} bytes of one`)
    }
    for (const rest of ['\0'.repeat(100), 'garbage', '{"alertsss":"/var']) {
      writeFileSync(file, whole + rest)
      t.match(
        readBlocks(file),
        { blocks: [block], isCorrupt: true },
        JSON.stringify(rest),
      )
    }
  },
)

t.test('a journal that something else wrote stops no alert', async t => {
  const dir = t.testdir({ state: { journal: '{"records":[]}\n' } })
  const recorder = recorderIn(dir)
  const alert = alertNamed('one')
  recorder.record([alert], routeTo())
  t.strictSame(loggedIds(dir), [alert.id])
  t.strictSame(waiting(dir, 'split'), [[alert.id]])
  t.equal(journalBytes(dir), 0)
  t.match(recorder.told, [/^corrupt .*journal /])
})
