import type { Attempt, Message, Notifier } from '../notify/notifier.js'

/**
 * One attempt that never rejects and ends with the signal, also where the notifier breaks its
 * contract: an abort that it doesn't look at ends as 'retry'; what it throws is 'refused', since
 * it would throw again and hold up all other messages.
 */
export function attemptSafely(
  notifier: Notifier,
  message: Message,
  signal: AbortSignal,
): Promise<Attempt> {
  const aborted = new Promise<Attempt>(resolve => {
    const stopped = { outcome: 'retry', reason: 'stopped at the time limit' } as const
    signal.addEventListener('abort', () => resolve(stopped), { once: true })
  })
  return Promise.race([sendOrRefuse(notifier, message, signal), aborted])
}

async function sendOrRefuse(
  notifier: Notifier,
  message: Message,
  signal: AbortSignal,
): Promise<Attempt> {
  try {
    return await notifier.send(message, signal)
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error
    return { outcome: 'refused', reason: `unexpected ${name}` }
  }
}
