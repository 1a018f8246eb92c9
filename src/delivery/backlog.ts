import type { Outbox } from '../state/outbox.js'
import type { SetApart } from './set-apart.js'

/** What waits for one destination. */
export interface Backlog {
  readonly destination: string
  readonly messages: number
  /** When the alert that has waited longest was raised, RFC 3339. */
  readonly oldest: string | undefined
}

/** What waits in an outbox, and what was set apart of it. */
export function backlogOf(destination: string, outbox: Outbox, apart: SetApart): Backlog {
  const messages = countUnsent(outbox, apart)
  return { destination, messages, oldest: outbox.oldest() }
}

/** How many messages that are. */
export function countUnsent(outbox: Outbox, apart: SetApart): number {
  const { critical, others, batches, awaiting } = outbox.waiting()
  return critical + others + batches + awaiting + apart.count()
}
