import { hostname } from 'node:os'
import type { IniValue } from '../config/ini-value.js'
import type { Destination } from './destination.js'
import { emailMessage } from './email-message.js'
import { programAttempt, type StatusMeanings } from './program-attempt.js'
import { programPath, programTrouble } from './program-file.js'
import { createPrograms } from './run-program.js'

const defaultSendmail = '/usr/sbin/sendmail'
const timeoutMs = 60_000

/**
 * Mail, handed to the host's own mail program, which has the queue, the TLS and the passwords that
 * it takes. The recipients are arguments, not read from the header (`-t`): so they are those of the
 * ini whatever stands in the message. `-i`: a line with a dot only is text, not the end.
 */
export const email: Destination = {
  keys: {
    to: { parse: addresses, isRequired: true },
    from: { parse: address },
    sendmail: { parse: programPath },
  },
  trouble({ sendmail }) {
    const trouble = sendmail === undefined ? programTrouble(defaultSendmail) : undefined
    return trouble && `needs a mail program: sendmail ${trouble}`
  },
  channel: {
    intervalMs: 10_000,
    digestOver: 3,
  },
  create(name, settings, { env, now }) {
    const { from, sendmail: file = defaultSendmail } = settings
    const to = settings['to']!.split(',')
    const args = ['-i', ...(from === undefined ? [] : ['-f', from]), '--', ...to]
    const programs = createPrograms(env, timeoutMs)
    return {
      name,
      ...email.channel,
      async send(message, signal) {
        const frame = {
          to,
          host: hostname(),
          now: now(),
          ...(from !== undefined && { from }),
        }
        const run = { file, args, input: emailMessage(message, frame) }
        const end = await programs.run(run, signal)
        // An address is no secret, and what a mail program says is mostly about one.
        return programAttempt(end, { file, args: [] }, timeoutMs, meanings)
      },
      close: () => programs.close(),
    }
  },
}

/**
 * Statuses of sysexits.h. EX_NOHOST (68) is tried again: msmtp gives it whenever the name of its
 * server can't be resolved just now. So is EX_TEMPFAIL (75), with which some have queued the mail
 * and others not: rather twice, with one Message-ID, than not at all.
 */
const meanings: StatusMeanings = {
  64: 'suspended',
  65: 'refused',
  67: 'refused',
  77: 'suspended',
  78: 'suspended',
}

const maxAddresses = 50
const maxAddressChars = 254

/** Separated by commas. */
function addresses(value: string): IniValue {
  const list = value.split(',').map(text => text.trim())
  const fault = list.map(address).find(result => typeof result === 'string')
  if (fault !== undefined) return fault
  return list.length <= maxAddresses
    ? { value: list.join(',') }
    : `must be at most ${maxAddresses} addresses, got ${list.length}`
}

/**
 * `name@host`, or the name of a user or alias on this host. Less than RFC 5322 allows: nothing
 * that is an option, a command, a file or a quote to any mail program.
 */
function address(value: string): IniValue {
  const isAddress =
    /^(?!.*\.\.)[A-Za-z0-9_][\w.+=-]{0,63}(?:@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)?$/
  return value.length <= maxAddressChars && isAddress.test(value)
    ? { value }
    : `must be addresses like name@host, got ${JSON.stringify(value.slice(0, 40))}`
}
