import { setTimeout as pause } from 'node:timers/promises'

const POLL_MS = 20

/** Asks `probe` again and again until it answers with something, and returns that; throws after `timeoutMs`. */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  timeoutMs = 20_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await probe()
    if (answer !== false && answer != null)
      return answer as NonNullable<Exclude<T, false>>
    if (performance.now() > deadline)
      throw new Error(`${what}: still not so after ${timeoutMs / 1000} s`)
    await pause(POLL_MS)
  }
}
