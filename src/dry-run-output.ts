import type { Alert } from './alert/alert.js'
import { alertRecord } from './alert/alert-record.js'
import { ownAlert } from './alert/own-alert.js'
import type { Options } from './options.js'
import type { Output } from './output.js'
import type { Shell } from './shell.js'

/**
 * NDJSON on stdout at its reader's pace and nothing else. When the reader has gone, as `head` does,
 * reading ends.
 */
export function dryRunOutput(
  { log, alertLog }: Options,
  { stdout, signals, diagnostics, now }: Shell,
): Output {
  let isClosed = false
  let onFlushed = () => {}
  stdout.on('error', () => {
    isClosed = true
    signals.stop.abort()
    onFlushed()
  })
  const write = (text: string) =>
    new Promise<void>(resolve => {
      onFlushed = resolve
      stdout.write(text, () => resolve())
    })
  const emit = async (alerts: readonly Alert[]) => {
    if (!isClosed) await write(alerts.map(alert => `${alertRecord(alert)}\n`).join(''))
  }
  return {
    emit,
    say(own) {
      diagnostics.error(own.title)
      void emit([ownAlert(own, log, now(), alertLog)])
    },
    async end() {},
  }
}
