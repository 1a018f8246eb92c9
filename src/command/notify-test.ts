import { ownAlert } from '../alert/own-alert.js'
import { readConfig } from '../config/config.js'
import { exitCode } from '../exit-code.js'
import { formatFault } from '../fault.js'
import { destinations } from '../notify/destinations.js'
import type { Options } from '../options.js'
import type { Shell } from '../shell.js'

/**
 * `notify-test [NAME]`: one test alert to each destination of the ini, or to those of the name or
 * kind given, whatever their routes; prints what each answered.
 */
export async function notifyTest(options: Options, shell: Shell): Promise<number> {
  const { configFile, isConfigNamed, log, alertLog, operand } = options
  const { env, now, diagnostics, stdout, signals } = shell
  const { config, faults } = readConfig(configFile, isConfigNamed, env)
  for (const fault of faults) diagnostics.error(formatFault(fault))
  if (faults.length > 0) return exitCode.config
  const chosen = config.destinations.filter(
    ({ name, kind }) => operand === undefined || operand === name || operand === kind,
  )
  if (chosen.length === 0) {
    const names = config.destinations.map(({ name }) => name).join(', ')
    const missing =
      names === ''
        ? `no destination: put [slack] with a url into ${configFile}`
        : `no destination is named ${operand}: ${configFile} has ${names}`
    diagnostics.error(missing)
    return exitCode.config
  }
  const own = {
    kind: 'handler-notify-test',
    title: `Test of the ${log} log's alerts: nothing happened`,
    detail: 'sent by notify-test',
  } as const
  const alerts = [ownAlert(own, log, now(), alertLog)]
  let status: number = exitCode.ok
  for (const { name, kind, settings } of chosen) {
    const notifier = destinations[kind]!.create(name, settings, { env, now })
    const { outcome, reason } = await notifier.send(
      { kind: 'alerts', alerts },
      signals.stop.signal,
    )
    await notifier.close()
    stdout.write(`${name}: ${outcome}: ${reason}\n`)
    if (outcome !== 'delivered') status = exitCode.failed
  }
  return status
}
