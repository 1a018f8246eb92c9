import { setTimeout as delay } from 'node:timers/promises'
import { httpUrl, type IniValue } from '../config/ini-value.js'
import type { Destination } from './destination.js'
import { createHttp, type HttpAnswer } from './http.js'
import { httpKeys, httpSettings } from './http-keys.js'
import { errorWord, jsonMember, judge, type Verdicts } from './http-answer.js'
import { slackChunks, slackMessage, withoutBlocks } from './slack-message.js'

/**
 * A Slack incoming webhook, one message a second (https://api.slack.com/docs/rate-limits). A
 * message whose blocks Slack refuses is sent once more as text.
 */
export const slack: Destination = {
  keys: { url: { parse: webhookUrl, isRequired: true, isSecret: true }, ...httpKeys },
  channel: {
    intervalMs: 1_000,
    digestOver: 5,
    split: slackChunks,
  },
  create(name, settings, { env, now }) {
    const url = settings['url']!
    const http = createHttp(httpSettings(settings), env)
    const post = (payload: unknown, signal: AbortSignal) =>
      http.request({ url, body: JSON.stringify(payload) }, signal)
    return {
      name,
      ...slack.channel,
      async send(message, signal) {
        const rendered = slackMessage(message)
        const answer = await post(rendered, signal)
        const first = judge(answer, url, now(), verdicts)
        if (!('status' in answer) || answer.status !== 400) return first
        // The second one too keeps to the pace. An abort is answered by the request itself.
        await delay(slack.channel.intervalMs, undefined, { signal }).catch(() => {})
        const second = await post(withoutBlocks(rendered), signal)
        const verdict = judge(second, url, now(), verdicts)
        return { ...verdict, reason: `${first.reason}; as plain text: ${verdict.reason}` }
      },
      close: () => http.close(),
    }
  },
}

/** https://api.slack.com/messaging/webhooks#handling_errors */
const verdicts: Verdicts = {
  isDelivered: ({ status, body }) => status === 200 && body.trim() === 'ok',
  suspending: new Set([401, 403, 404, 410]),
  word,
}

/** Slack's own word for it; any other body may be a proxy's page that holds the URL. */
function word({ body }: HttpAnswer): string {
  return errorWord(body) || errorWord(jsonMember(body, 'error'))
}

/** Workflow triggers take other bodies than incoming webhooks and would drop every alert. */
function webhookUrl(value: string): IniValue {
  const parsed = httpUrl(value)
  return typeof parsed === 'object' && new URL(value).pathname.startsWith('/triggers/')
    ? 'is a workflow trigger; create an incoming webhook (…/services/…) instead'
    : parsed
}
