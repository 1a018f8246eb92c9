import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Alert } from '../src/alert/alert.js'
import { createCounters } from '../src/counters.js'
import { createPipeline } from '../src/pipeline.js'
import type { Log } from '../src/entry/entry.js'
import type { CompiledRule } from '../src/rule/compile-rule.js'
import { isCounting } from '../src/prefilter.js'
import { loadRules } from '../src/rule/load-rules.js'
import { anyCondition, anyEntryJson, compiled } from './fixtures/rules.js'
import { ordinaryTraffic } from './fixtures/ordinary-traffic.js'
import { lineOf, pipelineOverTime, rulesOverTime } from './fixtures/over-time.js'
import { writtenJson } from './fixtures/written-json.js'

// In mid-second, so that what a second has in common is not what the borders of lateness divide.
const now = Date.parse('2026-06-01T00:00:00.500Z')
const { rules: packaged } = await loadRules([])
const linesOf = (file: string) =>
  readFileSync(new URL(`fixtures/${file}`, import.meta.url), 'utf8')
    .split('\n')
    .filter(line => line !== '')
const samples = linesOf('audit-entries.jsonl')
const serverSamples = linesOf('server-lines.log')

function pipelineOf(rules: readonly CompiledRule[], log: Log = 'audit') {
  const counters = createCounters()
  const say = () => {}
  const diagnostics = { error: say, warn: say, info: say, debug: say }
  const pipeline = createPipeline({
    log,
    rules,
    alertLog: 'audit.alert',
    counters,
    diagnostics,
    now: () => now,
    startedAt: now,
  })
  return { ...pipeline, counters }
}

/** All alerts of whole lines, read in chunks of about so many bytes. */
function readChunks(
  lines: (chunk: Buffer) => () => Alert[] | undefined,
  text: string,
  bytes: number,
) {
  const alerts: Alert[] = []
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    const end = rest.indexOf(10, Math.min(bytes, rest.length - 1)) + 1
    const next = lines(rest.subarray(0, end))
    for (let found = next(); found !== undefined; found = next()) alerts.push(...found)
    rest = rest.subarray(end)
  }
  return alerts
}

/** What the prefilter must not change: alerts, counters, and what is remembered. */
function comesToTheSame(
  t: Test,
  rules: readonly CompiledRule[],
  lines: readonly string[],
  bytes: number,
  log: Log = 'audit',
  idleAt = lines.length,
) {
  const [whole, scanned] = [pipelineOf(rules, log), pipelineOf(rules, log)]
  const readPart = (part: readonly string[]) => {
    const expected = part.flatMap(line => whole.line(line.replace(/\r$/, '')))
    const text = part.map(line => `${line}\n`).join('')
    t.strictSame(readChunks(scanned.lines, text, bytes), expected)
  }
  readPart(lines.slice(0, idleAt))
  if (idleAt < lines.length) {
    // Nothing comes in for a while before the second part.
    t.strictSame(scanned.idle(400_000), whole.idle(400_000))
    readPart(lines.slice(idleAt))
  }
  t.equal(scanned.counters.summary(), whole.counters.summary())
  t.strictSame(scanned.save(), whole.save())
  t.strictSame(scanned.idle(10 * 60_000), whole.idle(10 * 60_000))
}

t.test('the packaged rules, on and off, alert on the same lines with it', async t => {
  const all = packaged.map(rule => ({ ...rule, rule: { ...rule.rule, enabled: true } }))
  const traffic = [...ordinaryTraffic()].slice(0, 4_000)
  const mixed = samples.flatMap((sample, i) => [
    ...traffic.slice(20 * i, 20 * i + 20),
    sample,
  ])
  for (const rules of [packaged, all]) {
    comesToTheSame(t, rules, mixed, 65_536)
    comesToTheSame(t, rules, traffic, 10_000)
  }
})

t.test('any rules alert on the same of any lines with it', async t => {
  const written = anyEntryJson.chain(json => writtenJson(JSON.parse(json)))
  const hostile = fc.oneof(
    written,
    written.map(json => `${json}\r`),
    written.map(json => json.slice(0, -1)),
    fc.tuple(written, written).map(pair => pair.join('')),
    fc.constantFrom('', '   ', '-- MARK --', '{', '{}', ...samples),
    fc.string({ maxLength: 20 }).map(text => text.replaceAll('\n', ' ')),
  )
  const rules = fc.array(
    fc.record({
      when: anyCondition,
      unless: fc.option(anyCondition, { nil: undefined }),
    }),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  fc.assert(
    fc.property(
      rules,
      fc.array(hostile, { maxLength: 12 }),
      fc.integer({ min: 1, max: 400 }),
      (parts, lines, bytes) => {
        const some = parts.map(({ when, unless }, i) =>
          compiled({
            id: `r${i}`,
            when,
            ...(unless && { unless }),
            title: '{{request.path}} {{vault.outcome}}',
          }),
        )
        comesToTheSame(t, some, lines, bytes)
      },
    ),
    { numRuns: Number(process.env['RUNS'] ?? 500) },
  )
})

t.test('so they do on lines of the server log, whatever follows what', async t => {
  const all = packaged.map(rule => ({ ...rule, rule: { ...rule.rule, enabled: true } }))
  comesToTheSame(t, all, serverSamples, 65_536, 'server')
  const stamp = fc
    .tuple(
      fc.constantFrom(
        '2026-03-02T10:15:30',
        '2026-02-30T10:15:30',
        '2026-03-02T10:16:61',
      ),
      fc.constantFrom('Z', '.4Z', '.412Z', '.412345678Z', '.412+01:00', '.412-0500', ''),
    )
    .map(parts => parts.join(''))
  const header = fc
    .tuple(
      fc.constantFrom('', '<30>', '<30> '),
      stamp,
      fc.constantFrom('node-1', 'node-2.site', '[vault]', 'stdout', '-'),
      fc.constantFrom('vault[812]:', 'vault[1]:', 'vault:', 'F', 'panic:', 'cron[7]:'),
    )
    .map(([priority, ...parts]) => `${priority}${parts.join(' ')} `)
  const said = fc.oneof(
    fc
      .tuple(
        stamp,
        fc.constantFrom('[INFO] ', '[ERROR]', '[info] ', '[INFO]'),
        fc.constantFrom(
          'core: vault is sealed',
          'core: mounting: path="a\\"b"',
          'audit: backend failed to log request: error=',
          '',
          'x | y',
        ),
      )
      .map(parts => parts.join(' ')),
    fc.constantFrom(
      '  | vault is sealed',
      'error=root token generated',
      'panic: x',
      '{"@message":"vault is sealed"}',
      '{"@message":"vault is s\\u0065aled"}',
    ),
    fc.constantFrom(...serverSamples),
  )
  const line = fc
    .tuple(fc.oneof(header, fc.constant('')), said, fc.constantFrom('', '', '\r', '  '))
    .map(parts => parts.join(''))
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 15 }),
      fc.integer({ min: 1, max: 400 }),
      (lines, bytes) => {
        comesToTheSame(t, all, lines, bytes, 'server')
      },
    ),
    { numRuns: Number(process.env['RUNS'] ?? 500) },
  )
})

t.test('rules over time see all that they count, and their deadlines', async t => {
  const event = fc.record({
    at: fc.integer({ min: 0, max: 600_000 }),
    key: fc.constantFrom('a', 'b'),
    value: fc.constantFrom('x', 'y', 'z'),
    kind: fc.constantFrom('a', 'b', 'c', 'd'),
  })
  fc.assert(
    fc.property(
      rulesOverTime,
      fc.array(event, { maxLength: 60 }),
      fc.boolean(),
      (rules, events, isSorted) => {
        const sorted = isSorted ? [...events].sort((a, b) => a.at - b.at) : events
        const lines = sorted.map(lineOf)
        const [whole, scanned] = [pipelineOverTime(rules), pipelineOverTime(rules)]
        const expected = lines.flatMap(line => whole.line(line))
        const found = readChunks(
          scanned.lines,
          lines.map(line => `${line}\n`).join(''),
          500,
        )
        const stamped = (alerts: readonly Alert[]) =>
          alerts.map(alert => ({ ...alert, raised: '' }))
        t.strictSame(stamped(found), stamped(expected))
        t.strictSame(scanned.save(), whole.save())
        t.equal(scanned.counters.summary(), whole.counters.summary())
      },
    ),
    { numRuns: Number(process.env['RUNS'] ?? 300) },
  )
})

t.test('entries of one second are told apart where their times decide', async t => {
  // About the latest that is believed, and about what is late after it, to the millisecond.
  const borders = [now, now + 300_000, now - 1, now - 300_000]
  const time = fc.oneof(
    fc
      .tuple(fc.constantFrom(...borders), fc.integer({ min: -400, max: 400 }))
      .map(([border, ms]) => new Date(border + ms).toISOString()),
    fc.constantFrom('2026-02-30T00:00:00.1Z', '2026-02-30T00:00:00.2Z', undefined),
  )
  const silence = compiled({ id: 'silence', when: {}, absence: { within: '30s' } })
  const outcome = compiled({
    id: 'outcome',
    when: { 'request.path': 'sys/seal' },
    title: '{{vault.outcome}}',
  })
  const entry = fc.record({
    time: time,
    type: fc.constantFrom('request', 'response'),
    request: fc.record({
      id: fc.constantFrom('1', '2', '3'),
      path: fc.constantFrom(...Array.from({ length: 30 }, () => 'a'), 'sys/seal'),
    }),
  })
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 40, size: 'max' }),
      fc.boolean(),
      fc.integer({ min: 1, max: 4_000 }),
      fc.nat(40),
      (entries, isSorted, bytes, idleAt) => {
        const by = (entry: { time: string | undefined }) => entry.time ?? ''
        const sorted = [...entries].sort((a, b) => (by(a) < by(b) ? -1 : 1))
        const lines = (isSorted ? sorted : entries).map(entry => JSON.stringify(entry))
        comesToTheSame(t, [silence, outcome], lines, bytes, 'audit', idleAt)
      },
    ),
    { numRuns: Number(process.env['RUNS'] ?? 500) },
  )
})

t.test(
  'an absence that was told ends with the first entry behind it, in a run too',
  async t => {
    const at = (ms: number) => JSON.stringify({ time: new Date(now + ms).toISOString() })
    const silence = compiled({ id: 'silence', when: {}, absence: { within: '1m' } })
    // The second part begins with a run of three in the second of the last entry before it.
    const lines = [0, -100, 100, 400, -59_800].map(at)
    comesToTheSame(t, [silence], lines, 65_536, 'audit', 1)
  },
)

t.test('bytes that are no UTF-8 are what the decoder makes of them', async t => {
  const rules = [
    compiled({ id: 'value', when: { ab: 'x\ufffdy' } }),
    compiled({ id: 'key', when: { 'a\ufffd': 'x' } }),
    compiled({ id: 'line', when: { line: { contains: 'b\ufffd' } } }),
    compiled({ id: 'half', when: { 'request.path': { contains: '\ud83d' } } }),
  ]
  const texts = [
    '{"ab":"x\xffy"}',
    '{"a\xff":"x"}',
    '{"a":"b\xff"}',
    '{"request":{"path":"\xf0\x9f\x98\x80"}}',
  ]
  for (const [i, text] of texts.entries()) {
    const { lines } = pipelineOf(rules)
    const alerts = lines(Buffer.from(`${text}\n`, 'latin1'))()
    t.strictSame(
      alerts?.map(({ rule }) => rule),
      [rules[i]!.rule.id],
      text,
    )
  }
})

t.test(
  'rules that change while a chunk is read are in force from the next line on',
  async t => {
    const rule = (id: string) =>
      compiled({ id, when: { 'request.path': { startsWith: 'sys/' } } })
    const line = (id: number) => `{"request":{"id":"${id}","path":"sys/x"}}\n`
    const { useRules, lines: read } = pipelineOf([rule('before')])
    const next = read(Buffer.from(line(1) + line(2) + line(3)))
    t.match(next(), [{ rule: 'before' }])
    useRules([rule('after')])
    t.match(next(), [{ rule: 'after' }])
    t.match(next(), [{ rule: 'after' }])
    t.equal(next(), undefined)
  },
)

t.test('a line that is longer than can be scanned is read', async t => {
  const { lines, counters } = pipelineOf([compiled({ when: { a: 'x' } })])
  const long = `{"pad":"${'p'.repeat(2_000_000)}","a":"x"}\n`
  const next = lines(Buffer.from(`{"a":"y"}\n${long}{"a":"z"}\n`))
  t.equal(next()?.length, 1)
  t.equal(next(), undefined)
  t.equal(counters.get('entries'), 3)
})

t.test('every packaged rule that is on gives something to look for', async t => {
  for (const compiledRule of packaged) {
    const { rule, literals } = compiledRule
    if (rule.enabled === false) continue
    t.ok(literals.length > 0 || isCounting(compiledRule), rule.id)
  }
})
