import t from 'tap'
import { troublesOf } from '../src/reading-check.js'

const calm = { entries: 600, undecodable: 5, late: 300, ahead: 0 }

t.test('a minute as any other says nothing', async t => {
  t.strictSame(troublesOf(calm), [])
  t.strictSame(troublesOf({ entries: 9, undecodable: 0, late: 9, ahead: 0 }), [])
})

t.test(
  'lines that no rule sees are told, and entries that rules over time do not count',
  async t => {
    t.match(troublesOf({ ...calm, undecodable: 6 }), [
      { kind: 'handler-lines-undecodable', title: /^6 lines within a minute/ },
    ])
    t.match(troublesOf({ ...calm, ahead: 1 }), [
      {
        kind: 'handler-entries-untimely',
        title:
          /301 of the 600 entries of a minute: 300 came too late, 1 are too far ahead/,
      },
    ])
  },
)
