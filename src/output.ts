import type { Alert } from './alert/alert.js'

/** Where alerts go. */
export interface Output {
  /** Takes the alerts of one event. A returned promise holds up the reading until it is settled. */
  emit(alerts: readonly Alert[]): void | Promise<void>
  /** Ends what is under way. */
  end(): Promise<void>
}
