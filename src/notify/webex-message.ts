import type { Alert } from '../alert/alert.js'
import { oneLine } from '../text/one-line.js'
import { chunksOf } from './chunks.js'
import type { Message } from './notifier.js'
import { essentialLines, plainMessage } from './plain-message.js'
import { withoutLinks } from './without-links.js'

/**
 * What the alerts of one message may take of the 7,439 bytes that Webex takes
 * (https://developer.webex.com/docs/api/v1/messages/create-a-message). One always fits, with 1,700
 * bytes at most; the rest is left to the facts: a character of UTF-16 is 3 bytes at most, here too
 * where `unlinked` adds to it.
 */
const maxAlertsBytes = 2_600
/** What is readable in one message. */
const maxAlerts = 20
/** A fact with its name; a digest's titles are cut. */
const maxDetailChars = 310

/**
 * Divides alerts into as few messages as hold all their ids and whole titles, the most severe first;
 * at most 20 go together.
 */
export function webexChunks(alerts: readonly Alert[]): Alert[][] {
  const size = (alert: Alert) =>
    Buffer.byteLength(`${essentialLines(alert).map(unlinked).join('\n')}\n`)
  return chunksOf(alerts, size, maxAlertsBytes, maxAlerts)
}

/**
 * Renders a digest, or alerts as `webexChunks` divides them, as plain text of at most 7,439 bytes.
 * Throws a RangeError without alerts.
 */
export function webexText(message: Message): string {
  const { essential, details } = plainMessage(message)
  const cut = details.map(line =>
    line.startsWith('find: ') ? line : oneLine(line, maxDetailChars),
  )
  return [...essential, ...cut].map(unlinked).join('\n')
}

/**
 * Plain text can't mention anyone or hide where a link goes, but clients make links of addresses.
 * The command stays as it can be pasted.
 */
function unlinked(line: string): string {
  return line.startsWith('find: ') ? line : withoutLinks(line)
}
