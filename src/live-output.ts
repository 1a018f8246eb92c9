import { dirname } from 'node:path'
import type { Alert } from './alert/alert.js'
import { isOwnAlert, ownAlert, type OwnAlert } from './alert/own-alert.js'
import type { DestinationConfig } from './config/config.js'
import { isSampled } from './counters.js'
import { lockBatch } from './delivery/batch.js'
import { requeueDeadLetters } from './delivery/dead-letters.js'
import { createDispatch } from './delivery/dispatch.js'
import { watchDisks } from './disk-space.js'
import type { Options } from './options.js'
import type { Output } from './output.js'
import type { Shell } from './shell.js'
import { openOwnMessages } from './state/own-messages.js'
import { closeBatch, outboxDir } from './state/outbox-files.js'
import { createRecorder, type RecorderEvents } from './state/recorder.js'

/** At the end of the input, what is unsent is tried for at most this long. */
const drainLimitMs = 10_000
/** How often what could not be written is tried again, and the disks are looked at. */
const tickMs = 5_000

/** An output that records and sends. */
export interface LiveOutput extends Output {
  /** Records and sends something of the handler's own, but not to the destination `except`. */
  say(own: OwnAlert, except?: string): void
  /** Sends to these destinations from now on. */
  configure(destinations: readonly DestinationConfig[]): void
  /** Puts a destination's dead letters back into its outbox; gives how many messages these are. */
  requeue(destination: string): number
  /** Sends what waits, for a while; gives how many messages are unsent. */
  drain(): Promise<number>
}

/** How alerts are to be sent. */
export interface Sending {
  /** A batch that they wait in until the drain, instead of going out by themselves. */
  readonly batch?: string
  /** The drain waits also for what another process is to send. */
  readonly isPatient?: boolean
}

/** The alert log first, then the destinations, which are never waited for. */
export function liveOutput(
  options: Options,
  shell: Shell,
  { batch, isPatient = false }: Sending = {},
): LiveOutput {
  const { log, stateDir, alertLog } = options
  const { counters, diagnostics, env, now } = shell
  const unsaid: { own: OwnAlert; except: string | undefined }[] = []
  let isBusy = false

  /** Uses the recorder; what is said meanwhile waits, since the state lock is held. */
  const busy = <Result>(action: () => Result): Result => {
    isBusy = true
    try {
      return action()
    } finally {
      isBusy = false
      sayAll()
    }
  }

  const say = (own: OwnAlert, except?: string) => {
    diagnostics.error(own.title)
    unsaid.push({ own, except })
    if (!isBusy) sayAll()
  }
  const sayAll = () => {
    const next = unsaid.shift()
    if (next === undefined) return
    record([ownAlert(next.own, log, now(), alertLog)], undefined, next.except)
  }

  const events = recorderEvents(shell, alertLog, say)
  const ownMessages = openOwnMessages(stateDir, events)
  const recorder = createRecorder(stateDir, alertLog, now, events)
  const dispatch = createDispatch({ env, now }, name => ({
    counters,
    diagnostics,
    stateDir,
    alertLog,
    stateEvents: events,
    locked: action => busy(() => recorder.locked(action)),
    isPatient,
    onSuspended: title =>
      say({ kind: 'handler-destination-suspended', title, detail: title }, name),
    onGivenUp: title =>
      say({ kind: 'handler-message-refused', title, detail: title }, name),
  }))

  const record = (
    alerts: readonly Alert[],
    into: string | undefined,
    except?: string,
  ): void => {
    const route = (found: readonly Alert[]) =>
      dispatch.route(found.filter(isLoud).flatMap(admitted), into, except)
    const { fresh, held } = busy(() => recorder.record(alerts, route))
    counters.add('recorded', alerts.length - fresh.length)
    for (const { destination, messages } of held) dispatch.hold(destination, messages)
    if (fresh.length > 0) dispatch.wake()
  }

  /** The alert as its message shows it; none for one of the handler's own that is held back. */
  const admitted = (alert: Alert): Alert[] => {
    if (!isOwnAlert(alert.rule)) return [alert]
    const held = ownMessages.admit(alert.rule, now())
    if (held === undefined) {
      counters.add('own_messages_held')
      return []
    }
    const more = ` (and ${held} more like it since the last message, in the alert log)`
    return [
      held === 0 ? alert : { ...alert, title: `${alert.title.slice(0, 400)}${more}` },
    ]
  }

  const batchLock =
    batch === undefined
      ? undefined
      : busy(() => recorder.locked(() => lockBatch(stateDir, batch)))

  const disks = watchDisks([dirname(alertLog), stateDir])
  const tick = setInterval(() => {
    busy(() => recorder.complete())
    for (const { folder, level, freePercent } of disks.look()) {
      const percent = freePercent.toFixed(1)
      const kind = level === 'full' ? 'handler-disk-full' : 'handler-disk-low'
      const title = `${percent} % free on the disk of ${folder}`
      say({ kind, title, detail: title })
    }
  }, tickMs)

  const drain = async () => {
    clearInterval(tick)
    busy(() => recorder.end())
    if (batch !== undefined) {
      busy(() =>
        recorder.locked(() => {
          for (const name of dispatch.names())
            closeBatch(outboxDir(stateDir, name), batch)
        }),
      )
    }
    batchLock?.release()
    const unsent = await dispatch.drain(drainLimitMs)
    counters.add('unsent', unsent)
    return unsent
  }

  return {
    say,
    configure(destinations) {
      dispatch.configure(destinations)
      // What a killed process has left half done; only now there is someone to tell of it.
      busy(() => recorder.complete())
    },
    emit(alerts) {
      for (const event of byEvent(alerts)) record(event, batch)
    },
    requeue: name =>
      busy(() => recorder.locked(() => requeueDeadLetters(stateDir, name, events))),
    drain,
    async end() {
      const unsent = await drain()
      if (unsent > 0) {
        diagnostics.error(
          `unsent messages: ${unsent}; the next start sends what is on disk`,
        )
      }
    },
  }
}

function isLoud({ isQuiet }: Alert): boolean {
  return isQuiet !== true
}

/** Alerts on one request go into one message; deadlines are events of their own. */
function byEvent(alerts: readonly Alert[]): Alert[][] {
  const events = new Map<string, Alert[]>()
  for (const alert of alerts) {
    events.set(alert.event, [...(events.get(alert.event) ?? []), alert])
  }
  return [...events.values()]
}

/** What goes wrong on the way to the disk: counted, and said. */
function recorderEvents(
  { counters, diagnostics }: Shell,
  alertLog: string,
  say: (own: OwnAlert) => void,
): RecorderEvents {
  return {
    corrupt(file, aside) {
      counters.add('state_corrupt')
      const title = `${file} held what was never written there; it is in ${aside} now`
      say({ kind: 'handler-state-corrupt', title, detail: title })
    },
    cut(file) {
      counters.add('state_corrupt')
      const title = `${file} was shortened or replaced by something else: messages that waited in it may be lost; they are in the alert log`
      say({ kind: 'handler-state-corrupt', title, detail: title })
    },
    evicted(ids) {
      counters.add('ledger_evicted', ids)
      diagnostics.warn(
        `${ids} alert ids forgotten early: a replay may repeat their alerts`,
      )
    },
    dropped(destination, events) {
      counters.add('delivery_dropped', events)
      const title = `${events} messages for ${destination} dropped, since too many were waiting; they are in the alert log only`
      say({ kind: 'handler-messages-dropped', title, detail: title })
    },
    failing(what, code, file) {
      counters.add(what === 'alert log' ? 'alert_log_errors' : 'state_errors')
      const effect =
        what === 'alert log'
          ? `${file} can't be written: ${code}; alerts are sent, and written when it can be`
          : `the state folder can't be written: ${code}; alerts are sent, but a restart may lose or repeat some`
      say({ kind: 'handler-write-failed', title: effect, detail: effect })
    },
    recovered(what) {
      diagnostics.info(`the ${what} can be written again`)
    },
    unlocked() {
      counters.add('state_unlocked')
      diagnostics.warn('a process holds the state lock and is stuck; going on without it')
    },
    lost(records) {
      counters.add('records_lost', records)
      if (!isSampled(counters.get('records_lost'))) return
      diagnostics.error(`alerts missing in ${alertLog}: ${counters.get('records_lost')}`)
    },
  }
}
