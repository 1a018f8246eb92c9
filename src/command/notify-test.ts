import { ownAlert } from '../alert/own-alert.js'
import { readConfig } from '../config.js'
import { exitCode } from '../exit-code.js'
import { formatFault } from '../fault.js'
import { createSlackNotifier } from '../notify/slack.js'
import type { Options } from '../options.js'
import type { Shell } from '../shell.js'

/** `notify-test`: one test alert to each destination of the ini, and what each answered. */
export async function notifyTest(options: Options, shell: Shell): Promise<number> {
  const { configFile, isConfigNamed, log, alertLog } = options
  const { config, faults } = readConfig(configFile, isConfigNamed, shell.env)
  for (const fault of faults) shell.diagnostics.error(formatFault(fault))
  if (faults.length > 0) return exitCode.config
  if (config.slack === undefined) {
    shell.diagnostics.error(`no destination: put [slack] with a url into ${configFile}`)
    return exitCode.config
  }
  const notifier = createSlackNotifier({ name: 'slack', ...config.slack }, shell.env)
  const own = {
    kind: 'handler-notify-test',
    title: `Test of the ${log} log's alerts: nothing happened`,
    detail: 'sent by notify-test',
  } as const
  const alert = ownAlert(own, log, shell.now(), alertLog)
  const { outcome, reason } = await notifier.send([alert], shell.signals.stop.signal)
  await notifier.close()
  shell.stdout.write(`${notifier.name}: ${outcome}: ${reason}\n`)
  return outcome === 'delivered' ? exitCode.ok : exitCode.failed
}
