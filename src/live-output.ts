import type { Alert } from './alert/alert.js'
import { createAlertLog } from './alert/alert-log.js'
import { alertRecord } from './alert/alert-record.js'
import { ownAlert } from './alert/own-alert.js'
import type { SlackConfig } from './config.js'
import { isSampled } from './counters.js'
import { createSender, type Sender } from './notify/sender.js'
import { createSlackNotifier } from './notify/slack.js'
import type { Options } from './options.js'
import type { Output } from './output.js'
import type { Shell } from './shell.js'

/** At the end of the input, what is unsent is tried for at most this long. */
const drainLimitMs = 10_000

/** The alert log first, then the destinations, which are never waited for. */
export function liveOutput(
  options: Options,
  slack: SlackConfig | undefined,
  shell: Shell,
): Output {
  const { counters, diagnostics, now } = shell
  const alertLog = createAlertLog(options.alertLog)
  const record = (alert: Alert) => {
    try {
      alertLog.append(alertRecord(alert))
    } catch (error) {
      counters.add('alert_log_errors')
      const count = counters.get('alert_log_errors')
      if (!isSampled(count)) return
      const { code, message } = error as NodeJS.ErrnoException
      diagnostics.error(
        `alert ${alert.id} is not in ${options.alertLog}: ${code ?? message} (${count} so far)`,
      )
    }
  }
  // A destination that is suspended can't say so itself: the alert log can.
  const onSuspended = (title: string) => {
    const own = { kind: 'handler-destination-suspended', title, detail: title } as const
    record(ownAlert(own, options.log, now(), options.alertLog))
  }
  const sender = slack && slackSender(slack, shell, onSuspended)
  return {
    emit(alerts) {
      for (const alert of alerts) record(alert)
      sender?.send(alerts)
    },
    end: async () => {
      const unsent = (await sender?.drain(drainLimitMs)) ?? 0
      if (unsent > 0) {
        diagnostics.error(`unsent alerts: ${unsent}; they are in ${options.alertLog}`)
      }
    },
  }
}

function slackSender(
  slack: SlackConfig,
  { counters, diagnostics, env }: Shell,
  onSuspended: (title: string) => void,
): Sender {
  const notifier = createSlackNotifier({ name: 'slack', ...slack }, env)
  return createSender(notifier, { counters, diagnostics, onSuspended })
}
