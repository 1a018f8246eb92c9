import type { Options } from './options.js'
import type { LiveOutput } from './live-output.js'
import type { Pipeline } from './pipeline.js'
import type { Shell } from './shell.js'
import {
  correlationFile,
  lockCorrelation,
  readCorrelation,
  writeCorrelation,
} from './state/correlation-file.js'
import { setAside } from './state/set-aside.js'

/** Keeps what rules over time remember, and fires their deadlines while nothing comes in. */
export interface LiveCorrelation {
  /** Says what is lost, where the state of a rule can't be used any more. */
  dropped(reasons: readonly string[]): void
  /** Nothing more comes in: keeps the state for the next start. */
  end(): void
}

const tickMs = 1_000
/** A kill loses at most so much. */
const saveTicks = 10
/** How long a start waits for a handler before it, which ends, to leave its state. */
const handoverMs = 2_000
/**
 * How often, in ticks, the ledger is told of alerts that still count, so that a replay that begins
 * within what goes on for days takes it for that; and of how many at most, or they would fill it.
 */
const extendTicks = 3_600
const maxExtended = 1_000

/** What is kept: how long nothing had come in, and what rules over time remember. */
interface Saved {
  readonly idleMs: number
  readonly rules: unknown
}

/** Starts from what was kept; the pipeline has seen nothing so far. */
export function keepCorrelation(
  pipeline: Pipeline,
  output: Pick<LiveOutput, 'emit' | 'extend' | 'stateEvents'>,
  { stateDir, alertLog }: Options,
  { counters, diagnostics }: Shell,
): LiveCorrelation {
  const file = correlationFile(stateDir, alertLog)
  // At a restart of syslog-ng the next handler starts while this one still reads on.
  let lock = lockCorrelation(stateDir, alertLog, handoverMs)
  let idleMs = 0
  let known = 0
  let tickedAt = performance.now()
  let ticks = 0

  const dropped = (reasons: readonly string[]) => {
    for (const reason of reasons) {
      counters.add('state_dropped')
      diagnostics.warn(`state of rules over time dropped: ${reason}`)
    }
  }

  const restore = () => {
    try {
      const saved = readCorrelation(file) as Saved | undefined
      if (saved === undefined) return
      dropped(pipeline.restore(saved.rules))
      // While no handler ran nobody could tell silence from that; before and after it adds up.
      idleMs = saved.idleMs
    } catch (error) {
      dropped([`${file}: ${String(error)}`])
      putAside()
    }
  }

  /** A file that can't be read can't be moved either: that the folder can't be used is told. */
  const putAside = () => {
    try {
      output.stateEvents.corrupt(file, setAside(file, ''))
    } catch {
      counters.add('state_errors')
    }
  }

  /** Entries by which time goes on. */
  const timely = () =>
    counters.get('entries') - counters.get('late') - counters.get('ahead')

  /** Only by the one that has the lock: another's state isn't to be written over. */
  const save = () => {
    lock ??= lockCorrelation(stateDir, alertLog, 0)
    if (lock === undefined) return
    try {
      const saved: Saved = { idleMs, rules: pipeline.save() }
      writeCorrelation(file, saved)
    } catch (error) {
      counters.add('state_errors')
      diagnostics.debug(`${file} can't be written: ${String(error)}`)
    }
  }

  const extend = () => {
    const ongoing = pipeline.ongoing().slice(0, maxExtended)
    if (ongoing.length > 0) output.extend(ongoing)
  }

  const tick = () => {
    const now = performance.now()
    const isIdle = timely() === known
    known = timely()
    idleMs = isIdle ? idleMs + now - tickedAt : 0
    tickedAt = now
    if (isIdle) {
      const alerts = pipeline.idle(Math.floor(idleMs))
      if (alerts.length > 0) void output.emit(alerts)
    }
    ticks += 1
    if (ticks % saveTicks === 0) save()
    if (ticks % extendTicks === 0) extend()
  }

  restore()
  const timer = setInterval(tick, tickMs)
  return {
    dropped,
    end() {
      clearInterval(timer)
      extend()
      save()
      lock?.release()
    },
  }
}
