import type { OwnAlert } from '../alert/own-alert.js'
import type { Config } from '../config/config.js'
import { dryRunOutput } from '../dry-run-output.js'
import { exitCode } from '../exit-code.js'
import { formatFault, formatWarning } from '../fault.js'
import type { LiveCorrelation } from '../live-correlation.js'
import type { LiveOutput } from '../live-output.js'
import type { Options } from '../options.js'
import { createPipeline, type Pipeline } from '../pipeline.js'
import { readLog } from '../read-log.js'
import { startReadingCheck } from '../reading-check.js'
import type { CompiledRule } from '../rule/compile-rule.js'
import { loadRules } from '../rule/load-rules.js'
import { readSetup, type Setup } from '../setup.js'
import type { Shell } from '../shell.js'

/**
 * The filter: reads stdin to its end and alerts. With a pipe on stdin and without --dry-run it ends
 * over nothing else, since syslog-ng would start it again at once, and each start swallows what was
 * in the pipe: it takes what is valid and says what isn't in the diagnostics and in an alert.
 * Otherwise faults end it before it reads anything. SIGHUP reads the ini and the rules again.
 */
export async function filter(options: Options, shell: Shell): Promise<number> {
  const { diagnostics, counters, signals } = shell
  const setup = await readSetup(options, shell)
  const faults = [...setup.configFaults, ...setup.ruleFaults].map(formatFault)
  for (const fault of [...options.faults, ...faults]) diagnostics.error(fault)
  const mayEnd = !options.isPlainFilter || !shell.isStdinPipe
  if (mayEnd && faults.length > 0) return exitCode.config

  for (const warning of setup.warnings) diagnostics.warn(formatWarning(warning))
  const rules = await usableRules(options, setup)
  if (!rules.some(({ rule }) => rule.log === options.log)) {
    diagnostics.warn(`no rule of the ${options.log} log is in force`)
  }
  const { log, alertLog } = options
  const { now } = shell
  const pipeline = createPipeline({
    log,
    rules,
    alertLog,
    counters,
    diagnostics,
    now,
    ...(!options.dryRun && { startedAt: now() }),
  })
  const live = options.dryRun
    ? undefined
    : (await import('../live-output.js')).liveOutput(options, shell)
  const output = live ?? dryRunOutput(options, shell)
  live?.configure(setup.config.destinations)
  for (const own of faultAlerts(options, setup, '')) output.say(own)
  live?.warnOfAbandoned()
  const correlation =
    live &&
    (await import('../live-correlation.js')).keepCorrelation(
      pipeline,
      live,
      options,
      shell,
    )
  const monitor =
    live &&
    (await import('../monitor/monitor.js')).startMonitor(pipeline, live, options, shell)
  const heartbeat =
    live && (await import('../monitor/heartbeat.js')).startHeartbeat(options, shell)
  const watch = ({ metrics, heartbeat: beats, destinations }: Config) => {
    monitor?.configure(metrics)
    heartbeat?.configure(beats, destinations)
  }
  watch(setup.config)
  const endCheck = live && startReadingCheck(live, counters)
  const limits = { maxLineBytes: setup.config.maxLineBytes, literals: pipeline.literals }
  signals.onReport = () => {
    diagnostics.info(`so far: ${counters.summary()}`)
    if (monitor) diagnostics.info(`metrics:\n${monitor.text()}`)
  }
  signals.reloadBy(() => {
    if (live && correlation)
      void reload(options, shell, pipeline, live, correlation, limits).then(
        config => config && watch(config),
      )
  })
  diagnostics.debug(`${rules.length} rules; reading`)
  const end = await readLog(pipeline, output, limits, shell)
  signals.reloadBy(() => {})
  endCheck?.()
  correlation?.end()
  await heartbeat?.end()
  await output.end()
  monitor?.end()
  // On a terminal or in a shell pipeline, silence is success; a log wants to be told.
  const isRoutine = options.dryRun && counters.get('undecodable') === 0
  diagnostics[isRoutine ? 'debug' : 'info'](`end of input: ${counters.summary()}`)
  return end === 'failed' ? exitCode.failed : exitCode.ok
}

/**
 * All or nothing: with any fault, the settings and rules stay as they are, and it is said. Gives the
 * settings now in force.
 */
async function reload(
  options: Options,
  shell: Shell,
  pipeline: Pipeline,
  live: LiveOutput,
  correlation: LiveCorrelation,
  limits: { maxLineBytes: number; literals: readonly string[] },
): Promise<Config | undefined> {
  const { diagnostics, counters } = shell
  const setup = await readSetup(options, shell)
  const faults = [...setup.configFaults, ...setup.ruleFaults]
  if (faults.length > 0) {
    counters.add('reloads_refused')
    for (const fault of faults) diagnostics.error(formatFault(fault))
    const owns = faultAlerts({ ...options, faults: [] }, setup, 'Reload refused: ')
    for (const own of owns) live.say(own)
    return undefined
  }
  for (const warning of setup.warnings) diagnostics.warn(formatWarning(warning))
  correlation.dropped(pipeline.useRules(setup.rules))
  limits.maxLineBytes = setup.config.maxLineBytes
  limits.literals = pipeline.literals
  live.configure(setup.config.destinations)
  live.warnOfAbandoned()
  counters.add('reloads')
  diagnostics.info(`reloaded: ${setup.rules.length} rules`)
  return setup.config
}

/** Rules without a fault; where faults leave none of this log, the packaged rules. */
async function usableRules(
  options: Options,
  { rules, ruleFaults }: Setup,
): Promise<readonly CompiledRule[]> {
  const isUsable = rules.some(({ rule }) => rule.log === options.log)
  return isUsable || ruleFaults.length === 0 ? rules : (await loadRules([])).rules
}

/** One alert for the settings and one for the rules, each with all that is wrong. */
function faultAlerts(
  options: Options,
  { configFaults, ruleFaults }: Setup,
  prefix: string,
): OwnAlert[] {
  const settings = [...options.faults, ...configFaults.map(formatFault)]
  const rules = ruleFaults.map(formatFault)
  const say = (
    kind: OwnAlert['kind'],
    what: string,
    faults: readonly string[],
  ): OwnAlert[] => {
    if (faults.length === 0) return []
    const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : ''
    const title = `${prefix}${what}: ${faults[0]}${more}`
    return [{ kind, title, detail: faults.slice(0, 50).join('\n') }]
  }
  return [
    ...say('handler-config-invalid', 'Settings at fault', settings),
    ...say('handler-rule-invalid', 'Rule files at fault', rules),
  ]
}
