import * as fc from 'fast-check'
import t from 'tap'
import { utcTime, zoneOf } from '../../src/entry/log-time.js'

const reference = Date.UTC(2026, 5, 15)

t.test('reads the dates that logs write, normalised to UTC with milliseconds', t => {
  const table: [written: string, expected: string | undefined, zone?: string][] = [
    ['2026-03-02T10:15:30.412Z', '2026-03-02T10:15:30.412Z'],
    ['2026-03-02T10:15:30.412503Z', '2026-03-02T10:15:30.412Z'],
    ['2026-03-02T10:15:30.4Z', '2026-03-02T10:15:30.400Z'],
    ['2026-03-02T10:15:30,412Z', '2026-03-02T10:15:30.412Z'],
    ['2026-03-02T10:15:30-0500', '2026-03-02T15:15:30.000Z'],
    ['2026-03-02T02:15:30.001+05:30', '2026-03-01T20:45:30.001Z'],
    ['2026-03-02T10:15:30+00:00', '2026-03-02T10:15:30.000Z'],
    ['2017/03/16 13:43:20.166090', '2017-03-16T13:43:20.166Z'],
    ['2017/03/16 13:43:20', '2017-03-16T18:43:20.000Z', '-0500'],
    ['2017-03-16T13:43:20Z', '2017-03-16T13:43:20.000Z', '-0500'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['2023-02-29T00:00:00Z', undefined],
    ['2026-13-01T00:00:00Z', undefined],
    ['2026-00-10T00:00:00Z', undefined],
    ['2026-04-31T00:00:00Z', undefined],
    ['2026-03-02T24:00:00Z', undefined],
    ['2026-03-02T10:60:00Z', undefined],
    ['2026-03-02T10:15:61Z', undefined],
    ['2026-03-02T10:15:30+99:00', undefined],
    ['0099-01-01T00:00:00Z', undefined],
    ['9999-12-31T23:59:59-01:00', undefined],
    ['yesterday', undefined],
    ['', undefined],
  ]
  for (const [written, expected, zone] of table) {
    t.equal(utcTime(written, { reference, zone }), expected, `${written} ${zone ?? ''}`)
  }
  t.end()
})

t.test('gives a date without a year the year nearest to the reference', t => {
  const table: [written: string, reference: string, expected: string | undefined][] = [
    ['Jun 13 00:03:04', '2026-06-15', '2026-06-13T00:03:04.000Z'],
    ['May  6 00:07:22', '2026-06-15', '2026-05-06T00:07:22.000Z'],
    ['May 6 00:07:22', '2026-06-15', '2026-05-06T00:07:22.000Z'],
    ['Dec 31 23:59:59', '2026-01-01', '2025-12-31T23:59:59.000Z'],
    ['Jan  1 00:00:01', '2025-12-31', '2026-01-01T00:00:01.000Z'],
    ['Feb 29 12:00:00', '2024-03-01', '2024-02-29T12:00:00.000Z'],
    ['Feb 29 12:00:00', '2026-06-15', '2028-02-29T12:00:00.000Z'],
    ['Feb 29 12:00:00', '2100-01-01', '2096-02-29T12:00:00.000Z'],
    ['Feb 30 12:00:00', '2026-06-15', undefined],
    ['Foo 13 00:03:04', '2026-06-15', undefined],
    ['Jun 13 25:03:04', '2026-06-15', undefined],
    ['Jun 13 00:03:04', 'no date', undefined],
  ]
  for (const [written, near, expected] of table) {
    t.equal(utcTime(written, { reference: Date.parse(near) }), expected, written)
  }
  t.end()
})

t.test('a year-less date is never more than a year away', t => {
  const day = 86_400_000
  const years = { min: Date.UTC(1980, 0), max: Date.UTC(2080, 0), noInteger: false }
  fc.assert(
    fc.property(fc.integer(years), fc.integer({ min: -180, max: 180 }), (near, days) => {
      const at = new Date(Math.floor((near + days * day) / 1000) * 1000)
      const [, dayName = '', month = '', , clock = ''] = at.toUTCString().split(/,? /)
      const written = `${month} ${dayName.replace(/^0/, ' ')} ${clock}`
      return utcTime(written, { reference: near }) === at.toISOString()
    }),
  )
  t.end()
})

t.test('finds the zone of a date', t => {
  t.equal(zoneOf('2026-03-02T10:15:30-0500'), '-0500')
  t.equal(zoneOf('2026-03-02T10:15:30+05:30'), '+05:30')
  t.equal(zoneOf('2026-03-02T10:15:30Z'), 'Z')
  t.equal(zoneOf('Jun 13 00:03:04'), undefined)
  t.end()
})
