import { createIdentityTokens, createSasTokens } from './azure-token.js'
import { endpointUrl } from './cloud-keys.js'
import { sendWithCredential } from './credential.js'
import type { Destination } from './destination.js'
import { envelope, labels, oneByOne } from './envelope.js'
import { createHttp, type HttpAnswer, type HttpResult } from './http.js'
import { judge, type Verdicts } from './http-answer.js'
import { httpKeys, httpSettings } from './http-keys.js'
import type { Attempt, Message } from './notifier.js'
import {
  addressFault,
  connectionString,
  serviceBusAddress,
  serviceBusEntity,
  serviceBusNamespace,
} from './servicebus-address.js'

/** The host itself answers at once, or it is no host of Azure. */
const metadataTimeoutMs = 2_000
/** 256 KB in the Basic and Standard tiers, in either reading, less for what goes into headers. */
const maxBodyBytes = 250_000

/**
 * A queue or a topic of Azure Service Bus, an alert a message
 * (https://learn.microsoft.com/en-us/rest/api/servicebus/send-message-to-queue). The alert's id is
 * the message's, so a queue that detects duplicates keeps one. Where its token is refused, the
 * message is sent once more with a new one.
 */
export const servicebus: Destination = {
  keys: {
    connection_string: { parse: connectionString, isSecret: true },
    namespace: { parse: serviceBusNamespace },
    entity: { parse: serviceBusEntity },
    endpoint: { parse: endpointUrl },
    ...httpKeys,
  },
  fault: addressFault,
  channel: {
    intervalMs: 50,
    digestOver: 1_000,
    wantsEntry: true,
    split: oneByOne,
  },
  create(name, settings, world) {
    const { host, entity, key } = serviceBusAddress(settings)
    const uri = `https://${host}/${entity}`
    const url = `${settings['endpoint'] ?? `https://${host}`}/${entity}/messages`
    const http = createHttp(httpSettings(settings), world.env)
    const metadata = createHttp({ proxy: '' }, world.env, metadataTimeoutMs)
    const tokens = key
      ? createSasTokens(uri, key, world.now)
      : createIdentityTokens(world, metadata)
    return {
      name,
      ...servicebus.channel,
      async send(message, signal) {
        const body = envelope(message, maxBodyBytes)
        return sendWithCredential(tokens, signal, async authorization => {
          const headers = { ...properties(message), authorization }
          const result = await http.request({ url, headers, body }, signal)
          const isStale = 'status' in result && result.status === 401
          return { attempt: verdict(result, url, world.now()), isStale }
        })
      },
      async close() {
        await Promise.all([http.close(), metadata.close()])
      },
    }
  },
}

/** Properties of our own are JSON values in headers; a topic's subscriptions can filter by them. */
function properties(message: Message): Record<string, string> {
  const { id, severity, rule, log } = labels(message)
  const own = Object.entries({ severity, rule, log })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, JSON.stringify(value)])
  return {
    ...(Object.fromEntries(own) as Record<string, string>),
    brokerproperties: JSON.stringify({ MessageId: id, Label: rule ?? 'digest' }),
  }
}

const verdicts: Verdicts = {
  isDelivered: ({ status }) => status === 201,
  suspending: new Set([401, 403, 404, 410]),
  retrying: isFull,
  word(answer) {
    const why = isFull(answer) ? '(full)' : isTooLarge(answer) ? '(too large)' : ''
    return `${detail(answer)} ${why}`.trim()
  },
}

function verdict(result: HttpResult, url: string, now: number): Attempt {
  const attempt = judge(result, url, now, verdicts)
  return 'status' in result && isTooLarge(result)
    ? { outcome: 'refused', reason: attempt.reason }
    : attempt
}

// 403 stands for a full queue, for a message that is too large and for a closed door.

function isFull({ status, body }: HttpAnswer): boolean {
  return status === 403 && /quota|maximum entity size/i.test(body)
}

function isTooLarge(answer: HttpAnswer): boolean {
  const { status, body } = answer
  return status === 403 && !isFull(answer) && /exceeds the limit|too large/i.test(body)
}

/** The number or name with which Azure begins its detail; the rest tells of the namespace. */
function detail({ body }: HttpAnswer): string {
  return /<Detail>\s*(\d{5}\b|[A-Z][A-Za-z]{2,40}(?=:))/.exec(body)?.[1] ?? ''
}
