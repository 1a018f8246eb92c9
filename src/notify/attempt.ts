import type { Alert } from '../alert/alert.js'
import type { Attempt, Notifier } from './notifier.js'

/**
 * One attempt that never rejects and ends with the signal, also where the notifier breaks its
 * contract: an abort that it doesn't look at ends as 'retry'; what it throws is 'refused', since
 * it would throw again and hold up all other messages.
 */
export function attemptSafely(
  notifier: Notifier,
  alerts: readonly Alert[],
  signal: AbortSignal,
): Promise<Attempt> {
  const aborted = new Promise<Attempt>(resolve => {
    const stopped = { outcome: 'retry', reason: 'stopped at the time limit' } as const
    signal.addEventListener('abort', () => resolve(stopped), { once: true })
  })
  return Promise.race([sendOrRefuse(notifier, alerts, signal), aborted])
}

async function sendOrRefuse(
  notifier: Notifier,
  alerts: readonly Alert[],
  signal: AbortSignal,
): Promise<Attempt> {
  try {
    return await notifier.send(alerts, signal)
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error
    return { outcome: 'refused', reason: `unexpected ${name}` }
  }
}
