import type { Evidence } from './evidence.js'
import { gapsOf, repeatedMessages } from './verdict.js'

/** What a run came to, in numbers. */
export type Figures = Readonly<Record<string, number | string>>

/** What the evidence doesn't tell. */
interface Others {
  readonly lines: number
  /** When the logs were replayed at last, epoch milliseconds. */
  readonly replayedAt: number
  readonly linesDropped: number
  readonly peakMemoryMb: number
}

/** The figures of a run. */
export function figuresOf(evidence: Evidence, others: Others): Figures {
  const { expected, mishaps, deliveries, requests } = evidence
  const count = (kind: string) => mishaps.filter(({ what }) => what === kind).length
  const answered = (status: unknown) =>
    requests.filter(request => request.status === status).length
  const digests = deliveries.filter(({ isDigest }) => isDigest)
  const all = latencies(evidence, others.replayedAt)
  const calm = all.filter(({ isCalm }) => isCalm)
  return {
    'lines written': others.lines,
    'alerts expected': expected.size,
    'kills -9': count('kill'),
    'kills -15': count('SIGTERM'),
    reloads: count('reload'),
    rotations: count('rotation'),
    'replays of an archive meanwhile': count('replay'),
    'requests at Slack': requests.length,
    'answered 429': answered(429),
    'answered 500': answered(500),
    'hung up': answered('close'),
    'left hanging': answered('hang'),
    'times gone': mishaps.filter(({ detail }) => detail === 'gone').length,
    'messages delivered': deliveries.length,
    'of these digests': digests.length,
    'alerts in the largest digest': Math.max(0, ...digests.map(({ ids }) => ids.length)),
    'messages repeated': repeatedMessages(evidence),
    'shortest time between two requests, ms': Math.min(...gapsOf(evidence)),
    'lines that syslog-ng dropped before a handler': others.linesDropped,
    'alerts found only by the last replay': evidence.records.filter(
      ({ raised }) => raised >= others.replayedAt,
    ).length,
    'line to delivery, longest, s': longest(all),
    'line to delivery where nothing befell it, longest, s': longest(calm),
    'line to delivery where nothing befell it, alerts': calm.length,
    'peak memory of a handler, MB': others.peakMemoryMb,
  }
}

interface Latency {
  readonly ms: number
  /** Neither kill nor failure of Slack lay between line and delivery. */
  readonly isCalm: boolean
}

/** Of the alerts that a handler raised: the others had to wait for the replay. */
function latencies(
  { expected, records, deliveries, mishaps }: Evidence,
  replayedAt: number,
): Latency[] {
  const first = new Map<string, number>()
  for (const { ids, time } of deliveries) {
    for (const id of ids) if (!first.has(id)) first.set(id, time)
  }
  // Trouble lasts until something is delivered again.
  const troubles = mishaps
    .filter(({ what }) => what === 'kill' || what === 'Slack fails')
    .map(({ from, to }) => ({
      from,
      to: deliveries.find(({ time }) => time > to)?.time ?? Infinity,
    }))
  return records.flatMap(({ key, id, raised }) => {
    const from = expected.get(key)
    const to = first.get(id)
    if (from === undefined || to === undefined || raised >= replayedAt) return []
    const isCalm = !troubles.some(trouble => trouble.from < to && from < trouble.to)
    return [{ ms: to - from, isCalm }]
  })
}

function longest(all: readonly Latency[]): string {
  return (Math.max(0, ...all.map(({ ms }) => ms)) / 1_000).toFixed(1)
}
