import * as fc from 'fast-check'
import t from 'tap'
import { epochOf, knownEpoch } from '../../src/entry/rfc3339.js'
import { utcTime } from '../../src/entry/log-time.js'

const time = fc
  .tuple(
    fc.constantFrom('2026-03-02', '2026-02-30', '2024-02-29', '0099-01-01'),
    fc.constantFrom('T10:15:30', 'T10:15:31', 'T24:00:00', 'T23:59:60', 't10:15:30', ''),
    fc.constantFrom(
      '',
      '.',
      '.5',
      '.000',
      '.412',
      '.4129',
      '.412345678',
      '.4123456789',
      '.x',
    ),
    fc.constantFrom('Z', 'z', '', '+00:00', '-05:00', 'ZZ'),
  )
  .map(parts => parts.join(''))

t.test('a time is the same whatever was asked for before', async t => {
  const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/
  fc.assert(
    fc.property(fc.array(time, { maxLength: 6 }), times => {
      for (const text of times) {
        t.ok(Object.is(epochOf(text), rfc3339.test(text) ? Date.parse(text) : NaN), text)
      }
    }),
    { numRuns: 500 },
  )
  epochOf('2026-03-02T24:00:00Z')
  t.ok(Number.isNaN(epochOf('2026-03-02T24:00:00.5Z')))
})

t.test('a date that no calendar has is never a known one', async t => {
  for (const known of ['2026-02-30T10:15:30Z', '2026-03-02T24:00:00Z']) {
    epochOf(known)
    t.equal(knownEpoch(known), undefined)
    t.not(
      utcTime(`${known.slice(0, 19)}.000Z`, { reference: NaN }),
      `${known.slice(0, 19)}.000Z`,
    )
  }
  epochOf('2026-03-02T10:15:30Z')
  t.equal(knownEpoch('2026-03-02T10:15:30.412Z'), Date.parse('2026-03-02T10:15:30.412Z'))
})
