import type { Alert } from '../alert/alert.js'
import { dryRunOutput } from '../dry-run-output.js'
import { exitCode } from '../exit-code.js'
import { formatFault } from '../fault.js'
import { liveOutput } from '../live-output.js'
import type { Options } from '../options.js'
import { createPipeline } from '../pipeline.js'
import { startProgress } from '../progress.js'
import { readLog } from '../read-log.js'
import { readSetup } from '../setup.js'
import type { Shell } from '../shell.js'

/**
 * `replay`: alerts on archived logs on stdin. What the alert log has already is neither written nor
 * sent; the rest is written, and sent as one digest unless --notify says otherwise. Ends with a
 * summary on stderr, and with 1 where something is unsent then.
 */
export async function replay(options: Options, shell: Shell): Promise<number> {
  const { log, alertLog, since, until, notify, stateDir } = options
  const { counters, diagnostics, now, stderr } = shell
  const { config, rules, configFaults, ruleFaults } = await readSetup(options, shell)
  const faults = [...configFaults, ...ruleFaults]
  for (const fault of faults) diagnostics.error(formatFault(fault))
  if (faults.length > 0) return exitCode.config

  const batch = `replay-${new Date(now()).toISOString().replace(/\W/g, '')}`
  const live = options.dryRun
    ? undefined
    : liveOutput(options, shell, {
        isPatient: true,
        ...(notify === 'digest' && { batch }),
      })
  live?.configure(notify === 'none' ? [] : config.destinations)
  const output = live ?? dryRunOutput(shell)
  const emit = (alerts: readonly Alert[]) => {
    const wanted = alerts.filter(({ time }) => {
      const epoch = Date.parse(time)
      return epoch >= since && epoch <= until
    })
    counters.add('out_of_time', alerts.length - wanted.length)
    if (wanted.length > 0) return output.emit(wanted)
  }
  const pipeline = createPipeline({ log, rules, alertLog, counters, diagnostics, now })
  const limits = { maxLineBytes: config.maxLineBytes, literals: pipeline.literals }
  const endProgress = options.quiet ? () => {} : startProgress(stderr, counters, now)
  await readLog(pipeline, { emit }, limits, shell)
  endProgress()

  const unsent = (await live?.drain()) ?? 0
  const found = counters.get('alerts') - counters.get('out_of_time')
  const recorded = counters.get('recorded')
  stderr.write(
    `replayed ${counters.get('lines')} lines: ${found} alerts, ${recorded} of them recorded ` +
      `before, ${found - recorded} new; ${counters.get('deliveries')} messages sent, ` +
      `${unsent} unsent\n${counters.summary()}\n`,
  )
  if (unsent > 0) diagnostics.error(`unsent messages are kept in ${stateDir}`)
  const isIncomplete = unsent > 0 || counters.get('alert_log_errors') > 0
  return isIncomplete ? exitCode.failed : exitCode.ok
}
