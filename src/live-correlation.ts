import type { Options } from './options.js'
import type { LiveOutput } from './live-output.js'
import type { Pipeline } from './pipeline.js'
import type { Shell } from './shell.js'
import {
  correlationFile,
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

/** Starts from what was kept; the pipeline has seen nothing so far. */
export function keepCorrelation(
  pipeline: Pipeline,
  output: Pick<LiveOutput, 'emit' | 'say'>,
  { stateDir, alertLog }: Options,
  { counters, diagnostics }: Shell,
): LiveCorrelation {
  const file = correlationFile(stateDir, alertLog)
  let idleMs = 0
  let bytes = 0
  let tickedAt = performance.now()
  let ticks = 0
  let savedAt = -1

  const dropped = (reasons: readonly string[]) => {
    for (const reason of reasons) {
      counters.add('state_dropped')
      diagnostics.warn(`state of rules over time dropped: ${reason}`)
    }
  }

  const restore = () => {
    try {
      const saved = readCorrelation(file)
      if (saved !== undefined) dropped(pipeline.restore(saved))
    } catch (error) {
      dropped([`${file}: ${String(error)}`])
      putAside()
    }
  }

  /** A file that can't be read can't be moved either: that the folder can't be used is told. */
  const putAside = () => {
    try {
      const aside = setAside(file, '')
      counters.add('state_corrupt')
      const title = `${file} held what was never written there; it is in ${aside} now`
      output.say({ kind: 'handler-state-corrupt', title, detail: title })
    } catch {
      counters.add('state_errors')
    }
  }

  const save = () => {
    const entries = counters.get('entries')
    if (entries === savedAt) return
    try {
      writeCorrelation(file, pipeline.save())
      savedAt = entries
    } catch (error) {
      counters.add('state_errors')
      diagnostics.debug(`${file} can't be written: ${String(error)}`)
    }
  }

  const tick = () => {
    const now = performance.now()
    const isIdle = counters.get('bytes') === bytes
    bytes = counters.get('bytes')
    idleMs = isIdle ? idleMs + now - tickedAt : 0
    tickedAt = now
    if (isIdle) {
      const alerts = pipeline.idle(Math.floor(idleMs))
      if (alerts.length > 0) void output.emit(alerts)
    }
    if (++ticks % saveTicks === 0) save()
  }

  restore()
  const timer = setInterval(tick, tickMs)
  return {
    dropped,
    end() {
      clearInterval(timer)
      save()
    },
  }
}
