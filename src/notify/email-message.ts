import type { Severity } from '../rule/severity.js'
import { oneLine } from '../text/one-line.js'
import { headerField, quotedPrintable } from './mail-encoding.js'
import type { Message } from './notifier.js'
import { plainMessage } from './plain-message.js'
import { withoutLinks } from './without-links.js'

/** What a mail says besides its message. */
export interface MailFrame {
  readonly to: readonly string[]
  /** Without it there is no From, and the mail program fills in the user that it runs for. */
  readonly from?: string
  /** The host's name, for the Message-ID. */
  readonly host: string
  /** Epoch milliseconds. */
  readonly now: number
}

/** Some mail programs cut at 255; the text has the whole title. */
const maxSubjectChars = 200
const maxRuleChars = 64
/** More than any title, fact or command takes. */
const maxLineChars = 8_000

/**
 * A message as a mail in plain text (RFC 5322), in ASCII with LF as line ends, as a mail program
 * takes it on its stdin. Its Message-ID is the same whenever the message is sent again. Throws a
 * RangeError for a message without alerts.
 */
export function emailMessage(
  message: Message,
  { to, from, host, now }: MailFrame,
): string {
  const { subject, essential, details } = plainMessage(message)
  const { id, severity, rule, count } = about(message)
  const prefix = count > 1 ? `[vault, ${count} alerts]` : '[vault]'
  const header = [
    ...(from === undefined ? [] : [`From: ${from}`]),
    `To: ${to.join(',\n ')}`,
    headerField(
      'Subject',
      withoutLinks(oneLine(`${prefix} ${subject}`, maxSubjectChars)),
    ),
    `Date: ${new Date(now).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${plain(id)}@${plain(host) || 'localhost'}>`,
    // https://www.rfc-editor.org/rfc/rfc3834#section-5: no out-of-office note answers it.
    'Auto-Submitted: auto-generated',
    `X-Vault-Log-Severity: ${severity}`,
    ...(rule === undefined ? [] : [`X-Vault-Log-Rule: ${plain(rule)}`]),
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
  ]
  const text = [...essential, '', ...details].map(unlinked)
  return `${header.join('\n')}\n\n${quotedPrintable(text)}`
}

interface About {
  readonly id: string
  readonly severity: Severity
  readonly rule?: string
  readonly count: number
}

function about(message: Message): About {
  if (message.kind === 'digest') {
    const { id, severity } = message.digest
    return { id, severity, count: 1 }
  }
  const { id, severity, rule } = message.alerts[0]!
  return { id, severity, rule, count: message.alerts.length }
}

/** A command must stay as it is to be pasted; nothing of it is an attacker's. */
function unlinked(line: string): string {
  const text = oneLine(line, maxLineChars)
  return text.startsWith('find: ') ? text : withoutLinks(text)
}

/** What is left can stand in any header. */
function plain(text: string): string {
  return text.replaceAll(/[^\w.-]/g, '').slice(0, maxRuleChars)
}
