// One destination's queue: messages in order, one attempt at a time, until each is delivered or
// refused. `send` is the one way in. What waits is in memory only; the alert log has it on disk.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Alert } from '../alert/alert.js'
import type { Counters } from '../counters.js'
import { attemptSafely } from './attempt.js'
import { backoffMs } from './backoff.js'
import {
  createDeliveryReport,
  type DeliveryReport,
  type DeliveryReportOptions,
} from './delivery-report.js'
import type { Attempt, Notifier } from './notifier.js'

/** Sends alerts to one destination, without anyone having to wait for it. */
export interface Sender {
  /** Queues alerts as one message, or as few as the destination can hold. Never blocks or throws. */
  send(alerts: readonly Alert[]): void
  /**
   * Tries what is waiting for at most `limitMs`, but doesn't wait out a pause that ends later;
   * then closes the notifier. Gives the number of alerts unsent. Nothing can be sent afterwards.
   */
  drain(limitMs: number): Promise<number>
}

/** What a sender works with. */
export interface SenderOptions extends DeliveryReportOptions {
  /** In [0, 1); spreads the attempts. */
  readonly random?: () => number
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number
  /** Resolves after `ms`, or at once when the signal is aborted; never rejects. */
  readonly delay?: (ms: number, signal: AbortSignal) => Promise<void>
}

type Message = readonly Alert[]

interface State {
  readonly notifier: Notifier
  readonly report: DeliveryReport
  readonly counters: Counters
  readonly random: () => number
  readonly now: () => number
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>
  /** The first is the one being tried; it stays until its fate is known. */
  readonly queue: Message[]
  working: Promise<void> | undefined
  /** Failures in a row of the first message. */
  failures: number
  deadline: number
  isOver: boolean
  /** When the pause under way ends. */
  resumesAt: number
  /** Ends the attempt or the pause under way. */
  current: AbortController
}

const maxWaiting = 10_000
const suspensionMs = 10 * 60_000
/** setTimeout takes no more, and fires at once instead. */
const maxTimerMs = 2 ** 31 - 1

/** Starts with nothing to do: no timer and no connection before the first `send`. */
export function createSender(notifier: Notifier, options: SenderOptions): Sender {
  const state: State = {
    notifier,
    report: createDeliveryReport(notifier.name, options),
    counters: options.counters,
    random: options.random ?? Math.random,
    now: options.now ?? (() => performance.now()),
    delay: options.delay ?? delayMs,
    queue: [],
    working: undefined,
    failures: 0,
    deadline: Infinity,
    isOver: false,
    resumesAt: 0,
    current: new AbortController(),
  }
  let drained: Promise<number> | undefined
  return {
    send(alerts) {
      if (alerts.length === 0) return
      const light = alerts.map(withoutEntry)
      for (const message of notifier.split?.(light) ?? [light]) enqueue(state, message)
      state.working ??= work(state)
    },
    drain: limitMs => (drained ??= drain(state, limitMs)),
  }
}

function delayMs(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => undefined)
}

/** The raw entry is unmasked and may be large: it neither waits in memory nor leaves the host. */
function withoutEntry({ entryJson: _entryJson, line: _line, ...alert }: Alert): Alert {
  return alert
}

function enqueue({ queue, report, counters, isOver }: State, message: Message): void {
  if (isOver) {
    counters.add('unsent')
    return
  }
  queue.push(message)
  if (queue.length <= maxWaiting) return
  // Not the first: it is being tried, and may be delivered yet.
  queue.splice(1, 1)
  report.dropped(maxWaiting)
}

async function work(state: State): Promise<void> {
  // Not within `send`: the reader should have its turn first.
  await Promise.resolve()
  for (let message; !state.isOver && (message = state.queue[0]);) {
    const pauseMs = settle(state, message, await begin(state, message))
    if (pauseMs > 0) await pause(state, pauseMs)
  }
  state.working = undefined
}

function begin(state: State, message: Message): Promise<Attempt> {
  state.current = new AbortController()
  return attemptSafely(state.notifier, message, state.current.signal)
}

/** Draws the consequences, and gives the pause before the next attempt in milliseconds. */
function settle(state: State, message: Message, attempt: Attempt): number {
  const { report, random, isOver } = state
  const { outcome, reason } = attempt
  switch (outcome) {
    case 'delivered':
      report.delivered()
      return next(state)
    case 'refused':
      report.refused(message, reason)
      return next(state)
    case 'retry': {
      if (isOver) return 0
      report.retrying(reason)
      state.failures += 1
      return Math.max(attempt.retryAfterMs ?? 0, backoffMs(state.failures, random()))
    }
    case 'suspended':
      if (isOver) return 0
      report.suspended(reason)
      return suspensionMs
  }
}

/** Done with the first message; the next may be tried at once. */
function next(state: State): number {
  const { queue, report } = state
  queue.shift()
  state.failures = 0
  if (queue.length === 0) report.caughtUp()
  return 0
}

async function pause(state: State, ms: number): Promise<void> {
  const { now, delay } = state
  state.resumesAt = now() + ms
  if (state.resumesAt > state.deadline) return stop(state)
  state.current = new AbortController()
  const { signal } = state.current
  for (let left = ms; left > 0 && !signal.aborted; left -= maxTimerMs) {
    await delay(Math.min(left, maxTimerMs), signal)
  }
  state.resumesAt = 0
}

function stop(state: State): void {
  state.isOver = true
  state.current.abort()
}

async function drain(state: State, limitMs: number): Promise<number> {
  const { queue, notifier, counters, now, delay } = state
  state.deadline = now() + limitMs
  if (state.resumesAt > state.deadline) stop(state)
  const limit = new AbortController()
  void delay(limitMs, limit.signal).then(() => stop(state))
  while (state.working) await state.working
  limit.abort()
  stop(state)
  counters.add('unsent', queue.length)
  await notifier.close()
  return queue.reduce((sum, message) => sum + message.length, 0)
}
