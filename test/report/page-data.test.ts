import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import t from 'tap'
import { createPageData } from '../../src/report/page-data.js'
import { mostSevere } from '../../src/report/most-severe.js'
import { createTally, sum } from '../../src/report/tally.js'
import { createTimeline } from '../../src/report/timeline.js'
import { bySeverity, severities, type Severity } from '../../src/rule/severity.js'
import { oneLine } from '../../src/text/one-line.js'
import { sampleAlert } from '../fixtures/alerts.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes in use. */
function heap(): number {
  collect()
  return process.memoryUsage().heapUsed
}

const anySeverity = fc.constantFrom(...severities)

t.test('over time: at most 60 bars, each alert in the bar of its time', async t => {
  const anyTime = fc.oneof(
    fc.integer({ min: 1_700_000_000_000, max: 1_700_100_000_000 }),
    fc.integer({ min: 0, max: 253_402_300_799_999 }),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(anyTime, anySeverity), { minLength: 1 }), alerts => {
      const { add, timeline } = createTimeline()
      for (const [time, severity] of alerts) add(time, severity)
      const { start, step, bars } = timeline()
      if (bars.length > 60 || start % step !== 0) return false
      return bars.every((counts, i) => {
        const within = alerts.filter(
          ([time]) => time >= start + i * step && time < start + (i + 1) * step,
        )
        return severities.every(
          (severity, rank) =>
            counts[rank] === within.filter(([, other]) => other === severity).length,
        )
      })
    }),
  )
  t.strictSame(createTimeline().timeline().bars, [])
  const hour = createTimeline()
  for (let minute = 0; minute < 60; minute += 1) hour.add(minute * 60_000, 'low')
  t.match(hour.timeline(), { step: 60_000, bars: { length: 60 } })
})

t.test('times of an attacker take bounded room', async t => {
  const { add, timeline } = createTimeline()
  const times = Array.from({ length: 30_000 }, (_, i) => i * 8_400_000_000)
  for (const time of times) add(time, 'low')
  const { start, step, bars } = timeline()
  t.ok(bars.length > 20 && bars.length <= 60, `${bars.length} bars`)
  t.strictSame(
    bars.map(([, , , low]) => low),
    bars.map(
      (_, i) =>
        times.filter(time => time >= start + i * step && time < start + (i + 1) * step)
          .length,
    ),
  )
})

t.test('what a row keeps of a long text is a copy', async t => {
  const before = heap()
  const { add, data } = createPageData('audit')
  for (let i = 0; i < 2_000; i += 1) {
    const id = String(i).padStart(32, '0')
    const path = oneLine(`${id}${'x'.repeat(60_000)}`, 300)
    add({ alert: sampleAlert({ id }), fields: { path } })
  }
  const grown = heap() - before
  t.ok(grown < 20_000_000, `${grown} bytes`)
  t.equal(data().rows.id.length, 2_000)
})

t.test('rows of long texts are fewer', async t => {
  const { add, data } = createPageData('audit')
  for (let i = 0; i < 30_000; i += 1) {
    const title = `${i}`.padStart(2_400, 'x')
    add({
      alert: sampleAlert({
        id: String(i).padStart(32, '0'),
        title,
      }),
      fields: {},
    })
  }
  t.equal(data().rows.id.length, 25_000)
  t.equal(sum(data().total), 30_000)
})

t.test('by name: 15 names, and how many others there are', async t => {
  const { add, tally } = createTally()
  for (let i = 0; i < 20; i += 1) {
    for (let n = 0; n <= i; n += 1) add(`n${i}`, n === 0 ? 'critical' : 'low')
  }
  const { top, others, isCut } = tally()
  t.equal(top.length, 15)
  t.strictSame(top[0], { name: 'n19', counts: [1, 0, 0, 19, 0] })
  t.strictSame(others, { names: 5, counts: [5, 0, 0, 10, 0] })
  t.notOk(isCut)
})

t.test('names of an attacker take bounded room, and are counted', async t => {
  const { add, tally } = createTally()
  for (let i = 0; i < 60_000; i += 1) add(`n${i}`, 'low')
  for (let i = 0; i < 7; i += 1) add('n3', 'high')
  const { top, others, isCut } = tally()
  t.ok(isCut)
  t.strictSame(top[0], { name: 'n3', counts: [0, 7, 0, 1, 0] }, 'known ones go on')
  t.equal(others.names, 50_000 - 15)
  t.equal(sum(others.counts) + top.reduce((a, { counts }) => a + sum(counts), 0), 60_007)
})

t.test('the most severe are kept, and of these the latest', async () => {
  fc.assert(
    fc.property(fc.array(anySeverity), fc.integer({ min: 1, max: 9 }), (all, limit) => {
      const { add, items } = mostSevere<{ severity: Severity; place: number }>(
        limit,
        () => 1,
      )
      const given = all.map((severity, place) => ({ severity, place }))
      const left = given.flatMap(add)
      const kept = items()
      const wanted = given
        .toSorted((a, b) => bySeverity(a, b) || b.place - a.place)
        .slice(0, limit)
        .sort((a, b) => bySeverity(a, b) || a.place - b.place)
      return (
        JSON.stringify(kept) === JSON.stringify(wanted) &&
        kept.length + left.length === all.length
      )
    }),
  )
})

t.test('what is said later of an alert is no alert more', async t => {
  const { add, data } = createPageData('audit')
  const fields = { path: 'sys/x' }
  add({ alert: sampleAlert({ id: 'a'.repeat(32) }), fields })
  add({
    alert: sampleAlert({ id: 'b'.repeat(32), of: 'a'.repeat(32), outcome: 'denied' }),
    fields,
  })
  add({
    alert: sampleAlert({ id: 'c'.repeat(32), of: 'd'.repeat(32), count: 9 }),
    fields,
  })
  const { total, rows, byPath } = data()
  t.strictSame(total, [1, 0, 0, 0, 0])
  t.strictSame(rows.id, ['a'.repeat(32)])
  t.strictSame(rows.columns.outcome, { texts: ['denied'], at: [0] })
  t.strictSame(byPath.top, [{ name: 'sys/x', counts: [1, 0, 0, 0, 0] }])
})

t.test('a table of 100,000 rows at most, the charts of all', async t => {
  const { add, data } = createPageData('audit')
  const text = JSON.stringify({ filler: 'x'.repeat(3_000) })
  for (let i = 0; i < 100_010; i += 1) {
    const severity = i % 100 === 0 ? 'critical' : 'low'
    const time = new Date(1_795_000_000_000 + i).toISOString()
    add({
      alert: sampleAlert({
        id: String(i).padStart(32, '0'),
        severity,
        time,
        entryJson: text,
      }),
      fields: {},
    })
  }
  const { rows, total, entries, first, last } = data()
  t.equal(sum(total), 100_010)
  t.strictSame([first, last], [1_795_000_000_000, 1_795_000_100_009])
  t.equal(rows.times.length, 100_000)
  t.equal(rows.severity.filter(rank => rank === 0).length, 1_001, 'all critical ones')
  t.equal(rows.id[1], `${'0'.repeat(30)}11`, 'the first low ones are left out')
  const shown = Object.keys(entries)
  t.equal(shown.length, Math.floor(8_000_000 / text.length))
  const low = shown.filter(row => rows.severity[Number(row)] !== 0)
  t.ok(
    low.every(row => Number(row) > 98_000),
    'and of the low ones the latest',
  )
  t.ok(
    rows.severity.every((rank, i) => rank > 0 || i in entries),
    'the entries of all critical ones',
  )
})
