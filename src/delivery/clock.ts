import { setTimeout as sleep } from 'node:timers/promises'

/** A clock of epoch milliseconds that goes on evenly, also when the machine's is set. */
export function steadyClock(): () => number {
  const origin = Date.now() - performance.now()
  return () => origin + performance.now()
}

/** Resolves after `ms`, or at once when the signal is aborted; never rejects. */
export function delayMs(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => undefined)
}
