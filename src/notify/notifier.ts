import type { Alert } from '../alert/alert.js'
import type { Digest } from '../alert/digest.js'

/** What one message says. */
export type Message =
  /** The alerts of one event (at least one), the most severe first; or some of them (see `split`). */
  | { readonly kind: 'alerts'; readonly alerts: readonly Alert[] }
  /** More alerts than can be sent one by one, in sum. */
  | { readonly kind: 'digest'; readonly digest: Digest }

/** What came of one attempt. `reason` is for people and holds no secret. */
export type Attempt =
  | { readonly outcome: 'delivered'; readonly reason: string }
  /** Passing trouble: try the same message again, not before `retryAfterMs` where it is given. */
  | { readonly outcome: 'retry'; readonly reason: string; readonly retryAfterMs?: number }
  /** The destination refuses this message; others may pass. */
  | { readonly outcome: 'refused'; readonly reason: string }
  /** The destination refuses everything (revoked, archived, forbidden): stop sending for a while. */
  | { readonly outcome: 'suspended'; readonly reason: string }

/** How a kind of destination takes messages, whatever its section says. */
export interface Channel {
  /** Two messages are at least this many milliseconds apart: the channel's own limit. */
  readonly intervalMs: number
  /** When more events than this are waiting, they go as one digest. */
  readonly digestOver: number
  /** Whether messages hold the log's entries; for people they don't. */
  readonly wantsEntry?: boolean
  /**
   * Divides the alerts of one event into messages, each of which holds its alerts' ids and whole
   * titles; without it, any number goes into one. Pure.
   */
  split?(alerts: readonly Alert[]): Alert[][]
}

/** One destination. It knows whether to try again; the sender knows how. */
export interface Notifier extends Channel {
  /** Its section in the ini, such as `slack` or `slack-oncall`. */
  readonly name: string
  /**
   * Sends one message. Never throws or rejects: trouble is an attempt's outcome. An abort ends it
   * as 'retry'.
   */
  send(message: Message, signal: AbortSignal): Promise<Attempt>
  /** Releases connections. */
  close(): Promise<void>
}
