import { dirname } from 'node:path'
import type { Alert, OngoingAlert } from './alert/alert.js'
import { isOwnAlert, ownAlert, type OwnAlert } from './alert/own-alert.js'
import type { DestinationConfig } from './config/config.js'
import { lockBatch } from './delivery/batch.js'
import { requeueDeadLetters } from './delivery/dead-letters.js'
import type { Backlog } from './delivery/backlog.js'
import { createDispatch } from './delivery/dispatch.js'
import { watchDisks } from './disk-space.js'
import type { Options } from './options.js'
import type { Output } from './output.js'
import { recorderEvents } from './recorder-events.js'
import type { Shell } from './shell.js'
import type { Lock } from './state/lock.js'
import { abandonedOutboxes } from './state/abandoned-outboxes.js'
import { openOwnMessages, type OwnMessage } from './state/own-messages.js'
import { closeBatch, outboxDir } from './state/outbox-files.js'
import { createRecorder } from './state/recorder.js'
import type { StateEvents } from './state/state-events.js'

/** At the end of the input, what is unsent is tried for at most this long. */
const drainLimitMs = 10_000
/** How often what could not be written is tried again, and the disks are looked at. */
const tickMs = 5_000

/** An output that records and sends. */
export interface LiveOutput extends Output {
  /** What keeps the state folder from being used, in words; before anything is recorded. */
  stateFault(): string | undefined
  /** Alerts over time that are recorded reach further by now. */
  extend(alerts: readonly OngoingAlert[]): void
  /** Sends to these destinations from now on. */
  configure(destinations: readonly DestinationConfig[]): void
  /** Puts a destination's dead letters back into its outbox; gives how many messages these are. */
  requeue(destination: string): number
  /** Warns of what waits for destinations that `configure` wasn't given: it would wait unnoticed. */
  warnOfAbandoned(): void
  /** What waits for the destinations that this process sends to. */
  backlogs(): Backlog[]
  /** Takes what goes wrong with the files of the state folder. */
  readonly stateEvents: StateEvents
  /** Sends what waits, for a while; gives how many messages are unsent. */
  drain(): Promise<number>
}

/** Something of the handler's own that is to be recorded and sent. */
interface Saying {
  readonly own: OwnAlert
  /** The destination that is not to get it. */
  readonly except: string | undefined
  /** It may go out, whatever has gone out within the hour. */
  readonly isAdmitted: boolean
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
  const { log, stateDir, alertLog, configFile } = options
  const { counters, diagnostics, env, now } = shell
  const unsaid: Saying[] = []
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

  const locked = <Result>(action: () => Result): Result =>
    busy(() => recorder.locked(action))

  const say = (own: OwnAlert, except?: string, isAdmitted = false) => {
    diagnostics.error(own.title)
    unsaid.push({ own, except, isAdmitted })
    if (!isBusy) sayAll()
  }
  const sayAll = () => {
    const next = unsaid.shift()
    if (next === undefined) return
    record([ownAlert(next.own, log, now(), alertLog)], undefined, next)
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
    locked,
    isPatient,
    onSuspended: title =>
      say({ kind: 'handler-destination-suspended', title, detail: title }, name),
    onGivenUp: title =>
      say({ kind: 'handler-message-refused', title, detail: title }, name),
  }))

  const record = (
    alerts: readonly Alert[],
    into: string | undefined,
    { except, isAdmitted = false }: Partial<Saying> = {},
  ): void => {
    const route = (found: readonly Alert[]) => {
      const loud = found.filter(isLoud)
      const shown = isAdmitted ? loud : loud.flatMap(alert => admitted(alert, except))
      return dispatch.route(shown, into, except)
    }
    const { fresh, held } = busy(() => recorder.record(alerts, route))
    counters.add('recorded', alerts.length - fresh.length)
    for (const { rule, severity } of fresh) {
      counters.addLabelled('rule_alerts', [rule, severity])
    }
    for (const { destination, messages } of held) dispatch.hold(destination, messages)
    if (fresh.length > 0) dispatch.wake()
  }

  /**
   * The alert as its message shows it; none for one of the handler's own that is held back. What no
   * destination gets doesn't take the hour of its kind.
   */
  const admitted = (alert: Alert, except: string | undefined): Alert[] => {
    const { rule: kind, title } = alert
    if (!isOwnAlert(kind) || !dispatch.isHeard(alert, except)) return [alert]
    const held = ownMessages.admit({ kind, title, except }, now())
    if (held !== undefined) return [{ ...alert, title: withMore(title, held) }]
    counters.add('own_messages_held')
    return []
  }

  /** Says what was held back, where nothing else of its kind has come within the hour. */
  const sayOverdue = () => {
    if (!ownMessages.isAnyOverdue(now())) return
    // Under one lock with what is said of it, lest the other handler say it as well.
    const isHeard = ({ kind, title, except }: OwnMessage) => {
      const own = ownAlert({ kind, title, detail: title }, log, now(), alertLog)
      return dispatch.isHeard(own, except)
    }
    locked(() => {
      for (const { kind, title, except, more } of ownMessages.overdue(now(), isHeard)) {
        say({ kind, title: withMore(title, more), detail: title }, except, true)
      }
    })
  }

  let batchLock: Lock | undefined
  const emit = (alerts: readonly Alert[]) => {
    if (batch !== undefined) {
      batchLock ??= locked(() => lockBatch(stateDir, batch))
    }
    for (const event of byEvent(alerts)) record(event, batch)
  }

  const disks = watchDisks([dirname(alertLog), stateDir])
  const tick = setInterval(() => {
    busy(() => recorder.complete())
    sayOverdue()
    for (const { folder, level, freePercent } of disks.look()) {
      const percent = freePercent.toFixed(1)
      const kind = level === 'full' ? 'handler-disk-full' : 'handler-disk-low'
      const title = `${percent} % free on the disk of ${folder}`
      say({ kind, title, detail: title })
    }
  }, tickMs).unref()

  const drain = async () => {
    clearInterval(tick)
    busy(() => recorder.end())
    if (batch !== undefined) {
      locked(() => {
        for (const name of dispatch.names()) closeBatch(outboxDir(stateDir, name), batch)
      })
    }
    batchLock?.release()
    const unsent = await dispatch.drain(drainLimitMs)
    counters.add('unsent', unsent)
    return unsent
  }

  return {
    say: own => say(own),
    stateFault: () => busy(() => recorder.fault()),
    configure(destinations) {
      dispatch.configure(destinations)
      // What a killed process has left half done; only now there is someone to tell of it.
      busy(() => recorder.complete())
    },
    emit,
    extend: alerts => busy(() => recorder.extend(alerts)),
    requeue: name => locked(() => requeueDeadLetters(stateDir, name, events)),
    warnOfAbandoned() {
      for (const { dir, waiting } of abandonedOutboxes(stateDir, dispatch.names())) {
        diagnostics.warn(
          `messages waiting in ${dir}: ${waiting}, for a destination that ${configFile} doesn't name; ` +
            'add its section again to send them, or delete the folder',
        )
      }
    },
    backlogs: () => dispatch.backlogs(),
    stateEvents: events,
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

function withMore(title: string, held: number): string {
  if (held === 0) return title
  return `${title.slice(0, 400)} (and ${held} more like it since the last message, in the alert log)`
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
