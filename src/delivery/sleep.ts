/** Waits, until something comes in. */
export interface Sleep {
  /** Resolves after `ms`, or at the next `wake`, or at once where there was one since `heed`. */
  during(ms: number): Promise<void>
  wake(): void
  /** What came in so far is seen. */
  heed(): void
}

/** `delay` resolves after `ms`, or at once when the signal is aborted; it never rejects. */
export function createSleep(
  delay: (ms: number, signal: AbortSignal) => Promise<void>,
): Sleep {
  let isWoken = false
  let sleeping = new AbortController()
  return {
    async during(ms) {
      sleeping = new AbortController()
      if (!isWoken) await delay(Math.max(1, ms), sleeping.signal)
    },
    wake() {
      isWoken = true
      sleeping.abort()
    },
    heed() {
      isWoken = false
    },
  }
}
