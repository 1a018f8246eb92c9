// What an HTTP answer means for an attempt, as far as all channels agree on it.

import type { HttpAnswer, HttpResult } from './http.js'
import type { Attempt } from './notifier.js'

/** What a channel makes of an answer. */
export interface Verdicts {
  /** Whether it means that the message was taken. */
  readonly isDelivered: (answer: HttpAnswer) => boolean
  /** Statuses on which the destination is gone or closed, whatever the message. */
  readonly suspending: ReadonlySet<number>
  /** Whether it means passing trouble, whatever its status says. */
  readonly retrying?: (answer: HttpAnswer) => boolean
  /** The channel's own word for what happened, safe to show; "" where it gave none. */
  readonly word: (answer: HttpAnswer) => string
}

const maxQuoteChars = 100

/**
 * What an attempt came to. Besides what `verdicts` says: no answer, 408, 429, 5xx and a 2xx that
 * delivers nothing are to be tried again, a redirect suspends, everything else refuses. `url` gives
 * the host for the reason; `now` is epoch milliseconds, for a Retry-After that is a date.
 */
export function judge(
  result: HttpResult,
  url: string,
  now: number,
  { isDelivered, suspending, retrying = () => false, word }: Verdicts,
): Attempt {
  if ('error' in result) {
    return { outcome: 'retry', reason: `${hostname(url)}: ${result.error}` }
  }
  const { status, isCut } = result
  const cut = isCut ? ', cut off' : ''
  if (isDelivered(result)) {
    return {
      outcome: 'delivered',
      reason: `answered ${status} ${word(result)}`.trimEnd() + cut,
    }
  }
  if (status >= 300 && status < 400) {
    return { outcome: 'suspended', reason: `answered ${status}, a redirect` }
  }
  const said = status < 300 ? quote(result.body, url) || 'and no text' : word(result)
  const reason = `answered ${status} ${said}`.trimEnd() + cut
  if (!retrying(result)) {
    if (suspending.has(status)) return { outcome: 'suspended', reason }
    if (status !== 429 && status !== 408 && status < 500 && status >= 300) {
      return { outcome: 'refused', reason }
    }
  }
  const retryAfterMs = retryAfter(result, now)
  return { outcome: 'retry', reason, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

/**
 * Whether the body may be the page of a proxy in place of the channel's own answer: it is one, or
 * was cut off before its first character.
 */
export function mayBePage({ body, isCut = false }: HttpAnswer): boolean {
  const text = body.trimStart()
  return text.startsWith('<') || (isCut && text === '')
}

/** A member of a body that is a JSON object; undefined where it is none. */
export function jsonMember(body: string, name: string): unknown {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null
      ? Object.getOwnPropertyDescriptor(parsed, name)?.value
      : undefined
  } catch {
    return undefined
  }
}

/**
 * The start of a body, on one line, without anything of the URL beyond its host, and without what
 * looks like a secret or a path.
 */
export function quote(body: string, url: string): string {
  const safe = secretsOf(url)
    .reduce((text, secret) => text.replaceAll(secret, '…'), body)
    .replaceAll(/\S*[/\\%]\S*|[\w-]{20,}/g, '…')
    .replaceAll(/[^!-~…]+/g, ' ')
    .trim()
  return safe.length > maxQuoteChars ? `${safe.slice(0, maxQuoteChars)}…` : safe
}

/** The longest first, lest a part of one be replaced and leave the rest. */
function secretsOf(url: string): string[] {
  if (!URL.canParse(url)) return url === '' ? [] : [url]
  const { pathname, searchParams, username, password } = new URL(url)
  return [...pathname.split('/'), ...searchParams.values(), username, password]
    .filter(secret => secret.length > 3)
    .toSorted((a, b) => b.length - a.length)
}

/** A word in lower case with underscores, as an API's error code is; "" for any other text. */
export function errorWord(text: unknown): string {
  const word = typeof text === 'string' ? text.trim() : ''
  return /^[a-z][a-z0-9_]{0,63}$/.test(word) ? word : ''
}

/** 30,000 years: what is longer may lead to no date. */
const maxWaitMs = 1e15

/**
 * In milliseconds: the header's seconds or date (RFC 9110 10.2.3), else the body's `retry_after`.
 * However long it is, as long as it leads to a date.
 */
function retryAfter({ headers, body }: HttpAnswer, now: number): number | undefined {
  const header = String(headers['retry-after'] ?? '').trim()
  const date = header.endsWith('GMT') ? Date.parse(header) : NaN
  const ms = Number.isNaN(date)
    ? secondsOf(header, body) * 1_000
    : Math.max(0, date - now)
  return ms <= maxWaitMs ? ms : undefined
}

/** NaN where it is none. */
function secondsOf(header: string, body: string): number {
  if (/^\d+$/.test(header)) return Number(header)
  const seconds = jsonMember(body, 'retry_after')
  return typeof seconds === 'number' && seconds >= 0 ? seconds : NaN
}

function hostname(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : 'no valid URL'
}
