import type { IniValue } from '../config/ini-value.js'
import { endpointUrl } from './cloud-keys.js'
import {
  createCredentialCache,
  sendWithCredential,
  type CredentialCache,
} from './credential.js'
import type { Destination } from './destination.js'
import { envelope, labels, oneByOne } from './envelope.js'
import { createGoogleTokens, serviceAccountFile } from './google-credentials.js'
import { createHttp, type HttpAnswer, type HttpResult } from './http.js'
import { jsonMember, judge, type Verdicts } from './http-answer.js'
import { httpKeys, httpSettings } from './http-keys.js'
import type { Attempt, Message } from './notifier.js'

const publicEndpoint = 'https://pubsub.googleapis.com'
/** The host itself answers at once, or it is no host of Google's. */
const metadataTimeoutMs = 2_000
/** 10 MB a request (https://cloud.google.com/pubsub/quotas), in base64, with attributes. */
const maxDataBytes = 7_000_000

/**
 * A topic of Google Cloud Pub/Sub, an alert a message
 * (https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish). Where its token
 * is refused, the message is sent once more with a new one. PUBSUB_EMULATOR_HOST names an emulator,
 * which takes no token.
 */
export const pubsub: Destination = {
  keys: {
    topic: { parse: topicName, isRequired: true },
    credentials_file: { parse: serviceAccountFile },
    endpoint: { parse: endpointUrl },
    ...httpKeys,
  },
  channel: {
    intervalMs: 50,
    digestOver: 1_000,
    wantsEntry: true,
    split: oneByOne,
  },
  create(name, settings, world) {
    const emulator = world.env['PUBSUB_EMULATOR_HOST']
    const origin = emulator
      ? `http://${emulator}`
      : (settings['endpoint'] ?? publicEndpoint)
    const topic = settings['topic']!.split('/').map(encodeURIComponent).join('/')
    const url = `${origin}/v1/${topic}:publish`
    const http = createHttp(httpSettings(settings), world.env)
    const metadata = createHttp({ proxy: '' }, world.env, metadataTimeoutMs)
    const tokens: CredentialCache<string | undefined> = emulator
      ? createCredentialCache(noToken, world.now)
      : createGoogleTokens(settings['credentials_file'], world, http, metadata)
    return {
      name,
      ...pubsub.channel,
      async send(message, signal) {
        const body = publishBody(message)
        return sendWithCredential(tokens, signal, async token => {
          const headers = token === undefined ? {} : { authorization: token }
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

const noToken = async () => ({ value: undefined, expires: Infinity })

function publishBody(message: Message): string {
  const { id, severity, rule, log } = labels(message)
  const data = Buffer.from(envelope(message, maxDataBytes)).toString('base64')
  return JSON.stringify({ messages: [{ data, attributes: { id, severity, rule, log } }] })
}

const verdicts: Verdicts = {
  isDelivered: ({ status, body }) => {
    const ids = jsonMember(body, 'messageIds')
    return status === 200 && Array.isArray(ids) && ids.length === 1
  },
  suspending: new Set([401, 403, 404]),
  retrying: answer => ['ABORTED', 'CANCELLED'].includes(word(answer)),
  word,
}

/** https://cloud.google.com/pubsub/docs/reference/error-codes */
function verdict(result: HttpResult, url: string, now: number): Attempt {
  const attempt = judge(result, url, now, verdicts)
  if (attempt.outcome !== 'refused' || 'error' in result) return attempt
  // The topic's key is gone, or the project's billing is off.
  return word(result) === 'FAILED_PRECONDITION'
    ? { ...attempt, outcome: 'suspended' }
    : attempt
}

/** Google's own word for an error, such as NOT_FOUND; "" for any other text. */
function word({ body }: HttpAnswer): string {
  const error = jsonMember(body, 'error')
  const status =
    typeof error === 'object' && error !== null && 'status' in error ? error.status : ''
  return typeof status === 'string' && /^[A-Z_]{1,64}$/.test(status) ? status : ''
}

/** https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names */
function topicName(value: string): IniValue {
  return /^projects\/[a-z0-9][a-z0-9.:-]{0,62}\/topics\/[A-Za-z][\w.~+%-]{2,254}$/.test(
    value,
  )
    ? { value }
    : `must be projects/PROJECT/topics/TOPIC, got a text of ${value.length} characters`
}
