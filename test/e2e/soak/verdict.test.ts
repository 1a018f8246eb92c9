import t from 'tap'
import type { Evidence } from './evidence.js'
import type { Mishap } from './mishap.js'
import {
  faultsOfDeliveries,
  faultsOfPace,
  faultsOfPauses,
  faultsOfRecords,
  repeatedMessages,
} from './verdict.js'

const message = (time: number, ...ids: string[]) => ({
  time,
  ids,
  isDigest: ids.length > 1,
  faults: [],
})
const request = (time: number) => ({ time, status: 200, headers: {}, bytes: 2, body: {} })
const mishap = (what: Mishap['what'], from: number, parts: Partial<Mishap> = {}) => ({
  what,
  detail: '',
  from,
  to: from,
  ...parts,
})

/** Three alerts, recorded once and delivered in two messages; what is given takes their place. */
function evidence(parts: Partial<Evidence> = {}): Evidence {
  const ids = ['a', 'b', 'c']
  return {
    expected: new Map(ids.map(id => [`rule ${id}`, 0])),
    records: ids.map(id => ({ key: `rule ${id}`, id, raised: 0 })),
    own: [],
    deliveries: [message(1_000, 'a'), message(2_000, 'b', 'c')],
    requests: [request(1_000), request(2_000)],
    mishaps: [],
    ...parts,
  }
}

const verdict = (parts?: Partial<Evidence>) =>
  [faultsOfRecords, faultsOfDeliveries, faultsOfPace, faultsOfPauses].flatMap(faultsOf =>
    faultsOf(evidence(parts)),
  )

t.test('a run without a fault has none', async t => {
  t.strictSame(verdict(), [])
})

t.test('a record that is missing, doubled or unexpected is a fault', async t => {
  const [a, b, c] = evidence().records as [Evidence['records'][number], never, never]
  const other = { key: 'rule other', id: 'a', raised: 0 }
  t.strictSame(verdict({ records: [a, b] }), ['1 not recorded: rule c'])
  t.strictSame(verdict({ records: [a, b, c, a] }), ['1 recorded more than once: rule a'])
  t.strictSame(verdict({ records: [a, b, c, other] }), [
    '1 recorded, but not expected: rule other',
  ])
})

t.test('a record that was not delivered is a fault', async t => {
  t.strictSame(verdict({ deliveries: [message(1_000, 'a'), message(2_000, 'b')] }), [
    '1 recorded, but not delivered: rule c',
  ])
})

t.test('messages repeat no more often than there were kills', async t => {
  // The first digest went again as two messages, which is one repeat, and `a` once more.
  const deliveries = [
    message(1_000, 'a'),
    message(2_000, 'b', 'c'),
    message(3_000, 'b'),
    message(4_000, 'c', 'a'),
  ]
  t.equal(repeatedMessages(evidence({ deliveries })), 2)
  const kill = mishap('kill', 2_000)
  t.strictSame(verdict({ deliveries, mishaps: [kill] }), [
    '2 messages repeated after 1 kills',
  ])
  t.strictSame(verdict({ deliveries, mishaps: [kill, kill] }), [])
})

t.test('what is wrong with a message itself is told', async t => {
  const deliveries = evidence().deliveries.map(each => ({ ...each, faults: ['broken'] }))
  t.strictSame(verdict({ deliveries }), ['broken', 'broken'])
})

t.test('a request sooner than a second after the one before it is a fault', async t => {
  t.strictSame(verdict({ requests: [request(1_000), request(1_940)] }), [
    '1 messages too soon after the one before: 940 ms',
  ])
})

t.test('a request before the end of a Retry-After is a fault', async t => {
  const requests = [request(1_000), request(3_900)]
  const limit = mishap('Slack fails', 900, { to: 1_000, retryAfterMs: 3_000 })
  t.strictSame(verdict({ requests, mishaps: [limit] }), [
    '1 messages before the end of Retry-After: after 2900 of 3000 ms',
  ])
  const killed = [limit, mishap('kill', 1_050)]
  t.strictSame(verdict({ requests, mishaps: killed }), [], 'nobody has read the answer')
  const later = [limit, mishap('kill', 2_000)]
  t.equal(verdict({ requests, mishaps: later }).length, 1, 'it was kept by then')
})
