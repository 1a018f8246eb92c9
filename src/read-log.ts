import type { Alert } from './alert/alert.js'
import { readLines, type LineLimits } from './lines.js'
import type { Output } from './output.js'
import type { Pipeline } from './pipeline.js'
import type { Shell } from './shell.js'

/**
 * Reads stdin to its end, and gives each line's alerts to the output. Never rejects: what can't be
 * read, or handled, is counted and said.
 */
export async function readLog(
  pipeline: Pipeline,
  output: Pick<Output, 'emit'>,
  limits: LineLimits,
  { stdin, counters, diagnostics, signals }: Shell,
): Promise<void> {
  const handle = (alertsOf: () => Alert[]): void | Promise<void> => {
    try {
      const alerts = alertsOf()
      if (alerts.length > 0) return output.emit(alerts)
    } catch (error) {
      // No line may end the filter, not even one that finds a fault of ours.
      counters.add('line_errors')
      diagnostics.error(`a line was given up: ${String(error)}`)
    }
  }
  const readers = {
    bytes: (count: number) => counters.add('bytes', count),
    line: (line: string) => handle(() => pipeline.line(line)),
    rest: (line: string) => handle(() => pipeline.rest(line)),
    overlong: (line: Parameters<Pipeline['overlong']>[0]) =>
      handle(() => pipeline.overlong(line)),
  }
  try {
    await readLines(stdin, limits, readers, signals.stop.signal)
  } catch (error) {
    diagnostics.error(`reading stdin failed: ${String(error)}`)
  }
}
