import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { streamInput } from '../src/input.js'
import { readLines, type LineLimits } from '../src/lines.js'
import type { OverlongLine } from '../src/overlong-line.js'

const mebibyte = 1024 * 1024

async function read(chunks: Iterable<Buffer>, limits: Partial<LineLimits> = {}) {
  const result = {
    lines: [] as string[],
    rest: '',
    overlong: [] as OverlongLine[],
    bytes: 0,
  }
  await readLines(
    streamInput(Readable.from(chunks, { objectMode: false, highWaterMark: mebibyte })),
    { maxLineBytes: mebibyte, literals: [], ...limits },
    {
      line: line => void result.lines.push(line),
      rest: line => void (result.rest += line),
      overlong: line => void result.overlong.push(line),
      bytes: count => void (result.bytes += count),
    },
    new AbortController().signal,
  )
  return result
}

/** Cuts a buffer at these offsets. */
function cut(bytes: Buffer, offsets: readonly number[]): Buffer[] {
  const at = [...new Set([0, ...offsets.map(o => o % (bytes.length + 1)), bytes.length])]
  at.sort((a, b) => a - b)
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

t.test('lines are what stood between newlines, however the input was cut', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme' }).map(s => s.replace(/[\r\n]/g, ' '))),
      fc.string({ unit: 'grapheme' }).map(s => s.replace(/[\r\n]/g, ' ')),
      fc.array(fc.nat()),
      async (lines, rest, offsets) => {
        const bytes = Buffer.from(lines.map(line => `${line}\n`).join('') + rest)
        const result = await read(cut(bytes, offsets))
        const text = (s: string) => Buffer.from(s).toString()
        t.strictSame(result.lines, lines.map(text))
        t.equal(result.rest, text(rest))
        t.equal(result.bytes, bytes.length)
      },
    ),
    { numRuns: 200 },
  )
})

t.test('a carriage return before the newline is no part of the line', async t => {
  const { lines } = await read([Buffer.from('a\r\n\r\nb\rc\n')])
  t.strictSame(lines, ['a', '', 'b\rc'])
})

t.test('invalid UTF-8 becomes U+FFFD and never reaches into the next line', async t => {
  const { lines } = await read([Buffer.from([0xe2, 0x82, 10, 0x41, 0xff, 10])])
  t.strictSame(lines, ['\ufffd', 'A\ufffd'])
})

t.test('a line over the limit is told of, and the lines around it are read', async t => {
  const long = Buffer.from(`head ${'x'.repeat(3 * mebibyte)} sys/generate-root tail`)
  const input = Buffer.concat([
    Buffer.from('before\n'),
    long,
    Buffer.from('\nafter\nrest'),
  ])
  const offsets = Array.from({ length: 60 }, (_, i) => i * 64 * 1024)
  const limits = { literals: ['sys/generate-root', 'sys/seal'] }
  const { lines, rest, overlong } = await read(cut(input, offsets), limits)
  t.strictSame(lines, ['before', 'after'])
  t.equal(rest, 'rest')
  t.equal(overlong.length, 1)
  const [line] = overlong
  t.equal(line!.bytes, long.length)
  t.equal(line!.head.slice(0, 6), 'head x')
  t.equal(line!.tail.slice(-23), ' sys/generate-root tail')
  t.equal(line!.digest, createHash('sha256').update(long).digest('hex'))
  t.strictSame([...line!.literals], ['sys/generate-root'])
})

t.test('a literal across two pieces of an overlong line is found', async t => {
  const filler = Buffer.alloc(mebibyte + 1, 'x')
  const chunks = [filler, Buffer.from('yy sys/gene'), Buffer.from('rate-root zz\n')]
  const { overlong } = await read(chunks, { literals: ['sys/generate-root'] })
  t.ok(overlong[0]?.literals.has('sys/generate-root'))
})

t.test('an overlong line at the end of the input is told of', async t => {
  const { lines, rest, overlong } = await read([
    Buffer.from('a\n'),
    Buffer.alloc(mebibyte, 'x'),
    Buffer.alloc(mebibyte, 'y'),
  ])
  t.strictSame(lines, ['a'])
  t.equal(rest, '')
  t.equal(overlong[0]?.bytes, 2 * mebibyte)
})

t.test('long lines are whole, whatever stands around them', async t => {
  const long = (bytes: number) =>
    Array.from({ length: bytes / 8 }, (_, i) => String(i % 1e8).padStart(8, 'x')).join('')
  const lines = [
    'a',
    long(1.5 * mebibyte),
    'b',
    long(mebibyte),
    long(2.5 * mebibyte),
    'c',
  ]
  const rest = long(1.25 * mebibyte)
  const bytes = Buffer.from(lines.map(line => `${line}\n`).join('') + rest)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { minLength: 10 }), async offsets => {
      const result = await read(cut(bytes, offsets), { maxLineBytes: 4 * mebibyte })
      t.ok(result.lines.join() === lines.join())
      t.ok(result.rest === rest)
      t.strictSame(result.overlong, [])
    }),
    { numRuns: 20 },
  )
})

t.test('the time for one long line is linear', async t => {
  const seconds = async (megabytes: number) => {
    const chunk = Buffer.alloc(64 * 1024, 'x')
    const chunks = Array.from({ length: megabytes * 16 }, () => chunk)
    const start = process.hrtime.bigint()
    await read([...chunks, Buffer.from('\n')], { maxLineBytes: 64 * mebibyte })
    return Number(process.hrtime.bigint() - start) / 1e9
  }
  await seconds(4)
  const [small, large] = [await seconds(8), await seconds(48)]
  // Six times the bytes; quadratic would be 36 times.
  t.ok(large < small * 18 + 0.2, `8 MiB in ${small} s, 48 MiB in ${large} s`)
})

t.test('a reader that is slow holds up the reading', async t => {
  let open = 0
  let most = 0
  await readLines(
    streamInput(Readable.from([Buffer.from('a\nb\nc\n')], { objectMode: false })),
    { maxLineBytes: mebibyte, literals: [] },
    {
      async line() {
        most = Math.max(most, ++open)
        await new Promise(setImmediate)
        open--
      },
      rest() {},
      overlong() {},
      bytes() {},
    },
    new AbortController().signal,
  )
  t.equal(most, 1)
})

t.test('an abort ends an input that gives no end', async t => {
  const stop = new AbortController()
  const input = new Readable({ read() {} })
  input.push('a\nhalf')
  const lines: string[] = []
  let rest = ''
  const reading = readLines(
    streamInput(input),
    { maxLineBytes: mebibyte, literals: [] },
    {
      line: line => {
        lines.push(line)
        stop.abort()
      },
      rest: text => void (rest = text),
      overlong() {},
      bytes() {},
    },
    stop.signal,
  )
  await reading
  t.strictSame([lines, rest], [['a'], 'half'])
})

t.test('an input that fails rejects', async t => {
  const input = new Readable({ read() {} })
  const readers = { line() {}, rest() {}, overlong() {}, bytes() {} }
  const limits = { maxLineBytes: mebibyte, literals: [] }
  const reading = readLines(
    streamInput(input),
    limits,
    readers,
    new AbortController().signal,
  )
  input.destroy(new Error('EIO'))
  await t.rejects(reading, /EIO/)
})
