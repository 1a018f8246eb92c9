import { deepStrictEqual, strictEqual } from 'node:assert'
import { Readable } from 'node:stream'
import * as fc from 'fast-check'
import t from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import { latenessMs } from '../../src/correlate/correlator.js'
import { streamInput } from '../../src/input.js'
import { readLog } from '../../src/read-log.js'
import { durationMs } from '../../src/rule/duration.js'
import type { Shell } from '../../src/shell.js'
import {
  events,
  facts,
  lineOf,
  pipelineOverTime,
  rulesOverTime,
  start,
  type Event,
} from '../fixtures/over-time.js'

const runs = { numRuns: Number(process.env['LAW_RUNS'] ?? 300) }

/** The rules and keys that alerted. */
function rulesAndKeys(alerts: readonly Alert[]): string[] {
  const found = alerts
    .filter(({ of }) => of === undefined)
    .map(({ rule, key }) => JSON.stringify([rule, key]))
  return [...new Set(found)].sort()
}

const delays = fc.array(fc.integer({ min: 0, max: latenessMs }), {
  minLength: 41,
  maxLength: 41,
})

/** Lines as they arrive, each so many milliseconds after its time. */
function delayed(ordered: readonly Event[], late: readonly number[]) {
  return ordered
    .map((event, i) => ({ line: lineOf(event, i), arrives: event.at + late[i]! }))
    .sort((a, b) => a.arrives - b.arrives)
}

t.test(
  'an order shuffled within the lateness alerts on the same rules and keys',
  async () => {
    fc.assert(
      fc.property(rulesOverTime, events, delays, (rules, ordered, late) => {
        const shuffled = delayed(ordered, late)
        const one = pipelineOverTime(rules)
        const other = pipelineOverTime(rules)
        const expected = ordered.map(lineOf).flatMap(one.line)
        const got = shuffled.flatMap(({ line }) => other.line(line))
        strictEqual(other.counters.get('late'), 0)
        deepStrictEqual(rulesAndKeys(got), rulesAndKeys(expected))
      }),
      runs,
    )
  },
)

t.test('the clock takes no late entry for missing while others come in', async () => {
  fc.assert(
    fc.property(rulesOverTime, events, delays, (rules, ordered, late) => {
      const replayed = ordered.map(lineOf).flatMap(pipelineOverTime(rules).line)
      const live = pipelineOverTime(rules, { startedAt: start + ordered[0]!.at })
      const withinMs = durationMs(rules.find(({ absence }) => absence)!.absence!.within)!
      const found: Alert[] = []
      let before = ordered[0]!.at
      for (const { line, arrives } of delayed(ordered, late)) {
        found.push(...live.idle(Math.min(arrives - before, withinMs - 1)))
        found.push(...live.line(line))
        before = arrives
      }
      deepStrictEqual(rulesAndKeys(found), rulesAndKeys(replayed))
    }),
    runs,
  )
})

t.test('a stop after any line, with what was kept, changes nothing', async () => {
  fc.assert(
    fc.property(rulesOverTime, events, fc.nat(40), (rules, log, stop) => {
      const lines = log.map(lineOf)
      const whole = lines.flatMap(pipelineOverTime(rules).line)
      const before = pipelineOverTime(rules)
      const first = lines.slice(0, stop).flatMap(before.line)
      const after = pipelineOverTime(rules)
      deepStrictEqual(after.restore(JSON.parse(JSON.stringify(before.save()))), [])
      const rest = lines.slice(stop).flatMap(after.line)
      deepStrictEqual(facts([...first, ...rest]), facts(whole))
    }),
    runs,
  )
})

t.test('a live run and a replay find the same, whenever the clock looks', async () => {
  fc.assert(
    fc.property(
      rulesOverTime,
      events,
      fc.integer({ min: 500, max: 90_000 }),
      (rules, log, tickMs) => {
        const lines = log.map(lineOf)
        const replayed = lines.flatMap(pipelineOverTime(rules).line)
        const live = pipelineOverTime(rules, { startedAt: start + log[0]!.at })
        const found: Alert[] = []
        for (const [i, line] of lines.entries()) {
          const idleMs = i === 0 ? 0 : log[i]!.at - log[i - 1]!.at
          for (let ms = tickMs; ms < idleMs; ms += tickMs) found.push(...live.idle(ms))
          found.push(...live.line(line))
        }
        deepStrictEqual(facts(found), facts(replayed))
      },
    ),
    runs,
  )
})

t.test('the same lines in any chunks find the same', async t => {
  await fc.assert(
    fc.asyncProperty(
      rulesOverTime,
      events,
      fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1 }),
      async (rules, log, sizes) => {
        const lines = log.map(lineOf)
        const whole = lines.flatMap(pipelineOverTime(rules).line)
        const bytes = Buffer.from(lines.map(line => `${line}\n`).join(''))
        const chunks: Buffer[] = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length]!
          chunks.push(bytes.subarray(at, at + size))
          at += size
        }
        const pipeline = pipelineOverTime(rules)
        const found: Alert[] = []
        const say = (message: string) => t.fail(message)
        await readLog(
          pipeline,
          { emit: alerts => void found.push(...alerts), say: ({ title }) => say(title) },
          { maxLineBytes: 1e6, literals: [] },
          {
            stdin: streamInput(Readable.from(chunks, { objectMode: false })),
            counters: pipeline.counters,
            diagnostics: { error: say, warn: say, info: say, debug: say },
            signals: { stop: new AbortController() },
          } as unknown as Shell,
        )
        deepStrictEqual(facts(found), facts(whole))
      },
    ),
    { numRuns: 50 },
  )
})
