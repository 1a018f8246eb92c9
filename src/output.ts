import type { Alert } from './alert/alert.js'
import type { OwnAlert } from './alert/own-alert.js'

/** Where alerts go. */
export interface Output {
  /** Takes the alerts of one event. A returned promise holds up the reading until it is settled. */
  emit(alerts: readonly Alert[]): void | Promise<void>
  /** Takes something of the handler's own. */
  say(own: OwnAlert): void
  /** Ends what is under way. */
  end(): Promise<void>
}
