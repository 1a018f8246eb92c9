import type { Alert } from '../alert/alert.js'
import type { Digest } from '../alert/digest.js'
import type { Severity } from '../rule/severity.js'
import { chunksOf } from './chunks.js'
import type { Message } from './notifier.js'
import { digestReasons } from './plain-message.js'
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
/** Five titles take 1,030 of the text's characters, ten rules 900, the command 1,020, the rest 500. */
const maxDigestTitleChars = 200
const noFindText = 'find it by the alert id in the alert log'
const noDigestFindText = 'find them by these ids in the alert log'

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
  const size = (alert: Alert) => jsonChars(`${alertText(alert)}\n`)
  return chunksOf(alerts, size, maxAlertsChars, maxAlerts)
}

/** Renders a message: `text` is at most 3,500 characters, the blocks' JSON at most 10,000. */
export function slackMessage(message: Message): SlackMessage {
  return message.kind === 'digest'
    ? digestMessage(message.digest)
    : alertsMessage(message.alerts)
}

/**
 * One event: each alert's severity, whole title and id, the most severe first, and once the facts,
 * which are the first alert's. Of more alerts than fit (see `slackChunks`) it says how many. Throws
 * a RangeError without alerts.
 */
function alertsMessage(alerts: readonly Alert[]): SlackMessage {
  const shown = slackChunks(alerts)[0]
  const worst = shown?.[0]
  if (!shown || !worst) throw new RangeError('a message needs at least one alert')
  const parts = [...shown.map(alertText), ...moreText(alerts.length - shown.length)]
  return compose(plainText(worst, parts.join('\n')), alertsHeader(worst, alerts.length), [
    ...parts,
    factLines(worst, maxFactChars).join('\n'),
    findText(worst.facts.find),
  ])
}

/** Counts by severity and rule, the first titles, and how to list the alerts. */
function digestMessage(digest: Digest): SlackMessage {
  const { reason, count, bySeverity, byRule, otherRules, titles, firstId, lastId } =
    digest
  const header = `${marks[digest.severity]} ${count} alerts ${digestReasons[reason]}`
  const rules = byRule.map(
    counted => `${counted.count} × ${codeSpan(counted.rule, maxIdChars)}`,
  )
  const sections = [
    bySeverity
      .map(({ severity, count }) => `${marks[severity]} *${severity}* ${count}`)
      .join(' · '),
    [...rules, ...(otherRules > 0 ? [`${otherRules} × other rules`] : [])].join('\n'),
    `first titles:\n${titles.map(title => codeSpan(title, maxDigestTitleChars)).join('\n')}`,
    `alerts ${codeSpan(firstId, maxIdChars)} to ${codeSpan(lastId, maxIdChars)}\n` +
      `from ${codeSpan(digest.from, maxIdChars)} to ${codeSpan(digest.to, maxIdChars)}`,
    findText(digest.find, noDigestFindText),
  ]
  return compose([header, ...sections].join('\n'), header, sections)
}

function compose(
  text: string,
  header: string,
  sections: readonly string[],
): SlackMessage {
  return {
    text,
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: header, emoji: false } },
      ...sections.map(section),
    ],
  }
}

/** The same message without its blocks. */
export function withoutBlocks(message: SlackMessage): SlackText {
  const { text, parse, link_names, unfurl_links, unfurl_media } = message
  return { text, parse, link_names, unfurl_links, unfurl_media }
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
  const whole = findText(alert.facts.find)
  const find = share(whole) >= minFactChars ? whole : noFindText
  const limit = Math.min(maxFactChars, share(find))
  return [alertsText, ...factLines(alert, limit), find].join('\n')
}

function alertsHeader({ severity, log }: Alert, count: number): string {
  const what =
    count === 1 ? 'alert' : `and ${count - 1} more alert${count > 2 ? 's' : ''}`
  return `${marks[severity]} ${severity} ${what} in the ${log} log`
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
function findText(find: string, otherwise = noFindText): string {
  const command = escapeForCode(find, maxFindChars)
  return command.whole ? `find \`\`\`${command.text}\`\`\`` : otherwise
}
