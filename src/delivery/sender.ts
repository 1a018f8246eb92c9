// One destination's sender: takes what waits in its outbox, at the channel's pace, until each event
// is delivered or given up. Of all processes with this state folder one sends: whoever has the
// destination's lock. The others ask for it each second.

import type { Alert } from '../alert/alert.js'
import type { Attempt } from '../notify/notifier.js'
import { tryLock, type Lock } from '../state/lock.js'
import { openOutbox } from '../state/outbox.js'
import { countWaiting, outboxDir } from '../state/outbox-files.js'
import type { StateEvents } from '../state/state-events.js'
import { attemptSafely } from './attempt.js'
import { backoffMs } from './backoff.js'
import { adoptBatches } from './batch.js'
import { chooseMessage, type Chosen } from './choose-message.js'
import { delayMs, steadyClock } from './clock.js'
import { appendDeadLetters } from './dead-letters.js'
import { createDeliveryReport, type DeliveryReportOptions } from './delivery-report.js'
import { attempted, delivered, ended, freshPace, nextMessage, takenOver } from './pace.js'
import { readPace, writePace } from './pace-file.js'
import { createSleep } from './sleep.js'
import { createTroubled } from './troubled.js'
import type { Way } from './way.js'

/** Sends to one destination, without anyone having to wait for it. */
export interface Sender {
  /** Something was added to its outbox. */
  wake(): void
  /** Keeps an event in memory that can't be written to the outbox. */
  hold(alerts: readonly Alert[]): void
  /**
   * From the next message on the destination is reached in this way. With other settings than
   * before, nothing is left of what was asked for.
   */
  use(way: Way): void
  /**
   * Sends what waits for at most `limitMs`, but doesn't wait out a pause that ends later; then gives
   * back the lock. Gives how many events and batches wait still that this process is to send.
   */
  drain(limitMs: number): Promise<number>
}

/** What a sender works with. */
export interface SenderOptions extends DeliveryReportOptions {
  readonly stateDir: string
  /** For the command that lists a digest's alerts. */
  readonly alertLog: string
  readonly stateEvents: StateEvents
  /** Does something with the state lock held. */
  readonly locked: (action: () => void) => void
  /** A drain waits also for what another process is to send. */
  readonly isPatient?: boolean
  /** In [0, 1); spreads the attempts. */
  readonly random?: () => number
  /** Epoch milliseconds. */
  readonly now?: () => number
  /** Resolves after `ms`, or at once when the signal is aborted; never rejects. */
  readonly delay?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** How long what another process adds may go unseen. */
const pollMs = 250
const lockRetryMs = 1_000
const maxPauseMs = 3_600_000
const suspensionMs = 10 * 60_000

/** Starts to send what waits, and goes on until it is drained. */
export function startSender(initial: Way, options: SenderOptions): Sender {
  const { stateDir, alertLog, stateEvents, locked, isPatient = false } = options
  const { random = Math.random, now = steadyClock(), delay = delayMs } = options
  const { name } = initial.notifier
  const dir = outboxDir(stateDir, name)
  const outbox = openOutbox(dir, stateEvents)
  const report = createDeliveryReport(name, options)
  const troubled = createTroubled()
  const sleep = createSleep(delay)
  let way = initial
  let replacement: Way | undefined
  let lock: Lock | undefined
  let pace = freshPace
  /** After a failure, nothing is tried before. */
  let resumeAt = 0
  let failures = 0
  let deadline = Infinity
  let attempting = new AbortController()

  /** A file that can't be read or written stops nothing; what it is about is tried again. */
  const guarded = async (action: () => void | Promise<void>) => {
    try {
      await action()
      return true
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      report.stateError(code ?? message)
      return false
    }
  }

  const look = async () => {
    sleep.heed()
    if (replacement !== undefined) {
      await way.notifier.close()
      if (replacement.settings !== way.settings) pace = { ...pace, notBefore: 0 }
      way = replacement
      replacement = undefined
      resumeAt = 0
    }
    if (!lock && (lock = tryLock(stateDir, `send ${name}`))) {
      pace = takenOver(readPace(dir, way.settings), now())
      report.held(pace.notBefore, now())
    }
    if (lock !== undefined) {
      await guarded(() => adoptBatches(stateDir, dir, locked))
      await guarded(() => outbox.poll())
    }
    for (const place of troubled.due(now())) outbox.putBack(place)
  }

  const work = async () => {
    for (;;) {
      await look()
      const notBefore = Math.max(pace.notBefore, resumeAt)
      const next = nextMessage(
        outbox.waiting(),
        { ...pace, notBefore },
        way.notifier,
        now(),
      )
      if (now() >= deadline || (deadline < Infinity && isLeftToOthers())) return
      if (next.what !== 'nothing') await deliver(next.what)
      else if (next.at > deadline && !(isPatient && lock === undefined)) return
      else {
        const ms = Math.min(next.at - now(), lock ? pollMs : lockRetryMs)
        // Whatever comes in, nothing can be sent before.
        await sleep.during(Math.max(ms, Math.min(notBefore - now(), maxPauseMs)))
      }
    }
  }

  /** Whether another process is the sender, and there is nothing to wait for. */
  const isLeftToOthers = () =>
    lock === undefined &&
    outbox.all().length === 0 &&
    !(isPatient && countWaiting(dir) > 0)

  const deliver = async (what: Chosen['what']) => {
    let chosen: Chosen | undefined
    const isReadable = await guarded(async () => {
      chosen = await chooseMessage(what, outbox, stateDir, alertLog, now())
    })
    if (chosen === undefined) {
      if (!isReadable) await sleep.during(pollMs)
      return
    }
    pace = attempted(pace, now())
    await keepPace()
    attempting = new AbortController()
    const result = await attemptSafely(way.notifier, chosen.message, attempting.signal)
    pace = ended(pace, now())
    if (result.outcome !== 'delivered') chosen.discard()
    await settle(chosen, result)
    await keepPace()
  }

  const keepPace = () => guarded(() => lock && writePace(dir, way.settings, pace))

  const settle = async (chosen: Chosen, result: Attempt) => {
    const { outcome, reason } = result
    switch (outcome) {
      case 'delivered':
        report.delivered(chosen.message)
        troubled.delivered()
        failures = 0
        pace = delivered(pace, chosen.what, chosen.isCritical, now())
        await guarded(() => chosen.settle())
        return
      case 'refused':
        failures = 0
        return giveUp(chosen, reason)
      case 'retry':
        if (!attempting.signal.aborted) await retry(chosen, result)
        return
      case 'suspended':
        report.suspended(reason)
        resumeAt = now() + suspensionMs
    }
  }

  const retry = async (
    { what, place, ...chosen }: Chosen,
    { reason, retryAfterMs = 0 }: Extract<Attempt, { outcome: 'retry' }>,
  ) => {
    const notBefore = now() + retryAfterMs
    report.retrying(reason, now(), notBefore)
    failures += 1
    resumeAt = Math.max(notBefore, now() + backoffMs(failures, random()))
    if (retryAfterMs > 0) pace = { ...pace, notBefore }
    if (place === undefined) return
    // An event that fails again and again must not hold up the others.
    const verdict = troubled.failed(place, now())
    if (verdict === 'give up') return giveUp({ what, place, ...chosen }, reason)
    if (verdict === 'let others go first') outbox.defer(place)
  }

  const giveUp = async (chosen: Chosen, reason: string) => {
    const time = new Date(now()).toISOString()
    const drop = (events: number) => stateEvents.dropped(name, events)
    const isKept = await guarded(() =>
      locked(() =>
        appendDeadLetters(stateDir, name, chosen.events(), { time, reason }, drop),
      ),
    )
    // Rather refused again than lost.
    if (!isKept) {
      resumeAt = now() + backoffMs(++failures, random())
      return
    }
    await guarded(() => chosen.settle())
    report.givenUp(chosen.message, reason)
  }

  const drain = async (limitMs: number) => {
    deadline = now() + limitMs
    sleep.wake()
    const limit = new AbortController()
    void delay(limitMs, limit.signal).then(() => attempting.abort())
    await working
    limit.abort()
    await way.notifier.close()
    lock?.release()
    if (lock === undefined) return isPatient ? countWaiting(dir) : outbox.all().length
    const { critical, others, batches } = outbox.waiting()
    return critical + others + batches + troubled.deferred
  }

  const working = work()
  let drained: Promise<number> | undefined
  return {
    wake: () => sleep.wake(),
    hold(alerts) {
      outbox.hold(alerts)
      sleep.wake()
    },
    use(other) {
      replacement = other
      sleep.wake()
    },
    drain: limitMs => (drained ??= drain(limitMs)),
  }
}
