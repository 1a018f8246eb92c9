// Adaptive Cards, made of text runs only: https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features
// TextBlock and FactSet render Markdown, with its links, and mentions can be made in them. TextRun
// renders none of it, so nothing in the log has to be escaped for it, and nothing can be forgotten.
// Clients may still make links of addresses, as they do in any text.

import type { Alert } from '../alert/alert.js'
import type { Severity } from '../rule/severity.js'
import { oneLine } from '../text/one-line.js'
import { chunksOf } from './chunks.js'
import type { Message } from './notifier.js'
import { essentialLines, plainMessage } from './plain-message.js'
import { withoutLinks } from './without-links.js'

/** What a flow takes: a message with the card attached to it, or the card alone. */
export type TeamsShape = 'message' | 'card'

interface TextRun {
  readonly type: 'TextRun'
  readonly text: string
  readonly weight?: 'Bolder'
  readonly fontType?: 'Monospace'
}

interface RichTextBlock {
  readonly type: 'RichTextBlock'
  readonly spacing: 'Small'
  readonly inlines: readonly TextRun[]
}

interface Container {
  readonly type: 'Container'
  readonly style: (typeof styles)[Severity]
  readonly items: readonly RichTextBlock[]
}

/** The card, as far as it is in use: https://adaptivecards.io/explorer/AdaptiveCard.html */
export interface TeamsCard {
  readonly $schema: 'http://adaptivecards.io/schemas/adaptive-card.json'
  readonly type: 'AdaptiveCard'
  readonly version: '1.4'
  readonly msteams: { readonly width: 'Full' }
  readonly body: readonly (Container | RichTextBlock)[]
}

/** The JSON that a flow takes. */
export type TeamsMessage =
  | TeamsCard
  | {
      readonly type: 'message'
      readonly attachments: readonly [
        {
          readonly contentType: 'application/vnd.microsoft.card.adaptive'
          readonly contentUrl: null
          readonly content: TeamsCard
        },
      ]
    }

/** Teams has names for colours, and no others. */
const styles = {
  critical: 'attention',
  high: 'attention',
  medium: 'warning',
  low: 'accent',
  info: 'default',
} as const satisfies Readonly<Record<Severity, string>>

/**
 * What the alerts of one message may take of its 20,480 bytes. One always fits, with 4,300 bytes at
 * most; the rest is left to the frame and the facts, which take 9,500 bytes at most.
 */
const maxAlertsBytes = 10_500
/** Less than a screen of them; also keeps the card's parts few. */
const maxAlerts = 20
/** A fact with its name; a digest's titles are cut. */
const maxDetailChars = 310

/**
 * Divides alerts into as few messages as hold all their ids and whole titles, the most severe first;
 * at most 20 go together.
 */
export function teamsChunks(alerts: readonly Alert[]): Alert[][] {
  const size = (alert: Alert) =>
    Buffer.byteLength(`${JSON.stringify(alertBlock(alert))},`)
  return chunksOf(alerts, size, maxAlertsBytes, maxAlerts)
}

/**
 * Renders a digest, or alerts as `teamsChunks` divides them, in at most 20,480 bytes of JSON: Teams
 * takes 28 KB, but adds to what was sent (https://github.com/MicrosoftDocs/msteams-docs/issues/11274:
 * 24,453 bytes became 28,897). Throws a RangeError without alerts.
 */
export function teamsMessage(message: Message, shape: TeamsShape): TeamsMessage {
  const { essential, details } = plainMessage(message)
  const blocks =
    message.kind === 'digest'
      ? [container(message.digest.severity, essential)]
      : message.alerts.map(alertBlock)
  const content: TeamsCard = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    body: [...blocks, ...details.map(detailBlock)],
  }
  if (shape === 'card') return content
  const contentType = 'application/vnd.microsoft.card.adaptive'
  return { type: 'message', attachments: [{ contentType, contentUrl: null, content }] }
}

function alertBlock(alert: Alert): Container {
  return container(alert.severity, essentialLines(alert))
}

/** The first line is bold. */
function container(severity: Severity, lines: readonly string[]): Container {
  const items = lines.map((line, i) => block(line, i === 0))
  return { type: 'Container', style: styles[severity], items }
}

function detailBlock(line: string): RichTextBlock {
  return block(line.startsWith('find: ') ? line : oneLine(line, maxDetailChars))
}

/**
 * `{{DATE(…)}}` and `{{TIME(…)}}` are replaced in runs too, each run for itself. With a new run
 * between the two braces nothing is, and it reads the same.
 */
function block(line: string, isBold = false): RichTextBlock {
  const isCommand = line.startsWith('find: ')
  const shown = isCommand ? line : withoutLinks(line)
  const inlines = shown.split(/(?<=\{)(?=\{(?:DATE|TIME)\()/).map((text): TextRun => ({
    type: 'TextRun',
    text,
    ...(isBold && { weight: 'Bolder' }),
    ...(isCommand && { fontType: 'Monospace' }),
  }))
  return { type: 'RichTextBlock', spacing: 'Small', inlines }
}
