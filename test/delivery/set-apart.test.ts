import t from 'tap'
import { createSetApart } from '../../src/delivery/set-apart.js'
import type { Outbox } from '../../src/state/outbox.js'

/** An outbox in which others wait. */
const outbox = {
  waiting: () => ({ critical: 0, others: 3, batches: 0, awaiting: 0 }),
  defer() {},
  putBack() {},
} as unknown as Outbox

t.test('an event that stands elsewhere by now is in no part of a digest', async t => {
  const apart = createSetApart(outbox)
  t.equal(
    apart.failed({ what: 'digest', places: [1, 2, 3, 4, 5] }, true, 0),
    'take apart',
  )
  for (const place of [2, 4, 5]) apart.moved(place)
  t.equal(apart.count(), 2)
  t.strictSame(apart.next(), [1, 3])
  apart.settled([1, 3])
  t.strictSame(apart.next(), [])
})

t.test('nor does it let others go first any more', async t => {
  const apart = createSetApart(outbox)
  for (let i = 0; i < 5; i++) apart.failed({ what: 'event', places: [1] }, false, 0)
  t.equal(apart.count(), 1)
  apart.moved(1)
  t.equal(apart.count(), 0)
})
