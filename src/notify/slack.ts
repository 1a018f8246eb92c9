import type { Attempt, Notifier } from './notifier.js'
import { createHttpPost, type HttpAnswer, type HttpSettings } from './http-post.js'
import { slackChunks, slackMessage, withoutBlocks } from './slack-message.js'

/** A `[slack]` section of the ini. */
export interface SlackSettings extends HttpSettings {
  /** The name of the section. */
  readonly name: string
  /** The incoming webhook's URL: it is the password, and appears in no reason. */
  readonly url: string
}

type Answered = Extract<HttpAnswer, { status: number }>

/** Statuses on which the hook or its channel is gone or closed, whatever the message. */
const suspending = new Set([401, 403, 404, 410])
const maxQuoteChars = 100

/**
 * Sends to a Slack incoming webhook; the connection is opened at the first message. A message
 * whose blocks Slack refuses is sent once more as text. `env` names the proxies and further CA
 * certificates; `now` is epoch milliseconds.
 */
export function createSlackNotifier(
  settings: SlackSettings,
  env: NodeJS.ProcessEnv,
  { now = Date.now, http = createHttpPost(settings, env) } = {},
): Notifier {
  const { name, url } = settings
  return {
    name,
    split: slackChunks,
    async send(alerts, signal) {
      const message = slackMessage(alerts)
      const answer = await http.post(url, message, signal)
      const first = judge(answer, url, now())
      if (!('status' in answer) || answer.status !== 400) return first
      const text = withoutBlocks(message)
      const second = judge(await http.post(url, text, signal), url, now())
      return { ...second, reason: `${first.reason}; as plain text: ${second.reason}` }
    },
    close: () => http.close(),
  }
}

/** https://api.slack.com/messaging/webhooks#handling_errors */
function judge(answer: HttpAnswer, url: string, now: number): Attempt {
  if ('error' in answer) {
    return { outcome: 'retry', reason: `${hostname(url)}: ${answer.error}` }
  }
  const { status } = answer
  const reason = describe(answer, url)
  if (status === 200 && answer.body.trim() === 'ok')
    return { outcome: 'delivered', reason }
  if (status === 429 || status === 408 || status >= 500 || status < 300) {
    const retryAfterMs = retryAfter(answer, now)
    return {
      outcome: 'retry',
      reason,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    }
  }
  if (status < 400 || suspending.has(status)) return { outcome: 'suspended', reason }
  return { outcome: 'refused', reason }
}

function describe({ status, body }: Answered, url: string): string {
  if (status === 200) return `answered 200 ${quote(body, url) || 'and no text'}`
  if (status >= 300 && status < 400) return `answered ${status}, a redirect`
  return `answered ${status} ${errorWord(body)}`.trimEnd()
}

/** Slack's own word for what is wrong; any other body may be a proxy's page that holds the URL. */
function errorWord(body: string): string {
  const word = body.trim()
  const error = /^[a-z]/.test(word) ? word : jsonMember(body, 'error')
  return typeof error === 'string' && /^[a-z][a-z0-9_]{0,63}$/.test(error) ? error : ''
}

/** The start of a body, on one line, without anything of the URL beyond its host. */
function quote(body: string, url: string): string {
  const secrets = URL.canParse(url) ? new URL(url).pathname.split('/') : [url]
  const safe = secrets
    .filter(part => part.length > 3)
    .reduce((text, part) => text.replaceAll(part, '…'), body)
    .replaceAll(/\S*[/\\%]\S*|[\w-]{20,}/g, '…')
    .replaceAll(/[^!-~…]+/g, ' ')
    .trim()
  return safe.length > maxQuoteChars ? `${safe.slice(0, maxQuoteChars)}…` : safe
}

/** In milliseconds: the header's seconds or date, else the body's seconds. */
function retryAfter({ headers, body }: Answered, now: number): number | undefined {
  const header = String(headers['retry-after'] ?? '').trim()
  if (/^\d+$/.test(header)) return Number(header) * 1_000
  const date = header.endsWith('GMT') ? Date.parse(header) : NaN
  if (!Number.isNaN(date)) return Math.max(0, date - now)
  const seconds = jsonMember(body, 'retry_after')
  return typeof seconds === 'number' && seconds >= 0 ? seconds * 1_000 : undefined
}

function jsonMember(body: string, name: string): unknown {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null
      ? Object.getOwnPropertyDescriptor(parsed, name)?.value
      : undefined
  } catch {
    return undefined
  }
}

function hostname(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : 'no valid URL'
}
