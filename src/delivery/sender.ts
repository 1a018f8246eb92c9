// Sends what waits in a destination's outbox, at the channel's pace. Of all processes with this state
// folder one does, who has the destination's lock; the others ask for it each second.

import type { Alert } from '../alert/alert.js'
import type { Attempt } from '../notify/notifier.js'
import { tryLock, type Lock } from '../state/lock.js'
import { openOutbox } from '../state/outbox.js'
import { countWaiting, outboxDir } from '../state/outbox-files.js'
import { attemptSafely } from './attempt.js'
import { backlogOf, countUnsent, type Backlog } from './backlog.js'
import { adoptBatches } from './batch.js'
import { chooseMessage, type Chosen } from './choose-message.js'
import { delayMs, steadyClock } from './clock.js'
import { appendDeadLetters } from './dead-letters.js'
import { createDeliveryReport } from './delivery-report.js'
import { createGuard } from './guard.js'
import { createHeldWriter } from './held-writer.js'
import { createLanes } from './lanes.js'
import {
  attempted,
  bindingFor,
  delivered,
  ended,
  freshPace,
  nextMessage,
  takenOver,
} from './pace.js'
import { readPace, writePace } from './pace-file.js'
import type { SenderOptions } from './sender-options.js'
import { createSetApart } from './set-apart.js'
import { createSignsOfLife } from './signs-of-life.js'
import { createSleep } from './sleep.js'
import type { Way } from './way.js'

/** Sends to one destination, without anyone having to wait for it. */
export interface Sender {
  /** Something was added to its outbox. */
  wake(): void
  /** Keeps an event in memory that can't be written to the outbox. */
  hold(alerts: readonly Alert[]): void
  /** From the next message on the destination is reached in this way. */
  use(way: Way): void
  /** What waits; undefined where another process sends to this destination. */
  backlog(): Backlog | undefined
  /**
   * Sends what waits for at most `limitMs`, without waiting out a longer pause, and gives back the
   * lock. Gives how many events and batches wait still that this process is to send.
   */
  drain(limitMs: number): Promise<number>
}

/** How long what another process adds may go unseen. */
const pollMs = 250
const lockRetryMs = 1_000
/** By then signs of life are due, and what is held in memory is to be written. */
const longestSleepMs = 5_000
const suspensionMs = 10 * 60_000

/** Starts to send what waits, and goes on until it is drained. */
export function startSender(initial: Way, options: SenderOptions): Sender {
  const { stateDir, alertLog, stateEvents, locked, isPatient = false } = options
  const { random = Math.random, now = steadyClock(), delay = delayMs } = options
  const { name } = initial.notifier
  const dir = outboxDir(stateDir, name)
  const outbox = openOutbox(dir, stateEvents)
  const report = createDeliveryReport(name, options)
  const guarded = createGuard(code => report.stateError(code, now()))
  const apart = createSetApart(outbox)
  const writeHeld = createHeldWriter(outbox, apart, locked)
  const signs = createSignsOfLife(dir, () => report.withheld())
  const sleep = createSleep(delay)
  let way = initial
  let replacement: Way | undefined
  let lock: Lock | undefined
  let pace = freshPace
  const lanes = createLanes(random)
  let deadline = Infinity
  let attempting = new AbortController()

  const look = async () => {
    sleep.heed()
    if (replacement !== undefined) {
      await way.notifier.close()
      way = replacement
      replacement = undefined
      pace = bindingFor(way.settings, pace)
      lanes.clear()
    }
    if (!lock && (lock = tryLock(stateDir, `send ${name}`))) {
      pace = bindingFor(way.settings, takenOver(readPace(dir, stateEvents), now()))
      report.held(pace.notBefore, now())
    }
    await guarded(() => writeHeld(deadline < Infinity ? Infinity : now()))
    if (lock !== undefined) {
      await guarded(() => adoptBatches(stateDir, dir, locked))
      // At the end nothing more comes in to wait for.
      await guarded(() => outbox.poll(deadline < Infinity ? Infinity : now()))
      if (unsent() > 0) await guarded(() => signs.give(pace, now()))
    } else await guarded(() => signs.look(now()))
    apart.look(now())
  }

  const work = async () => {
    // What the first look tells may be for others that are started just now.
    await Promise.resolve()
    for (;;) {
      await look()
      const notBefore = Math.max(pace.notBefore, lanes.held().closedUntil)
      const next = nextMessage(waiting(), { ...pace, notBefore }, way.notifier, now())
      if (now() >= deadline || (deadline < Infinity && isLeftToOthers())) return
      if (next.what !== 'nothing') await deliver(next.what)
      else if (next.at > deadline && !(isPatient && lock === undefined)) return
      else {
        const ms = Math.min(next.at - now(), lock ? pollMs : lockRetryMs)
        // Whatever comes in, nothing can be sent before.
        await sleep.during(Math.max(ms, Math.min(notBefore - now(), longestSleepMs)))
      }
    }
  }

  const unsent = () => countUnsent(outbox, apart)

  const waiting = () => ({ ...outbox.waiting(), apart: apart.turn(), ...lanes.held() })

  /** Whether another process is the sender, and there is nothing to wait for. */
  const isLeftToOthers = () =>
    lock === undefined &&
    outbox.all().length === 0 &&
    !(isPatient && countWaiting(dir) > 0)

  const deliver = async (what: Chosen['what']) => {
    let chosen: Chosen | undefined
    const isReadable = await guarded(async () => {
      const next = apart.next()
      chosen = await chooseMessage(what, next, outbox, stateDir, alertLog, now())
      if (chosen === undefined && what === 'apart') apart.settled(next)
    })
    if (chosen === undefined) return isReadable ? undefined : sleep.during(pollMs)
    pace = attempted(pace, now())
    await keepPace()
    attempting = new AbortController()
    const result = await attemptSafely(way.notifier, chosen.message, attempting.signal)
    pace = ended(pace, now())
    report.attempted(result)
    if (result.outcome !== 'delivered') chosen.discard()
    await settle(chosen, result)
    await keepPace()
  }

  const keepPace = () => guarded(() => lock && writePace(dir, pace))

  const settle = async (chosen: Chosen, result: Attempt) => {
    const { outcome, reason } = result
    switch (outcome) {
      case 'delivered':
        report.delivered(chosen.message)
        apart.delivered(chosen)
        lanes.clear()
        pace = delivered(pace, chosen.what, chosen.isCritical, now())
        await settleEvents(chosen)
        return
      case 'refused':
        lanes.answered()
        return failed(chosen, reason, true)
      case 'retry':
        if (!attempting.signal.aborted) await retry(chosen, result)
        return
      case 'suspended':
        report.suspended(reason)
        lanes.close(now() + suspensionMs)
    }
  }

  const settleEvents = async (chosen: Chosen) => {
    apart.settled(chosen.places)
    await guarded(() => chosen.settle())
  }

  const retry = async (
    chosen: Chosen,
    { reason, retryAfterMs = 0 }: Extract<Attempt, { outcome: 'retry' }>,
  ) => {
    const notBefore = now() + retryAfterMs
    report.retrying(reason, now(), notBefore)
    hold(chosen, retryAfterMs)
    if (retryAfterMs > 0) pace = { ...pace, notBefore }
    return failed(chosen, reason, false)
  }

  const hold = ({ what, isCritical }: Chosen, leastMs: number) => {
    const lane = isCritical ? 'critical' : what === 'apart' ? what : 'others'
    lanes.failed(lane, now(), leastMs)
  }

  /** What the destination fails on must not hold up anything else. */
  const failed = async (chosen: Chosen, reason: string, isRefused: boolean) => {
    const verdict = apart.failed(chosen, isRefused, now())
    if (verdict === 'give up') return giveUp(chosen, reason)
    if (verdict === 'try on') return
    if (isRefused) report.takenApart(chosen.message, reason)
    if (chosen.what !== 'batch') return
    await guarded(() => locked(() => outbox.batch()?.dissolve()))
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
    if (!isKept) return hold(chosen, 0)
    await settleEvents(chosen)
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
    const isOurs = lock !== undefined || !(isPatient || signs.isMissing)
    return isOurs ? unsent() : countWaiting(dir)
  }

  const working = work()
  let drained: Promise<number> | undefined
  return {
    wake: () => sleep.wake(),
    hold(alerts) {
      outbox.hold(alerts)
      sleep.wake()
    },
    backlog: () => lock && backlogOf(name, outbox, apart),
    use(other) {
      replacement = other
      sleep.wake()
    },
    drain: limitMs => (drained ??= drain(limitMs)),
  }
}
