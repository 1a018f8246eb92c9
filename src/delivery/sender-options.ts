import type { StateEvents } from '../state/state-events.js'
import type { DeliveryReportOptions } from './delivery-report.js'

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
