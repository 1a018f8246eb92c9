import type { Evidence } from './evidence.js'

/** One a second, with the clock's own grain. */
const intervalMs = 1_000
const toleranceMs = 50
/** How long an answer may be on its way into the state folder. */
const unreadMs = 200
const maxListed = 5

/** Every expected alert is recorded once, and nothing else is. */
export function faultsOfRecords({ expected, records }: Evidence): string[] {
  const counts = new Map<string, number>()
  for (const { key } of records) counts.set(key, (counts.get(key) ?? 0) + 1)
  const keys = [...expected.keys()]
  return [
    ...listed(
      'not recorded',
      keys.filter(key => !counts.has(key)),
    ),
    ...listed(
      'recorded more than once',
      keys.filter(key => counts.get(key)! > 1),
    ),
    ...listed(
      'recorded, but not expected',
      [...counts.keys()].filter(key => !expected.has(key)),
    ),
  ]
}

/** Every expected alert was delivered; a message again only where there was a kill. */
export function faultsOfDeliveries(evidence: Evidence): string[] {
  const { records, deliveries, mishaps } = evidence
  const delivered = new Set(deliveries.flatMap(({ ids }) => ids))
  const kills = mishaps.filter(({ what }) => what === 'kill').length
  const repeats = repeatedMessages(evidence)
  return [
    ...listed(
      'recorded, but not delivered',
      records.filter(({ id }) => !delivered.has(id)).map(({ key }) => key),
    ),
    ...(repeats > kills ? [`${repeats} messages repeated after ${kills} kills`] : []),
    ...deliveries.flatMap(({ faults }) => faults),
  ]
}

/** How many messages held an alert that a later message held again. */
export function repeatedMessages({ deliveries }: Evidence): number {
  const last = new Map<string, number>()
  for (const [i, { ids }] of deliveries.entries()) for (const id of ids) last.set(id, i)
  return deliveries.filter(({ ids }, i) => ids.some(id => last.get(id)! > i)).length
}

/** No request came sooner after the one before it than the channel bears, however that ended. */
export function faultsOfPace(evidence: Evidence): string[] {
  return listed(
    'messages too soon after the one before',
    gapsOf(evidence)
      .filter(gap => gap < intervalMs - toleranceMs)
      .map(gap => `${gap} ms`),
  )
}

/** The times between two requests, in milliseconds. */
export function gapsOf({ requests }: Evidence): number[] {
  return requests.slice(1).map(({ time }, i) => time - requests[i]!.time)
}

/** Where Slack asked for a pause it had it, unless its answer went down with who should read it. */
export function faultsOfPauses({ requests, mishaps }: Evidence): string[] {
  const kills = mishaps.filter(({ what }) => what === 'kill')
  const tooSoon = mishaps.flatMap(({ retryAfterMs = 0, to }) => {
    const isUnread = kills.some(({ from }) => from >= to && from < to + unreadMs)
    if (retryAfterMs === 0 || isUnread) return []
    const end = to + retryAfterMs - toleranceMs
    return requests
      .filter(({ time }) => time > to + toleranceMs && time < end)
      .map(({ time }) => `after ${time - to} of ${retryAfterMs} ms`)
  })
  return listed('messages before the end of Retry-After', tooSoon)
}

function listed(what: string, items: readonly string[]): string[] {
  if (items.length === 0) return []
  const more = items.length > maxListed ? ', …' : ''
  return [`${items.length} ${what}: ${items.slice(0, maxListed).join(', ')}${more}`]
}
