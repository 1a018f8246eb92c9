import type { Answer, StandInRequest } from '../../fixtures/http-stand-in.js'
import { startSlackStandIn } from '../../fixtures/slack-stand-in.js'
import { freePorts } from '../free-ports.js'
import { createAlarm, type Alarm } from './alarm.js'

/** The stand-in for Slack, which can fail, go away and come back. */
export interface FailingSlack {
  readonly url: string
  /** All requests so far, in order. */
  requests(): readonly StandInRequest[]
  /** Rings when a message is taken, before its sender learns of it. */
  readonly delivery: Alarm
  /** Answers the next requests like this; resolves when the last of them has come. */
  fail(answers: readonly Answer[]): Promise<void>
  /** Nobody listens until the promise `over` resolves. */
  beGone(over: Promise<unknown>): Promise<void>
  close(): Promise<void>
}

/** Starts it on a port of its own. */
export async function startFailingSlack(): Promise<FailingSlack> {
  const [port = 0] = await freePorts(1)
  const delivery = createAlarm()
  let onRequest = () => {}
  const start = () =>
    startSlackStandIn({
      port,
      beforeAnswer({ status }) {
        onRequest()
        if (status === 200) delivery.ring()
      },
    })
  let slack = await start()
  const before: StandInRequest[] = []
  return {
    url: slack.url,
    requests: () => [...before, ...slack.requests],
    delivery,
    fail: answers =>
      new Promise(resolve => {
        const count = slack.requests.length + answers.length
        slack.answer(...answers)
        onRequest = () => {
          if (slack.requests.length === count) resolve()
        }
      }),
    async beGone(over) {
      await slack.close()
      before.push(...slack.requests)
      await over
      slack = await start()
    },
    close: () => slack.close(),
  }
}
