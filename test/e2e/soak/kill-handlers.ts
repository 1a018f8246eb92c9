import { setTimeout as pause } from 'node:timers/promises'
import type { LogSystem } from '../log-system.js'
import type { Alarm } from './alarm.js'
import type { Note } from './mishap.js'
import type { Random } from './seeded-random.js'

/** What kills are made at. */
export interface Alarms {
  /** A message was taken. */
  readonly delivery: Alarm
  /** A line that must alert was written. */
  readonly alert: Alarm
  /** Many at once. */
  readonly burst: Alarm
}

const logs = ['audit', 'server'] as const
const signals = [...Array<'SIGKILL'>(7).fill('SIGKILL'), 'SIGTERM'] as const
/** The longest that a kill waits for its moment. */
const waitMs = 12_000

/** What kills one or both of the handlers, mostly with -9, where it may hurt; syslog-ng starts them again. */
export function handlerKiller(
  system: LogSystem,
  random: Random,
  { delivery, alert, burst }: Alarms,
  note: Note,
): () => Promise<void> {
  const after = async (alarm: Alarm, longestMs: number, strike: () => void) => {
    await alarm.next(() => {}, waitMs)
    await pause(random.between(0, longestMs))
    strike()
  }
  const moments: Readonly<Record<string, (strike: () => void) => void | Promise<void>>> =
    {
      'at any time': strike => strike(),
      'at a delivery': strike => delivery.next(strike, waitMs),
      'at an alert': strike => after(alert, 60, strike),
      'in a burst': strike => after(burst, 300, strike),
    }
  const nextMoment = random.deck([...Object.keys(moments), 'at a delivery'])
  const nextSignal = random.deck(signals)
  return async () => {
    const moment = nextMoment()
    const signal = nextSignal()
    // One of them sends, and only they know which.
    const isBoth = moment === 'at a delivery' || random.chance(0.3)
    const victims = isBoth ? logs : [random.pick(logs)]
    const pids = await Promise.all(victims.map(log => system.handlerPid(log)))
    await moments[moment]!(
      () =>
        void note(signal === 'SIGKILL' ? 'kill' : signal, moment, () => {
          for (const pid of pids) strikeOne(pid, signal)
        }),
    )
  }
}

/** One that was told to end before may just have done so. */
function strikeOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
