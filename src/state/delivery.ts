import type { Alert } from '../alert/alert.js'

/** What one event has for one destination. */
export interface Delivery {
  readonly destination: string
  /** The alerts of each message, as they may leave the host. */
  readonly messages: readonly (readonly Alert[])[]
  /** The batch that they belong to, if they aren't to go out by themselves. */
  readonly batch: string | undefined
}
