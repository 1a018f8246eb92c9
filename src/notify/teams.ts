import { httpUrl, oneOf, type IniValue } from '../config/ini-value.js'
import type { Destination } from './destination.js'
import { createHttp, type HttpAnswer, type HttpResult } from './http.js'
import { judge, mayBePage, type Verdicts } from './http-answer.js'
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
    url: { parse: workflowUrl, isRequired: true },
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

const verdicts: Verdicts = {
  // With 200 or 201 the flow's own Response action answers, whose text is the user's to choose; what
  // looks like a page or an error is neither.
  isDelivered: answer =>
    answer.status === 202 ||
    (answer.status < 300 &&
      !mayBePage(answer) &&
      !/\b(?:error|fail\w*)\b/i.test(answer.body)),
  suspending: new Set([401, 403, 404, 410]),
  word: errorCodeOf,
}

function attemptOf(result: HttpResult, url: string, now: number): Attempt {
  const attempt = judge(result, url, now, verdicts)
  if ('error' in result) return attempt
  const { status, body } = result
  if (attempt.outcome === 'refused' && errorCodeOf(result) === turnedOff) {
    return { ...attempt, outcome: 'suspended' }
  }
  // Connectors put Teams' own refusal into a 200; the page on their limits shows the text.
  const inner = status < 300 && /returned HTTP error ([45]\d\d)/i.exec(body)
  if (!inner || attempt.outcome === 'delivered') return attempt
  const real = judge({ ...result, status: Number(inner[1]) }, url, now, verdicts)
  return { ...real, reason: `answered ${status}, in which Teams ${real.reason}` }
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
