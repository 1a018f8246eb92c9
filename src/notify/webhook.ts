import { createHmac } from 'node:crypto'
import { anyText, httpUrl, type IniValue } from '../config/ini-value.js'
import type { Destination, Settings } from './destination.js'
import { envelope, labels, oneByOne } from './envelope.js'
import { errorWord, jsonMember, judge, quote, type Verdicts } from './http-answer.js'
import { httpKeys, httpSettings } from './http-keys.js'
import { createHttp, type HttpAnswer } from './http.js'

/**
 * Any HTTP server: a POST of JSON (see `envelope`) for each alert, which any 2xx delivers. What is
 * sent again has the same `Idempotency-Key`, the alert's or digest's id.
 *
 * With a `secret` each request has `X-Signature: t=SECONDS,v1=HEX`: when it was sent, in seconds
 * since 1970, and the HMAC-SHA256, keyed with the secret, of that number, a dot and the body. Who
 * receives it computes the same over the body as it came, before parsing it, compares in constant
 * time, and refuses what is over 5 minutes old: each attempt is signed anew, so an old one is a
 * recorded one that somebody plays again. Within these minutes the id in the body, which is signed
 * as the header isn't, tells a repeat.
 */
export const webhook: Destination = {
  keys: {
    url: { parse: plainUrl, isRequired: true },
    secret: { parse: anyText, isSecret: true },
    token: { parse: bearerToken, isSecret: true },
    ...httpKeys,
  },
  channel: {
    intervalMs: 100,
    digestOver: 1_000,
    wantsEntry: true,
    split: oneByOne,
  },
  create(name, settings, { env, now }) {
    const url = settings['url']!
    const { secret, token } = settings
    const http = createHttp(httpSettings(settings), env)
    const verdicts = verdictsFor(settings)
    return {
      name,
      ...webhook.channel,
      async send(message, signal) {
        const body = envelope(message)
        const headers = {
          'content-type': 'application/json',
          'user-agent': 'vault-log-handler',
          'idempotency-key': labels(message).id,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(secret !== undefined && { 'x-signature': signature(secret, body, now()) }),
        }
        return judge(
          await http.request({ url, headers, body }, signal),
          url,
          now(),
          verdicts,
        )
      },
      close: () => http.close(),
    }
  },
}

function signature(secret: string, body: string, now: number): string {
  const seconds = Math.floor(now / 1_000)
  const hmac = createHmac('sha256', secret).update(`${seconds}.${body}`)
  return `t=${seconds},v1=${hmac.digest('hex')}`
}

function verdictsFor({ url = '', secret = '', token = '' }: Settings): Verdicts {
  return {
    isDelivered: ({ status }) => status >= 200 && status < 300,
    // None of these is about the message: not the method, which is always the same, the proxy, the
    // host, the protocol or the law; nor that it is locked or came too early.
    suspending: new Set([401, 403, 404, 405, 407, 410, 421, 426, 451]),
    retrying: ({ status }) => status === 423 || status === 425,
    /** The server's own word, unless it is one of ours that it gives back. */
    word({ body }: HttpAnswer) {
      const word = errorWord(body) || errorWord(jsonMember(body, 'error'))
      return `${secret} ${token}`.includes(word) ? '' : quote(word, url)
    },
  }
}

/** HTTP sends no user and password of a URL by itself: the server would refuse every alert. */
function plainUrl(value: string): IniValue {
  const parsed = httpUrl(value)
  if (typeof parsed === 'string') return parsed
  const { username, password } = new URL(value)
  return username || password
    ? 'must hold no user and password; servers that ask for a bearer token get `token`'
    : parsed
}

/** RFC 6750 2.1; anything else would break the header. */
function bearerToken(value: string): IniValue {
  return /^[\w.~+/-]+=*$/.test(value)
    ? { value }
    : `must be a bearer token of letters, digits and -._~+/, got ${value.length} characters`
}
