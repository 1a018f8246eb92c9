import type { Alert } from '../alert/alert.js'
import { severities, type Severity } from '../rule/severity.js'
import { codeSpan, escapeForCode, jsonChars } from './slack-escape.js'

/** Text whose mark-up is ours; `verbatim` keeps Slack from linking names and addresses in it. */
interface Mrkdwn {
  readonly type: 'mrkdwn'
  readonly text: string
  readonly verbatim: true
}

/** The blocks in use, in Slack's Block Kit. */
export type SlackBlock =
  | {
      readonly type: 'header'
      readonly text: {
        readonly type: 'plain_text'
        readonly text: string
        readonly emoji: false
      }
    }
  | { readonly type: 'section'; readonly text: Mrkdwn }

/** A message without blocks, for a destination that refuses them; it says the same. */
export interface SlackText {
  readonly text: string
  readonly parse: 'none'
  readonly link_names: false
  readonly unfurl_links: false
  readonly unfurl_media: false
}

/** The JSON that an incoming webhook takes. */
export interface SlackMessage extends SlackText {
  readonly blocks: readonly SlackBlock[]
}

/** Slack splits a `text` over about 4,000 characters into several messages. */
const maxTextChars = 3_500
/**
 * What the alerts of one message may take together. One always fits: a title of 500 characters
 * that each escape to 5, its ids and mark-up. The rest of the text is left to the facts.
 */
const maxAlertsChars = 2_700
/** Keeps a message under 50 blocks, and all its blocks under 10,000 characters of JSON. */
const maxAlerts = 30
const maxTitleChars = 500 * '&amp;'.length
const maxIdChars = 64
const maxFactChars = 400
const maxFindChars = 1_000
/** `request`, its space, two backticks and the newline. */
const factMarkupChars = 11
const maxFacts = 5
/** Less of a fact is not worth the room that the find command could have. */
const minFactChars = 80
const noFindText = 'find it by the alert id in the alert log'

const marks: Readonly<Record<Severity, string>> = {
  critical: '🔴',
  high: '🟠',
  medium: '🟡',
  low: '🔵',
  info: '⚪',
}
/**
 * Divides alerts into as few messages as hold all their ids and whole titles, the most severe
 * first: nearly always one. A single alert always fits, even if every character of its title
 * escapes to five; at most 30 go together.
 */
export function slackChunks(alerts: readonly Alert[]): Alert[][] {
  const chunks: Alert[][] = []
  let room = 0
  for (const alert of bySeverity(alerts)) {
    const size = jsonChars(`${alertText(alert)}\n`)
    const last = chunks.at(-1)
    if (last && last.length < maxAlerts && size <= room) {
      last.push(alert)
      room -= size
    } else {
      chunks.push([alert])
      room = maxAlertsChars - size
    }
  }
  return chunks
}

/**
 * Renders one message about one event: each alert's severity, whole title and id, the most severe
 * first, and once the facts, which are the first alert's. `text` is at most 3,500 characters, the
 * blocks' JSON at most 10,000. Of more alerts than fit (see `slackChunks`) it says how many.
 * Throws a RangeError without alerts.
 */
export function slackMessage(alerts: readonly Alert[]): SlackMessage {
  const shown = slackChunks(alerts)[0]
  const worst = shown?.[0]
  if (!shown || !worst) throw new RangeError('a message needs at least one alert')
  const more = moreText(alerts.length - shown.length)
  return {
    text: plainText(worst, [...shown.map(alertText), ...more].join('\n')),
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      header(worst, alerts.length),
      ...[...shown.map(alertText), ...more].map(section),
      section(factLines(worst, maxFactChars).join('\n')),
      section(findText(worst)),
    ],
  }
}

/** The same message without its blocks. */
export function withoutBlocks(message: SlackMessage): SlackText {
  const { text, parse, link_names, unfurl_links, unfurl_media } = message
  return { text, parse, link_names, unfurl_links, unfurl_media }
}

function bySeverity(alerts: readonly Alert[]): Alert[] {
  return alerts.toSorted(
    (a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity),
  )
}

function alertText({ severity, title, id, rule }: Alert): string {
  const idText = codeSpan(id, maxIdChars)
  const ruleText = codeSpan(rule, maxIdChars)
  return (
    `${marks[severity]} *${severity}* ${codeSpan(title, maxTitleChars)}\n` +
    `alert ${idText} · rule ${ruleText}`
  )
}

function moreText(count: number): string[] {
  return count > 0 ? [`and ${count} more, recorded in the alert log`] : []
}

/** The facts share what the alerts leave of the text; a find command that's too long goes first. */
function plainText(alert: Alert, alertsText: string): string {
  const room = maxTextChars - alertsText.length
  const share = (find: string) =>
    Math.floor((room - find.length - 1) / maxFacts) - factMarkupChars
  const whole = findText(alert)
  const find = share(whole) >= minFactChars ? whole : noFindText
  const limit = Math.min(maxFactChars, share(find))
  return [alertsText, ...factLines(alert, limit), find].join('\n')
}

function header({ severity, log }: Alert, count: number): SlackBlock {
  const what =
    count === 1 ? 'alert' : `and ${count - 1} more alert${count > 2 ? 's' : ''}`
  const text = `${marks[severity]} ${severity} ${what} in the ${log} log`
  return { type: 'header', text: { type: 'plain_text', text, emoji: false } }
}

function section(text: string): SlackBlock {
  return { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }
}

function factLines({ facts, time }: Alert, limit: number): string[] {
  const { who, what, where, request } = facts
  return Object.entries({ who, what, where, when: time, request })
    .filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== '')
    .map(([name, value]) => `${name} ${codeSpan(value, limit)}`)
}

/** Whole or not at all: half a command is worse to paste than none. */
function findText({ facts }: Alert): string {
  const command = escapeForCode(facts.find, maxFindChars)
  return command.whole ? `find \`\`\`${command.text}\`\`\`` : noFindText
}
