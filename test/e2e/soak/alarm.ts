/** Something to wait for. */
export interface Alarm {
  ring(): void
  /** Calls `action` as soon as it rings, within that call, or after `ms`; resolves then. */
  next(action: () => void, ms: number): Promise<void>
}

/** An alarm that anyone can wait for. */
export function createAlarm(): Alarm {
  let waiting: (() => void)[] = []
  return {
    ring() {
      const woken = waiting
      waiting = []
      for (const wake of woken) wake()
    },
    next: (action, ms) =>
      new Promise(resolve => {
        const wake = () => {
          clearTimeout(timer)
          waiting = waiting.filter(other => other !== wake)
          action()
          resolve()
        }
        const timer = setTimeout(wake, ms)
        waiting.push(wake)
      }),
  }
}
