import type { Alert } from './alert/alert.js'
import { isSampled } from './counters.js'
import { readLines, type LineLimits } from './lines.js'
import type { Output } from './output.js'
import type { Pipeline } from './pipeline.js'
import type { Shell } from './shell.js'
import { keepHeapSmall } from './small-heap.js'
import { mask } from './text/mask.js'

/** How the reading of a log ended: with the input, by a signal or a reader that has gone, by a fault. */
export type ReadEnd = 'end of input' | 'stopped' | 'failed'

/**
 * Reads stdin, and gives each line's alerts to the output; tells how that ended. Never rejects: what
 * can't be read, or handled, is counted and said.
 */
export async function readLog(
  pipeline: Pipeline,
  output: Pick<Output, 'emit' | 'say'>,
  limits: LineLimits,
  { stdin, counters, diagnostics, signals }: Shell,
): Promise<ReadEnd> {
  const giveUp = (error: unknown) => {
    counters.add('line_errors')
    const count = counters.get('line_errors')
    if (!isSampled(count)) return
    const title = `Lines given up over a fault of this program: ${count} so far, the last at line ${counters.get('lines')}: ${mask(String(error))}`
    output.say({ kind: 'handler-lines-dropped', title, detail: title })
  }
  const handle = (alertsOf: () => Alert[]): void | Promise<void> => {
    try {
      const alerts = alertsOf()
      if (alerts.length > 0) return output.emit(alerts)
    } catch (error) {
      // No line may end the filter, not even one that finds a fault of ours.
      giveUp(error)
    }
  }
  /** Gives out alerts until it has to be waited for. */
  const each = (next: () => Alert[] | undefined): void | Promise<void> => {
    for (;;) {
      let isEnd = false
      const held = handle(() => {
        const alerts = next()
        isEnd = alerts === undefined
        return alerts ?? []
      })
      if (isEnd) return
      if (held !== undefined) return held.then(() => each(next))
    }
  }
  const readers = {
    bytes: (count: number) => counters.add('bytes', count),
    lines: (chunk: Buffer) => each(pipeline.lines(chunk)),
    rest: (line: string) => handle(() => pipeline.rest(line)),
    overlong: (line: Parameters<Pipeline['overlong']>[0]) =>
      handle(() => pipeline.overlong(line)),
  }
  // For a dry run: the others have done so at their start.
  keepHeapSmall()
  try {
    await readLines(stdin, limits, readers, signals.stop.signal)
    return signals.stop.signal.aborted ? 'stopped' : 'end of input'
  } catch (error) {
    diagnostics.error(`reading stdin failed: ${String(error)}`)
    return 'failed'
  }
}
