import type { Alert } from '../alert/alert.js'
import type { CounterName } from '../counters.js'
import { watchDeadLetters } from '../delivery/dead-letters.js'
import { dryRunOutput } from '../dry-run-output.js'
import { exitCode } from '../exit-code.js'
import { formatFault } from '../fault.js'
import { liveOutput } from '../live-output.js'
import type { Options } from '../options.js'
import { createPipeline } from '../pipeline.js'
import { startProgress } from '../progress.js'
import { readLog } from '../read-log.js'
import { openReportFiles, type ReportFiles } from '../report/report-files.js'
import { readSetup } from '../setup.js'
import type { Shell } from '../shell.js'
import { version } from './version.js'

/** What each of these counts keeps a replay from having done all that it was to do. */
const failures: readonly CounterName[] = [
  'line_errors',
  'alert_log_errors',
  'records_lost',
  'state_errors',
  'state_unlocked',
]

/** What each of these counts is not in a report. */
const missing: readonly CounterName[] = ['line_errors', 'undecodable', 'truncated']

/**
 * `replay`: alerts on archived logs on stdin. What the alert log has already is neither written nor
 * sent; the rest is written, and sent as one digest unless --notify says otherwise. Ends with a
 * summary on stderr, and with 1 where that is not the whole: nothing was read, since the state
 * folder can't tell what the alert log has, or not all was read, recorded or sent.
 */
export async function replay(options: Options, shell: Shell): Promise<number> {
  const { log, alertLog, since, until, notify, stateDir } = options
  const { counters, diagnostics, now, stderr } = shell
  const { config, rules, configFaults, ruleFaults } = await readSetup(options, shell)
  const faults = [...configFaults, ...ruleFaults]
  for (const fault of faults) diagnostics.error(formatFault(fault))
  if (faults.length > 0) return exitCode.config

  let report: ReportFiles
  try {
    report = openReportFiles(options.reports, log)
  } catch (error) {
    diagnostics.error(`nothing replayed: the report can't be written: ${String(error)}`)
    return exitCode.failed
  }
  const batch = `replay-${new Date(now()).toISOString().replace(/\W/g, '')}`
  const live = options.dryRun
    ? undefined
    : liveOutput(options, shell, {
        isPatient: true,
        ...(notify === 'digest' && { batch }),
      })
  const stateFault = live?.stateFault()
  if (stateFault !== undefined) {
    report.abandon('nothing is replayed')
    diagnostics.error(
      `nothing replayed: without ${stateDir} it can't be told what was recorded before: ${stateFault}`,
    )
    return exitCode.failed
  }
  const destinations = notify === 'none' ? [] : config.destinations
  // Another process may be the one who sends.
  const names = destinations.map(({ name }) => name)
  const refused = live && watchDeadLetters(stateDir, names)
  live?.configure(destinations)
  const output = live ?? dryRunOutput(options, shell)
  const emit = (alerts: readonly Alert[]) => {
    const wanted = alerts.filter(({ time, raised }) => {
      const epoch = Date.parse(time)
      // What has only the clock's time may have been at any time.
      return time === raised || (epoch >= since && epoch <= until)
    })
    counters.add('out_of_time', alerts.length - wanted.length)
    if (wanted.length === 0) return
    const held = output.emit(wanted)
    report.add(wanted)
    return held
  }
  const pipeline = createPipeline({ log, rules, alertLog, counters, diagnostics, now })
  const limits = { maxLineBytes: config.maxLineBytes, literals: pipeline.literals }
  const endProgress = options.quiet ? () => {} : startProgress(stderr, counters, now)
  const end = await readLog(pipeline, { ...output, emit }, limits, shell)
  endProgress()

  const unsent = (await live?.drain()) ?? 0
  const found = counters.get('alerts') - counters.get('out_of_time')
  const recorded = counters.get('recorded')
  // A reader of --dry-run that has had enough, as `head`, stops it too, and that is no fault.
  const isCutShort = end === 'failed' || (end === 'stopped' && live !== undefined)
  if (isCutShort) {
    stderr.write(`${end} before the end of the input: the rest is to be replayed\n`)
  }
  const reportFault =
    end === 'end of input'
      ? report.end({
          made: now(),
          version: version(),
          lines: counters.get('lines'),
          missing: missing
            .filter(name => counters.get(name) > 0)
            .map(name => `${name}=${counters.get(name)}`),
        })
      : report.abandon(`${end} before the end of the input`)
  if (reportFault !== undefined) {
    diagnostics.error(`the report is not written, or not whole: ${reportFault}`)
  }
  stderr.write(
    `replayed ${counters.get('lines')} lines: ${found} alerts, ${recorded} of them recorded ` +
      `before, ${found - recorded} new; ${counters.get('deliveries')} messages sent, ` +
      `${unsent} unsent\n${counters.summary()}\n`,
  )
  if (unsent > 0) diagnostics.error(`unsent messages are kept in ${stateDir}`)
  const dead = refused?.() ?? 0
  if (dead > 0) diagnostics.error(`${dead} messages were refused for good: see redrive`)
  const isIncomplete =
    isCutShort ||
    unsent > 0 ||
    dead > 0 ||
    reportFault !== undefined ||
    failures.some(name => counters.get(name) > 0)
  return isIncomplete ? exitCode.failed : exitCode.ok
}
