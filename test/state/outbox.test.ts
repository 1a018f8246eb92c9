import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openOutbox, type Outbox } from '../../src/state/outbox.js'
import { appendMessages, countWaiting, nextPlace } from '../../src/state/outbox-files.js'
import { alertNamed } from '../fixtures/recording.js'

/** An outbox's folder, to which events are added, and what its readers tell. */
function folder(t: Test) {
  const dir = join(t.testdir(), 'outbox', 'ops')
  const told: string[] = []
  const tell = (what: string) => (file: string) =>
    void told.push(`${what} ${file.slice(dir.length + 1)}`)
  return {
    dir,
    told,
    queue: join(dir, '000001.queue'),
    done: join(dir, '000001.done'),
    put: (...names: string[]) => {
      for (const name of names) {
        appendMessages(
          dir,
          nextPlace(dir, undefined),
          [[alertNamed(name, { title: name })]],
          () => {},
        )
      }
    },
    open: () =>
      openOutbox(dir, {
        corrupt: tell('corrupt'),
        cut: tell('cut'),
        evicted() {},
        dropped() {},
      }),
  }
}

/** The titles of what waits. */
async function polled(outbox: Outbox): Promise<string[]> {
  await outbox.poll(0)
  const events = outbox.events(outbox.all())
  return [...events.read()].map(([alert]) => alert!.title)
}

async function settleAll(outbox: Outbox) {
  await outbox.poll(0)
  const events = outbox.events(outbox.all())
  Array.from(events.read())
  events.settle()
}

t.test('what is settled does not wait, also after a start', async t => {
  const { put, open, told, dir } = folder(t)
  const outbox = open()
  put('a', 'b')
  t.strictSame(await polled(outbox), ['a', 'b'])
  await settleAll(outbox)
  put('c')
  t.strictSame(await polled(outbox), ['c'])
  t.strictSame(await polled(open()), ['c'])
  t.equal(countWaiting(dir), 1)
  t.strictSame(told, [])
})

t.test('a queue file that is emptied under way: what is added is found', async t => {
  const { put, open, told, queue, dir } = folder(t)
  const outbox = open()
  put('a', 'b', 'c')
  await settleAll(outbox)
  truncateSync(queue, 0)
  put('d')
  t.strictSame(await polled(outbox), ['d'])
  t.equal(countWaiting(dir), 1, 'though a mark has its offset')
  await settleAll(outbox)
  put('e')
  t.strictSame(await polled(outbox), ['e'])
  t.strictSame(told, ['cut 000001.queue'])
})

t.test('the same where it has grown beyond its old size since', async t => {
  const { put, open, told, queue } = folder(t)
  const outbox = open()
  put('a')
  await settleAll(outbox)
  const { size } = statSync(queue)
  truncateSync(queue, 0)
  put('other', 'more')
  t.ok(statSync(queue).size > size)
  t.strictSame(await polled(outbox), ['other', 'more'])
  t.strictSame(told, ['cut 000001.queue'])
})

t.test('a folder that is deleted under way', async t => {
  const { put, open, told, dir } = folder(t)
  const outbox = open()
  put('a')
  await settleAll(outbox)
  put('b')
  t.strictSame(await polled(outbox), ['b'])
  rmSync(dir, { recursive: true })
  t.strictSame(await polled(outbox), [])
  t.strictSame(told, ['cut 000001.queue'], 'b is lost')
  put('c')
  t.strictSame(await polled(outbox), ['c'])
  rmSync(dir, { recursive: true })
  put('d', 'e')
  t.strictSame(await polled(outbox), ['d', 'e'])
})

for (const [what, cut] of [
  ['shortened by some bytes', 5],
  ['emptied', Infinity],
] as const) {
  t.test(`a queue file that is ${what} while no one looks`, async t => {
    const { put, open, told, queue, dir } = folder(t)
    put('a', 'b')
    await settleAll(open())
    truncateSync(queue, Math.max(0, statSync(queue).size - cut))
    put('c')
    t.equal(countWaiting(dir), 1)
    t.strictSame(await polled(open()), ['c'])
    t.strictSame(told, ['cut 000001.queue'])
    await settleAll(open())
    t.strictSame(await polled(open()), [])
    t.equal(told.length, 1, 'told once')
  })
}

t.test('a queue file that is deleted, but for its marks', async t => {
  const { put, open, told, queue } = folder(t)
  put('a')
  await settleAll(open())
  rmSync(queue)
  put('b')
  t.strictSame(await polled(open()), ['b'])
  t.strictSame(told, ['cut 000001.queue'])
})

t.test('what was read is settled, and not what stands there since', async t => {
  const { put, open, queue } = folder(t)
  const outbox = open()
  put('a')
  await outbox.poll(0)
  const events = outbox.events(outbox.all())
  Array.from(events.read())
  truncateSync(queue, 0)
  put('b')
  events.settle()
  t.strictSame(await polled(outbox), ['b'])
  t.strictSame(await polled(open()), ['b'])
})

t.test('an event is appended whole where its place is beyond the end', async t => {
  const { put, open, dir, queue } = folder(t)
  put('a')
  appendFileSync(queue, '{"sever')
  appendMessages(
    dir,
    { file: '000001.queue', size: 100_000 },
    [[alertNamed('b', { title: 'b' })]],
    () => {},
  )
  t.strictSame(await polled(open()), ['a', 'b'])
})

t.test('marks that were never written are put aside, and the others hold', async t => {
  for (const [text, isCorrupt] of [
    ['', false],
    ['\n00000000', false],
    ['0000000000 12', false],
    ['garbage\n\0\0', true],
    ['\0'.repeat(20), true],
  ] as const) {
    await t.test(JSON.stringify(text), async t => {
      const { put, open, told, done } = folder(t)
      put('a')
      await settleAll(open())
      appendFileSync(done, text)
      put('b')
      const outbox = open()
      t.strictSame(await polled(outbox), ['b'])
      t.strictSame(told, isCorrupt ? ['corrupt 000001.done'] : [])
      await settleAll(outbox)
      t.strictSame(await polled(open()), [])
      t.equal(told.length, isCorrupt ? 1 : 0, 'told once')
      if (isCorrupt) t.match(readFileSync(`${done}.corrupt`, 'latin1'), text)
    })
  }
})

t.test('however many lines of a file are garbage, it is told once', async t => {
  const { put, open, told, queue } = folder(t)
  put('a')
  appendFileSync(queue, 'garbage\n'.repeat(3_000))
  put('b')
  const outbox = open()
  t.strictSame(await polled(outbox), ['a', 'b'])
  t.strictSame(told, ['corrupt 000001.queue'])
  t.equal(readFileSync(`${queue}.corrupt`, 'utf8'), 'garbage\n'.repeat(3_000))
  t.strictSame(await polled(open()), ['a', 'b'])
  t.equal(told.length, 1, 'and never again')
})

t.test('a file that something else has put in place is read anew', async t => {
  const { put, open, queue } = folder(t)
  const outbox = open()
  put('a', 'b')
  copyFileSync(queue, `${queue}.copy`)
  await settleAll(outbox)
  writeFileSync(queue, '{}\n')
  appendFileSync(queue, readFileSync(`${queue}.copy`))
  t.strictSame(await polled(outbox), ['a', 'b'], 'at other offsets')
})
