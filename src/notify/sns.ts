import type { IniValue } from '../config/ini-value.js'
import { createAwsCredentials } from './aws-credentials.js'
import { awsSignedHeaders } from './aws-signature.js'
import { credentialText, endpointUrl } from './cloud-keys.js'
import { sendWithCredential } from './credential.js'
import type { Destination } from './destination.js'
import { oneByOne } from './envelope.js'
import { createHttp, type HttpAnswer, type HttpResult } from './http.js'
import { judge, type Verdicts } from './http-answer.js'
import { httpKeys, httpSettings } from './http-keys.js'
import type { Attempt } from './notifier.js'
import { snsPublishForm, snsTopic } from './sns-message.js'

/** The host itself answers at once, or it is no host of AWS. */
const metadataTimeoutMs = 2_000

/**
 * A topic of Amazon SNS, an alert a message. It takes at least 300 messages a second. Credentials
 * that AWS doesn't know (any more) are got again, and the message is sent once more.
 */
export const sns: Destination = {
  keys: {
    topic_arn: { parse: topicArn, isRequired: true },
    access_key_id: { parse: credentialText },
    secret_access_key: { parse: credentialText, isSecret: true },
    session_token: { parse: credentialText, isSecret: true },
    endpoint: { parse: endpointUrl },
    ...httpKeys,
  },
  fault({ access_key_id, secret_access_key, session_token }) {
    if ((access_key_id === undefined) !== (secret_access_key === undefined)) {
      return 'needs both of access_key_id and secret_access_key, or none'
    }
    return session_token !== undefined && access_key_id === undefined
      ? 'session_token needs access_key_id and secret_access_key'
      : undefined
  },
  channel: {
    intervalMs: 50,
    digestOver: 1_000,
    wantsEntry: true,
    split: oneByOne,
  },
  create(name, settings, world) {
    const topic = snsTopic(settings['topic_arn']!)!
    const url = `${settings['endpoint'] ?? `https://${topic.host}`}/`
    const { host } = new URL(url)
    const http = createHttp(httpSettings(settings), world.env)
    const metadata = createHttp({ proxy: '' }, world.env, metadataTimeoutMs)
    const credentials = createAwsCredentials(settings, world, metadata)
    const scope = { region: topic.region, service: 'sns' }
    return {
      name,
      ...sns.channel,
      async send(message, signal) {
        const body = snsPublishForm(message, topic)
        const request = { method: 'POST', host, headers: form, body } as const
        return sendWithCredential(credentials, signal, async credential => {
          const headers = awsSignedHeaders(request, scope, credential, world.now())
          const result = await http.request({ url, headers, body }, signal)
          const isStale = 'status' in result && staleCodes.has(code(result))
          return { attempt: verdict(result, url, world.now()), isStale }
        })
      },
      async close() {
        await Promise.all([http.close(), metadata.close()])
      },
    }
  },
}

const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }

/** Perhaps other ones wait in a file or at the metadata service by now. */
const staleCodes = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
])

/**
 * Statuses are of little use, since 400 stands for about anything
 * (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors,
 * https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html).
 */
const passing =
  /Throttl|^InternalError|^InternalFailure$|^ServiceUnavailable|^RequestExpired$|^RequestLimitExceeded$/
const lasting =
  /^KMS|^ExpiredToken|^IncompleteSignature$|^OptInRequired$|^EndpointDisabled/

const verdicts: Verdicts = {
  isDelivered: ({ status, body }) => status === 200 && body.includes('<MessageId>'),
  suspending: new Set([401, 403, 404]),
  retrying: answer => passing.test(code(answer)),
  word,
}

function verdict(result: HttpResult, url: string, now: number): Attempt {
  const attempt = judge(result, url, now, verdicts)
  if (!('status' in result) || attempt.outcome !== 'refused') return attempt
  const { reason } = attempt
  const said = code(result)
  // Such a topic is in another region or account, whatever the message.
  const isTopic =
    said === 'InvalidParameter' && /<Message>[^<]*TopicArn/.test(result.body)
  return lasting.test(said) || isTopic ? { outcome: 'suspended', reason } : attempt
}

/** AWS's own code for an error, letters only; "" for any other text. */
function code({ body }: HttpAnswer): string {
  return /<Code>([A-Za-z]{1,64}(?:\.[A-Za-z]{1,64})*)<\/Code>/.exec(body)?.[1] ?? ''
}

/** A signature's date is ours, and AWS says only that it is a wrong signature. */
function word(answer: HttpAnswer): string {
  return /Signature (?:expired|not yet current)/.test(answer.body)
    ? `${code(answer)} (is this host's clock right?)`
    : code(answer)
}

function topicArn(value: string): IniValue {
  return snsTopic(value)
    ? { value }
    : `must be a topic's ARN such as arn:aws:sns:eu-central-1:123456789012:alerts, got a text of ${value.length} characters`
}
