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
