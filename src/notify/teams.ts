import { httpUrl, oneOf, type IniValue } from '../config/ini-value.js'
import type { Destination } from './destination.js'
import { createHttp, type HttpAnswer, type HttpResult } from './http.js'
import { judge, mayBePage, quote, type Verdicts } from './http-answer.js'
import { httpKeys, httpSettings } from './http-keys.js'
import type { Attempt } from './notifier.js'
import { teamsChunks, teamsMessage, type TeamsShape } from './teams-message.js'

/**
 * A Microsoft Teams workflow that starts with "When a Teams webhook request is received":
 * https://support.microsoft.com/en-us/office/create-incoming-webhooks-with-workflows-for-microsoft-teams-8ae491c7-0394-4861-ba59-055e33f75498
 * `shape` is `message` for the flows that Teams' templates make, `card` for one that wants the bare
 * card. Teams takes four requests a second:
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using#rate-limiting-for-connectors
 *
 * Delivered means that the flow was started: it answers 202 before it posts the card. What goes
 * wrong after that, such as a channel that was deleted, shows only in the flow's run history.
 */
export const teams: Destination = {
  keys: {
    url: { parse: workflowUrl, isRequired: true, isSecret: true },
    shape: { parse: oneOf('message', 'card') },
    ...httpKeys,
  },
  channel: {
    intervalMs: 1_000,
    digestOver: 5,
    split: teamsChunks,
  },
  create(name, settings, { env, now }) {
    const url = settings['url']!
    const shape = (settings['shape'] ?? 'message') as TeamsShape
    const http = createHttp(httpSettings(settings), env)
    return {
      name,
      ...teams.channel,
      async send(message, signal) {
        const body = JSON.stringify(teamsMessage(message, shape))
        return attemptOf(await http.request({ url, body }, signal), url, now())
      },
      close: () => http.close(),
    }
  },
}

/**
 * With 200 or 201 the flow's own Response action answers, whose text is the user's to choose, also
 * about errors; only a page, and what a connector says, are known to be no delivery.
 */
function isDelivered(answer: HttpAnswer): boolean {
  const { status, body } = answer
  return status === 202 || (status < 300 && !mayBePage(answer) && !failure.test(body))
}

/** Connectors put Teams' own refusal into a 200; the page on their limits shows the text. */
const innerStatus = /returned HTTP error ([45]\d\d)/i
const failure = new RegExp(`delivery failed|${innerStatus.source}`, 'i')

function attemptOf(result: HttpResult, url: string, now: number): Attempt {
  const verdicts: Verdicts = {
    isDelivered,
    suspending: new Set([401, 403, 404, 410]),
    word: answer =>
      [200, 201].includes(answer.status) ? quote(answer.body, url) : errorCodeOf(answer),
  }
  const attempt = judge(result, url, now, verdicts)
  if ('error' in result) return attempt
  if (attempt.outcome === 'refused' && errorCodeOf(result) === turnedOff) {
    return { ...attempt, outcome: 'suspended' }
  }
  if (result.status >= 300 || attempt.outcome === 'delivered') return attempt
  const inner = innerStatus.exec(result.body)
  if (!inner) return attempt
  const real = judge({ ...result, status: Number(inner[1]) }, url, now, verdicts)
  return { ...real, reason: `answered ${result.status}, in which Teams ${real.reason}` }
}

/** Comes with 400, which would refuse one message after the other. */
const turnedOff = 'WorkflowTriggerIsNotEnabled'

/** `{"error":{"code":…}}`, also where the rest of the text is cut off. */
function errorCodeOf({ body }: HttpAnswer): string {
  return /"code"\s*:\s*"([A-Za-z]{1,60})"/.exec(body)?.[1] ?? ''
}

/** Connectors answered even when they posted nothing any more. */
function workflowUrl(value: string): IniValue {
  const parsed = httpUrl(value)
  if (typeof parsed === 'string') return parsed
  return /(?:^|\.)(?:webhook\.office|outlook\.office(?:365)?)\.com$/.test(
    new URL(value).hostname,
  )
    ? 'is a retired Office 365 connector; in Teams, create a workflow that starts with ' +
        '"When a Teams webhook request is received", and take its URL'
    : parsed
}
