import type { Alert } from '../alert/alert.js'
import type { Counters } from '../counters.js'
import type { Diagnostics } from '../diagnostics.js'

/** What becomes of a destination's messages, counted and said: a trouble once, not at each attempt. */
export interface DeliveryReport {
  delivered(): void
  refused(alerts: readonly Alert[], reason: string): void
  retrying(reason: string): void
  suspended(reason: string): void
  /** A message was dropped because `maxWaiting` others are waiting. */
  dropped(maxWaiting: number): void
  /** Nothing is waiting any more. */
  caughtUp(): void
}

/** Where a report goes. */
export interface DeliveryReportOptions {
  readonly counters: Counters
  readonly diagnostics: Diagnostics
  /**
   * Called once when the destination begins to refuse everything, with a sentence that names it
   * and says why. Must not throw.
   */
  readonly onSuspended?: (reason: string) => void
}

/** Reports on the destination of this name. */
export function createDeliveryReport(
  name: string,
  { counters, diagnostics, onSuspended }: DeliveryReportOptions,
): DeliveryReport {
  let known: string | undefined
  let isSuspended = false
  let isDropping = false
  const say = (trouble: string) => {
    if (trouble !== known) diagnostics.error(trouble)
    known = trouble
  }
  const answers = () => {
    known = undefined
    isSuspended = false
  }
  return {
    delivered() {
      counters.add('deliveries')
      if (known !== undefined) diagnostics.info(`${name} delivers again`)
      answers()
    },
    refused(alerts, reason) {
      counters.add('delivery_refused')
      const ids = alerts.map(alert => alert.id).join(', ')
      diagnostics.error(`${name} refused alert ${ids}: ${reason}`)
      answers()
    },
    retrying(reason) {
      counters.add('delivery_retries')
      say(`${name} doesn't deliver, trying on: ${reason}`)
    },
    suspended(reason) {
      say(`${name} is suspended, trying again every 10 minutes: ${reason}`)
      if (isSuspended) return
      isSuspended = true
      counters.add('delivery_suspensions')
      onSuspended?.(`${name} is suspended: ${reason}`)
    },
    dropped(maxWaiting) {
      counters.add('delivery_dropped')
      if (isDropping) return
      isDropping = true
      diagnostics.error(
        `${name}: over ${maxWaiting} messages are waiting; the oldest are dropped, ` +
          'and are in the alert log only',
      )
    },
    caughtUp() {
      isDropping = false
    },
  }
}
