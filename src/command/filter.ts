import type { Alert } from '../alert/alert.js'
import { ownAlert, type OwnAlert } from '../alert/own-alert.js'
import { dryRunOutput } from '../dry-run-output.js'
import { exitCode } from '../exit-code.js'
import { formatFault } from '../fault.js'
import { readLines } from '../lines.js'
import type { Options } from '../options.js'
import type { Output } from '../output.js'
import { createPipeline, type Pipeline } from '../pipeline.js'
import type { CompiledRule } from '../rule/compile-rule.js'
import { loadRules } from '../rule/load-rules.js'
import { readSetup, type Setup } from '../setup.js'
import type { Shell } from '../shell.js'

/**
 * The filter: reads stdin to its end and alerts. With a pipe on stdin and without --dry-run it ends
 * over nothing else, since syslog-ng would start it again at once, and each start swallows what was
 * in the pipe: it takes what is valid and says what isn't in the diagnostics and in an alert.
 * Otherwise faults end it before it reads anything.
 */
export async function filter(options: Options, shell: Shell): Promise<number> {
  const { diagnostics, counters, signals } = shell
  const setup = await readSetup(options, shell.env)
  const faults = [...setup.configFaults, ...setup.ruleFaults].map(formatFault)
  for (const fault of [...options.faults, ...faults]) diagnostics.error(fault)
  const mayEnd = !options.isPlainFilter || !shell.isStdinPipe
  if (mayEnd && faults.length > 0) return exitCode.config

  const rules = await usableRules(options, setup)
  if (!rules.some(({ rule }) => rule.log === options.log)) {
    diagnostics.warn(`no rule of the ${options.log} log is in force`)
  }
  const pipeline = createPipeline({
    log: options.log,
    rules,
    alertLog: options.alertLog,
    counters,
    diagnostics,
    now: shell.now,
  })
  const output = options.dryRun
    ? dryRunOutput(shell)
    : (await import('../live-output.js')).liveOutput(options, setup.config.slack, shell)
  for (const own of faultAlerts(options, setup)) {
    await output.emit([ownAlert(own, options.log, shell.now(), options.alertLog)])
  }
  signals.onReport = () => diagnostics.info(`so far: ${counters.summary()}`)
  diagnostics.debug(`${rules.length} rules; reading`)
  try {
    await read(pipeline, output, setup.config.maxLineBytes, shell)
  } catch (error) {
    diagnostics.error(`reading stdin failed: ${String(error)}`)
  }
  await output.end()
  // On a terminal or in a shell pipeline, silence is success; a log wants to be told.
  const isRoutine = options.dryRun && counters.get('undecodable') === 0
  diagnostics[isRoutine ? 'debug' : 'info'](`end of input: ${counters.summary()}`)
  return exitCode.ok
}

/** Rules without a fault; where faults leave none of this log, the packaged rules. */
async function usableRules(
  options: Options,
  { rules, ruleFaults }: Setup,
): Promise<readonly CompiledRule[]> {
  const isUsable = rules.some(({ rule }) => rule.log === options.log)
  return isUsable || ruleFaults.length === 0 ? rules : (await loadRules([])).rules
}

async function read(
  pipeline: Pipeline,
  output: Output,
  maxLineBytes: number,
  { stdin, counters, diagnostics, signals }: Shell,
): Promise<void> {
  const handle = (alertsOf: () => Alert[]): void | Promise<void> => {
    let alerts: Alert[]
    try {
      alerts = alertsOf()
    } catch (error) {
      // No line may end the filter, not even one that finds a fault of ours.
      counters.add('line_errors')
      diagnostics.error(`a line was given up: ${String(error)}`)
      return
    }
    if (alerts.length > 0) return output.emit(alerts)
  }
  await readLines(
    stdin,
    { maxLineBytes, literals: pipeline.literals },
    {
      bytes: count => counters.add('bytes', count),
      line: line => handle(() => pipeline.line(line)),
      rest: line => handle(() => pipeline.rest(line)),
      overlong: line => handle(() => pipeline.overlong(line)),
    },
    signals.stop.signal,
  )
}

/** One alert for the settings and one for the rules, each with all that is wrong. */
function faultAlerts(options: Options, { configFaults, ruleFaults }: Setup): OwnAlert[] {
  const settings = [...options.faults, ...configFaults.map(formatFault)]
  const rules = ruleFaults.map(formatFault)
  const say = (
    kind: OwnAlert['kind'],
    what: string,
    faults: readonly string[],
  ): OwnAlert => ({
    kind,
    title: `${what}: ${faults[0]}${faults.length > 1 ? ` (and ${faults.length - 1} more)` : ''}`,
    detail: faults.slice(0, 50).join('\n'),
  })
  return [
    ...(settings.length === 0
      ? []
      : [say('handler-config-invalid', 'Settings ignored', settings)]),
    ...(rules.length === 0
      ? []
      : [say('handler-rule-invalid', 'Rules not in force', rules)]),
  ]
}
