import type { Alert } from '../alert/alert.js'
import { withOutcomes } from '../alert/with-outcomes.js'
import type { Message } from '../notify/notifier.js'
import type { Outbox } from '../state/outbox.js'
import type { Place } from '../state/place.js'
import type { WaitingEvents } from '../state/waiting-events.js'
import { composeDigest } from './compose-digest.js'

/** A message on its way, and the events that it covers. */
export interface Chosen {
  /** `apart`: events that were set apart, one or several. */
  readonly what: 'event' | 'digest' | 'batch' | 'apart'
  readonly message: Message
  /** A critical event by itself. */
  readonly isCritical: boolean
  /** Where its events stand; none for a batch. */
  readonly places: readonly Place[]
  /** The alerts of each event, read anew. */
  events(): Iterable<readonly Alert[]>
  /** Exactly these events don't wait any more. Throws errors of the file system. */
  settle(): void
  /** The message will not be read by anyone. */
  discard(): void
}

/**
 * Makes the message that is due; `apart` is what it is of where that was set apart. Gives undefined
 * where what waited is gone or unreadable, which is settled then. `now` is epoch milliseconds.
 * Rejects with errors of the file system.
 */
export async function chooseMessage(
  what: Chosen['what'],
  apart: readonly Place[],
  outbox: Outbox,
  stateDir: string,
  alertLog: string,
  now: number,
): Promise<Chosen | undefined> {
  if (what === 'event') return chooseEvent(what, outbox.first(), outbox)
  if (what === 'apart' && apart.length === 1) return chooseEvent(what, apart[0], outbox)
  const batch = what === 'batch' ? outbox.batch() : undefined
  const places = { batch: [], digest: outbox.all(), apart }[what]
  const waiting = batch ?? outbox.events(places)
  const events = () => messagesOf(waiting)
  const settle = () => waiting.settle()
  const reason = what === 'batch' ? 'replay' : 'flood'
  const composed = await composeDigest(events(), reason, stateDir, alertLog, now)
  if (composed === undefined) {
    settle()
    return undefined
  }
  const { digest, discard } = composed
  const message = { kind: 'digest', digest } as const
  return { what, message, isCritical: false, places, events, settle, discard }
}

function chooseEvent(
  what: 'event' | 'apart',
  place: Place | undefined,
  outbox: Outbox,
): Chosen | undefined {
  if (place === undefined) return undefined
  const waiting = outbox.events([place])
  const settle = () => waiting.settle()
  const alerts = withOutcomes([...waiting.read()].flat())
  if (alerts.length === 0) {
    settle()
    return undefined
  }
  return {
    what,
    message: { kind: 'alerts', alerts },
    isCritical: what === 'event' && alerts[0]?.severity === 'critical',
    places: [place],
    events: () => [alerts],
    settle,
    discard() {},
  }
}

/** What is left of a line where nothing but an outcome stood is no message. */
function* messagesOf(waiting: WaitingEvents): Generator<readonly Alert[]> {
  for (const line of waiting.read()) {
    const alerts = withOutcomes(line)
    if (alerts.length > 0) yield alerts
  }
}
