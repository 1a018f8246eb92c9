import { oneOf, type IniValue } from '../config/ini-value.js'
import type { Destination } from './destination.js'
import { oneByOne } from './envelope.js'
import { errorWord, jsonMember, judge, quote, type Verdicts } from './http-answer.js'
import { httpKeys, httpSettings } from './http-keys.js'
import { createHttp, type HttpAnswer, type HttpResult } from './http.js'
import { pagerdutyEvent } from './pagerduty-event.js'

/**
 * PagerDuty's Events API v2 (https://developer.pagerduty.com/docs/events-api-v2-overview): an alert
 * of ours triggers one of PagerDuty's, and sent again it changes nothing while that is open. An
 * integration takes about 120 events a minute.
 */
export const pagerduty: Destination = {
  keys: {
    routing_key: { parse: routingKey, isRequired: true, isSecret: true },
    region: { parse: oneOf('us', 'eu') },
    ...httpKeys,
  },
  channel: {
    intervalMs: 500,
    digestOver: 20,
    split: oneByOne,
  },
  create(name, settings, { env, now }) {
    const url = settings['region'] === 'eu' ? euUrl : usUrl
    const http = createHttp(httpSettings(settings), env)
    return {
      name,
      ...pagerduty.channel,
      async send(message, signal) {
        const event = { routing_key: settings['routing_key'], ...pagerdutyEvent(message) }
        const answer = await http.request({ url, body: JSON.stringify(event) }, signal)
        return isKeyRefused(answer)
          ? { outcome: 'suspended', reason: 'answered 400, refusing the routing key' }
          : judge(answer, url, now(), verdicts)
      },
      close: () => http.close(),
    }
  },
}

const usUrl = 'https://events.pagerduty.com/v2/enqueue'
const euUrl = 'https://events.eu.pagerduty.com/v2/enqueue'

const verdicts: Verdicts = {
  isDelivered: ({ status }) => status === 202,
  suspending: new Set([401, 403, 404, 410]),
  word,
}

/** Such as `invalid_event 'summary' is missing or blank`. */
function word({ body }: HttpAnswer): string {
  const status = jsonMember(body, 'status')
  const state = errorWord(typeof status === 'string' ? status.replaceAll(' ', '_') : '')
  // Anything that is as long as a key is left out there.
  return `${state} ${quote(errors(body)[0] ?? '', '')}`.trim()
}

/**
 * Then no message would pass. PagerDuty answers 400, as for a bad event, also where the integration
 * of a key is gone: https://github.com/robusta-dev/robusta/issues/571 shows the text.
 */
function isKeyRefused(result: HttpResult): boolean {
  if (!('status' in result) || result.status !== 400) return false
  const aboutKey = /^(?:invalid routing key|(?:length of )?'routing_key')/i
  return [result.body.trim(), ...errors(result.body)].some(text => aboutKey.test(text))
}

function errors(body: string): string[] {
  const said = jsonMember(body, 'errors')
  return Array.isArray(said)
    ? said.filter((error): error is string => typeof error === 'string')
    : []
}

function routingKey(value: string): IniValue {
  return /^[A-Za-z0-9]{32}$/.test(value)
    ? { value }
    : `must be an integration key of 32 letters and digits, got ${value.length} characters`
}
