import type { Counters } from '../counters.js'
import type { Diagnostics } from '../diagnostics.js'
import { reasonCode } from '../notify/reason-code.js'
import type { Attempt, Message } from '../notify/notifier.js'

/** What becomes of a destination's messages, counted and said: a trouble once, not at each attempt. */
export interface DeliveryReport {
  attempted(attempt: Attempt): void
  delivered(message: Message): void
  givenUp(message: Message, reason: string): void
  /** It was refused as a whole, and goes out in parts. */
  takenApart(message: Message, reason: string): void
  /** At `now`, and nothing is sent before `notBefore`: epoch milliseconds of a clock that goes forward. */
  retrying(reason: string, now: number, notBefore: number): void
  /** A sender begins, and an earlier one was asked to send nothing before. */
  held(notBefore: number, now: number): void
  suspended(reason: string): void
  /** Another process, which has the destination's lock, sends nothing. */
  withheld(): void
  /** A file of the outbox can't be read or written at `now`; `code` such as ENOSPC. */
  stateError(code: string, now: number): void
}

/** Where a report goes. */
export interface DeliveryReportOptions {
  readonly counters: Counters
  readonly diagnostics: Diagnostics
  /**
   * Called once when the destination begins to refuse everything, or to ask for long silence, with
   * a sentence that names it and says why. Must not throw.
   */
  readonly onSuspended: (sentence: string) => void
  /** Called when a message was given up, with such a sentence. Must not throw. */
  readonly onGivenUp: (sentence: string) => void
}

/** A shorter outage ends by itself; in a longer one someone should know. */
const longOutageMs = 15 * 60_000

/** What a full disk keeps from being done is tried again each second; it is said as seldom as alerted. */
const stateTroubleMs = 60 * 60_000

/** Reports on the destination of this name. */
export function createDeliveryReport(
  name: string,
  { counters, diagnostics, onSuspended, onGivenUp }: DeliveryReportOptions,
): DeliveryReport {
  let known: string | undefined
  let isSuspended = false
  let isSilenced = false
  let failingSince: number | undefined
  /** When which trouble of the state folder was said, whatever the destination answers. */
  const stateTroubles = new Map<string, number>()
  const say = (trouble: string) => {
    if (trouble !== known) diagnostics.error(trouble)
    known = trouble
  }
  const answers = () => {
    known = undefined
    isSuspended = false
    isSilenced = false
    failingSince = undefined
  }
  return {
    attempted({ outcome, reason }) {
      counters.addLabelled('delivery_attempts', [name, outcome, reasonCode(reason)])
    },
    delivered({ kind }) {
      counters.add('deliveries')
      if (kind === 'digest') counters.add('digests')
      if (known !== undefined) diagnostics.info(`${name} delivers again`)
      answers()
    },
    givenUp(message, reason) {
      counters.add('delivery_refused')
      const sentence = `${name} refused ${subject(message)}: ${reason}`
      diagnostics.error(`${sentence}; send it again with: redrive ${name}`)
      answers()
      onGivenUp(sentence)
    },
    takenApart(message, reason) {
      counters.add('delivery_retries')
      diagnostics.warn(`${name} refused ${subject(message)}, sent in parts: ${reason}`)
    },
    retrying(reason, now, notBefore) {
      counters.add('delivery_retries')
      failingSince ??= now
      if (notBefore - now > longOutageMs) {
        // No further attempt comes in that time, at which it could be told.
        const silence = `${silenceOf(name, notBefore)}: ${reason}`
        say(silence)
        if (!isSilenced) onSuspended(silence)
        isSilenced = true
        return
      }
      say(`${name} doesn't deliver, trying on: ${reason}`)
      if (isSuspended || now - failingSince < longOutageMs) return
      isSuspended = true
      onSuspended(`${name} has delivered nothing for 15 minutes: ${reason}`)
    },
    held(notBefore, now) {
      if (notBefore > now)
        say(`${silenceOf(name, notBefore)}, as it did before this start`)
    },
    suspended(reason) {
      say(`${name} is suspended, trying again every 10 minutes: ${reason}`)
      if (isSuspended) return
      isSuspended = true
      counters.add('delivery_suspensions')
      onSuspended(`${name} is suspended: ${reason}`)
    },
    withheld() {
      counters.add('delivery_suspensions')
      onSuspended(
        `${name} is suspended: another process holds its lock and sends nothing`,
      )
    },
    stateError(code, now) {
      counters.add('state_errors')
      if (now - (stateTroubles.get(code) ?? -Infinity) < stateTroubleMs) return
      stateTroubles.set(code, now)
      diagnostics.error(`the outbox of ${name} can't be read or written: ${code}`)
    },
  }
}

function silenceOf(name: string, notBefore: number): string {
  return `${name} asks for no message before ${new Date(notBefore).toISOString()}`
}

function subject(message: Message): string {
  if (message.kind === 'digest') return `a digest of ${message.digest.count} alerts`
  return `alert ${message.alerts.map(({ id }) => id).join(', ')}`
}
