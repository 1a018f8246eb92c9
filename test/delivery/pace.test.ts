import * as fc from 'fast-check'
import t from 'tap'
import {
  attempted,
  delivered,
  ended,
  freshPace,
  nextMessage,
  takenOver,
  type Limits,
  type Waiting,
} from '../../src/delivery/pace.js'

const limits = { intervalMs: 1_000, digestOver: 5 }
const start = 1_764_000_000_000
const stepMs = 250

type Sent = { at: number; what: string; critical: boolean; events: number }

/**
 * Sends what arrives, at each step so many critical and other events; `fails` says when not, and each
 * attempt takes `answerMs`, a multiple of a step.
 */
function run(
  arrivals: readonly [number, number][],
  fails: (n: number) => boolean,
  { intervalMs, digestOver, answerMs = 0 }: Limits & { answerMs?: number } = limits,
): Sent[] {
  const waiting = { critical: 0, others: 0, batches: 0 }
  let pace = freshPace
  const sent: Sent[] = []
  const attempts: number[] = []
  for (let step = 0; step < arrivals.length + 2_000; step++) {
    const [critical, others] = arrivals[step] ?? [0, 0]
    waiting.critical += critical
    waiting.others += others
    const at = start + step * stepMs
    const { what } = nextMessage(waiting, pace, { intervalMs, digestOver }, at)
    if (what === 'nothing' || what === 'batch') continue
    const last = attempts.at(-1) ?? -Infinity
    if (at - last < intervalMs + answerMs) throw new Error(`too fast: ${at - last} ms`)
    attempts.push(at)
    pace = ended(attempted(pace, at), at + answerMs)
    if (fails(attempts.length)) continue
    const isCritical = what === 'event' && waiting.critical > 0
    const events = what === 'event' ? 1 : waiting.critical + waiting.others
    if (what === 'digest') Object.assign(waiting, { critical: 0, others: 0 })
    else if (isCritical) waiting.critical -= 1
    else waiting.others -= 1
    pace = delivered(pace, what, isCritical, at)
    sent.push({ at, what, critical: isCritical, events })
  }
  if (waiting.critical + waiting.others > 0) throw new Error('something is unsent')
  return sent
}

const anyArrivals = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.constant([0, 0] as [number, number]) },
    fc.tuple(fc.nat(30), fc.nat(100)),
  ),
  { maxLength: 400 },
)

t.test(
  'every event is sent once, never faster than the limit, whatever arrives',
  async t => {
    const law = fc.property(anyArrivals, fc.func(fc.boolean()), (arrivals, fails) => {
      const sent = run(arrivals, n => n % 3 === 0 && fails(n))
      const total = arrivals.reduce(
        (sum, [critical, others]) => sum + critical + others,
        0,
      )
      return sent.reduce((sum, { events }) => sum + events, 0) === total
    })
    t.doesNotThrow(() => fc.assert(law, { numRuns: 200 }))
  },
)

t.test('of critical events at most ten a minute go singly while others wait', async t => {
  const law = fc.property(anyArrivals, arrivals => {
    const singles = run(arrivals, () => false).filter(({ critical }) => critical)
    return singles.every(({ at }, i) => i < 11 || at - singles[i - 11]!.at >= 10_000)
  })
  t.doesNotThrow(() => fc.assert(law, { numRuns: 200 }))
})

for (const [name, slow] of Object.entries({
  'that takes a message each ten seconds': { intervalMs: 10_000, digestOver: 3 },
  'that takes its time': { ...limits, answerMs: 6_500 },
})) {
  t.test(`critical events leave others their turn at a destination ${name}`, async t => {
    const burst = run([[40, 40]], () => false, slow)
    t.ok(burst.length <= 5, `${burst.length} messages`)
    t.match(burst.at(-1), { what: 'digest' })
    t.ok(burst.at(-1)!.at - start <= 30_000)

    const steady = Array.from({ length: 4 * 600 }, (_, i): [number, number] =>
      i % 20 === 0 ? [1, 1] : [0, 0],
    )
    const digests = run(steady, () => false, slow).filter(({ what }) => what === 'digest')
    const gaps = digests.map(({ at }, i) => at - (digests[i - 1]?.at ?? start))
    t.ok(Math.max(...gaps) <= 90_000, `${Math.max(...gaps)} ms without a digest`)
  })
}

t.test('a flood of an hour is at most a digest a minute, after the first', async t => {
  const flood = Array.from({ length: 4 * 3_600 }, () => [0, 10] as [number, number])
  const sent = run(flood, () => false)
  t.ok(sent.length < 70, `${sent.length} messages`)
  t.equal(sent[0]?.what, 'digest')
})

t.test('a few events go one by one, and nothing is held back for long', async t => {
  const sent = run([[0, 3]], () => false)
  t.strictSame(
    sent.map(({ at, what }) => [at - start, what]),
    [
      [0, 'event'],
      [1_000, 'event'],
      [2_000, 'event'],
    ],
  )
})

t.test('a batch goes when nothing else is due', async t => {
  const of = (waiting: Waiting) => nextMessage(waiting, freshPace, limits, start).what
  t.equal(of({ critical: 0, others: 0, batches: 1 }), 'batch')
  t.equal(of({ critical: 0, others: 1, batches: 1 }), 'event')
  const gathering = { ...freshPace, gatherUntil: start + 1 }
  const { what } = nextMessage(
    { critical: 0, others: 9, batches: 1 },
    gathering,
    limits,
    start,
  )
  t.equal(what, 'batch')
})

t.test('a clock that was set back does not stop it', async t => {
  const ahead = { ...freshPace, lastAttempt: start + 3_600_000 }
  const pace = takenOver(ahead, start)
  const next = nextMessage({ critical: 1, others: 0, batches: 0 }, pace, limits, start)
  t.strictSame(next, { what: 'nothing', at: start + 1_000 })
})
