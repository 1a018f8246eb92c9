import type { Alert } from '../alert/alert.js'

/** What came of one attempt. `reason` is for people and holds no secret. */
export type Attempt =
  | { readonly outcome: 'delivered'; readonly reason: string }
  /** Passing trouble: try the same message again, not before `retryAfterMs` where it is given. */
  | { readonly outcome: 'retry'; readonly reason: string; readonly retryAfterMs?: number }
  /** The destination refuses this message; others may pass. */
  | { readonly outcome: 'refused'; readonly reason: string }
  /** The destination refuses everything (revoked, archived, forbidden): stop sending for a while. */
  | { readonly outcome: 'suspended'; readonly reason: string }

/** One destination. It knows whether to try again; the sender knows how. */
export interface Notifier {
  /** The name of its section in the ini. */
  readonly name: string
  /**
   * Sends one message that covers all these alerts (at least one). Never throws or rejects:
   * trouble is an attempt's outcome. An abort ends it as 'retry'.
   */
  send(alerts: readonly Alert[], signal: AbortSignal): Promise<Attempt>
  /**
   * Divides alerts into messages, each of which holds its alerts' ids and whole titles; without
   * it, any number goes into one.
   */
  split?(alerts: readonly Alert[]): Alert[][]
  /** Releases connections. */
  close(): Promise<void>
}
