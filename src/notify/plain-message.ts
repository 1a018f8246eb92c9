import type { Alert } from '../alert/alert.js'
import type { Digest } from '../alert/digest.js'
import type { Message } from './notifier.js'

/**
 * A message as lines of plain text, not escaped for any channel. One line, of 1,006 bytes at most,
 * starts with `find: ` and holds a command to paste; nobody else's text can start a line.
 */
export interface PlainMessage {
  /** The most severe alert, or the digest, in one line. */
  readonly subject: string
  /** What every message must hold: severities, whole titles and ids. */
  readonly essential: readonly string[]
  /** What helps: the first alert's facts, a digest's counts and titles, most useful first. */
  readonly details: readonly string[]
}

/** Why a digest was sent, after the number of its alerts. */
export const digestReasons: Readonly<Record<Digest['reason'], string>> = {
  flood: 'in one message, since there are too many to send each',
  replay: 'found by a replay of the logs',
}

/** Far more than a command takes with a path of a usual length. */
const maxFindBytes = 1_000

/** The lines of a message. Throws a RangeError for one without alerts. */
export function plainMessage(message: Message): PlainMessage {
  return message.kind === 'digest'
    ? digestLines(message.digest)
    : alertLines(message.alerts)
}

/** What one alert adds to `essential`. */
export function essentialLines({ severity, title, id, rule }: Alert): string[] {
  return [`${severity}: ${title}`, `alert ${id}, rule ${rule}`]
}

function alertLines(alerts: readonly Alert[]): PlainMessage {
  const [worst] = alerts
  if (!worst) throw new RangeError('a message needs at least one alert')
  const { who, what, where, request, find } = worst.facts
  const facts = Object.entries({ who, what, where, when: worst.time, request })
  return {
    subject: `${worst.severity}: ${worst.title}`,
    essential: alerts.flatMap(essentialLines),
    details: [
      ...facts
        .filter(([, text]) => text !== undefined && text !== '')
        .map(([name, text]) => `${name}: ${text}`),
      findLine(find, 'by the alert id in the alert log'),
    ],
  }
}

function digestLines(digest: Digest): PlainMessage {
  const { reason, count, bySeverity, byRule, otherRules, titles, find } = digest
  const subject = `${digest.severity}: ${count} alerts ${digestReasons[reason]}`
  return {
    subject,
    essential: [
      subject,
      bySeverity.map(({ severity, count }) => `${count} ${severity}`).join(', '),
      `alerts ${digest.firstId} to ${digest.lastId}`,
      `from ${digest.from} to ${digest.to}`,
      findLine(find, 'by these ids in the alert log'),
    ],
    details: [
      ...byRule.map(({ rule, count }) => `${count} of rule ${rule}`),
      ...(otherRules > 0 ? [`${otherRules} of other rules`] : []),
      ...titles.map(title => `first titles: ${title}`),
    ],
  }
}

/** Whole or not at all: half a command is worse to paste than none. */
function findLine(find: string, otherwise: string): string {
  return `find: ${Buffer.byteLength(find) <= maxFindBytes ? find : otherwise}`
}
