import { setTimeout as pause } from 'node:timers/promises'
import type { Answer } from '../../fixtures/http-stand-in.js'
import type { FailingSlack } from './failing-slack.js'
import type { Mishap, Note } from './mishap.js'
import type { Random } from './seeded-random.js'

const ways = ['429', '429', '500', '500', 'close', 'close', 'hang', 'gone'] as const

/**
 * What makes Slack fail in one of its ways; none of the requests that fail is taken. Waits for them
 * until the run is over.
 */
export function slackFailer(
  slack: FailingSlack,
  random: Random,
  longestSeconds: number,
  note: Note,
  over: Promise<unknown>,
): () => Promise<void> {
  const nextWay = random.deck(ways)
  return () => {
    const way = nextWay()
    const times = random.pick([1, 1, 2, 3])
    const seconds = Math.ceil(random.between(1, longestSeconds))
    const fail = (count: number, answer: Answer) => {
      const answered = slack.fail(Array.from({ length: count }, () => answer))
      return Promise.race([answered.then(() => true), over.then(() => false)])
    }
    return note('Slack fails', way, async (): Promise<Partial<Mishap>> => {
      switch (way) {
        case '429': {
          const headers = { 'retry-after': String(seconds) }
          const wasAsked = await fail(1, { status: 429, body: 'rate_limited', headers })
          return wasAsked ? { retryAfterMs: seconds * 1_000 } : {}
        }
        case '500':
          await fail(times, { status: 500, body: 'server_error' })
          return {}
        case 'close':
          await fail(times, 'close')
          return {}
        case 'hang':
          await fail(1, 'hang')
          return {}
        case 'gone':
          await slack.beGone(pause(seconds * 1_000))
          return {}
      }
    })
  }
}
