import { httpUrl } from '../config/ini-value.js'
import type { Destination } from './destination.js'
import { createHttp, type HttpAnswer } from './http.js'
import { jsonMember, judge, mayBePage, quote } from './http-answer.js'
import { httpKeys, httpSettings } from './http-keys.js'
import { webexChunks, webexText } from './webex-message.js'

/**
 * A Webex incoming webhook, one message a second
 * (https://apphub.webex.com/applications/incoming-webhooks-cisco-systems-38054-23307). It is sent
 * plain text, never Markdown, in which `<@all>` in a log line would call everyone.
 */
export const webex: Destination = {
  keys: { url: { parse: httpUrl, isRequired: true, isSecret: true }, ...httpKeys },
  channel: {
    intervalMs: 1_000,
    digestOver: 5,
    split: webexChunks,
  },
  create(name, settings, { env, now }) {
    const url = settings['url']!
    const http = createHttp(httpSettings(settings), env)
    // https://developer.webex.com/docs/basics describes the statuses and the body of an error.
    const verdicts = {
      isDelivered,
      suspending: new Set([401, 403, 404, 410]),
      word: ({ body }: HttpAnswer) => quote(messageOf(body), url),
    }
    return {
      name,
      ...webex.channel,
      async send(message, signal) {
        const body = JSON.stringify({ text: webexText(message) })
        return judge(await http.request({ url, body }, signal), url, now(), verdicts)
      },
      close: () => http.close(),
    }
  },
}

/** 204, or 200 unless it is the page of a proxy. */
function isDelivered(answer: HttpAnswer): boolean {
  return answer.status === 204 || (answer.status === 200 && !mayBePage(answer))
}

/** What Webex says in an error; it is for people. */
function messageOf(body: string): string {
  const message = jsonMember(body, 'message')
  return typeof message === 'string' ? message : ''
}
