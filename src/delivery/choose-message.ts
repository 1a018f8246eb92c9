import type { Alert } from '../alert/alert.js'
import type { Message } from '../notify/notifier.js'
import type { Outbox, Place } from '../state/outbox.js'
import { composeDigest } from './compose-digest.js'

/** A message on its way, and the events that it covers. */
export interface Chosen {
  readonly what: 'event' | 'digest' | 'batch'
  readonly message: Message
  /** A critical event by itself. */
  readonly isCritical: boolean
  /** Where an event by itself stands. */
  readonly place?: Place
  /** The alerts of each event, read anew. */
  events(): Iterable<readonly Alert[]>
  /** Exactly these events don't wait any more. Throws errors of the file system. */
  settle(): void
  /** The message will not be read by anyone. */
  discard(): void
}

/**
 * Makes the message that is due. Gives undefined where what waited is gone or unreadable, which is
 * settled then. `now` is epoch milliseconds. Rejects with errors of the file system.
 */
export async function chooseMessage(
  what: Chosen['what'],
  outbox: Outbox,
  stateDir: string,
  alertLog: string,
  now: number,
): Promise<Chosen | undefined> {
  if (what === 'event') return chooseEvent(outbox)
  const batch = what === 'batch' ? outbox.batch() : undefined
  const places = batch === undefined ? outbox.all() : []
  const events = () => batch?.read() ?? outbox.read(places)
  const settle = () => (batch ? batch.settle() : outbox.settle(places))
  const reason = what === 'batch' ? 'replay' : 'flood'
  const composed = await composeDigest(events(), reason, stateDir, alertLog, now)
  if (composed === undefined) {
    settle()
    return undefined
  }
  const { digest, discard } = composed
  const message = { kind: 'digest', digest } as const
  return { what, message, isCritical: false, events, settle, discard }
}

function chooseEvent(outbox: Outbox): Chosen | undefined {
  const place = outbox.first()
  if (place === undefined) return undefined
  const settle = () => outbox.settle([place])
  const [alerts] = outbox.read([place])
  if (alerts === undefined) {
    settle()
    return undefined
  }
  return {
    what: 'event',
    message: { kind: 'alerts', alerts },
    isCritical: alerts[0]?.severity === 'critical',
    place,
    events: () => [alerts],
    settle,
    discard() {},
  }
}
