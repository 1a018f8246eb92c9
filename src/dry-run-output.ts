import type { Alert } from './alert/alert.js'
import { alertRecord } from './alert/alert-record.js'
import type { Output } from './output.js'
import type { Shell } from './shell.js'

/**
 * NDJSON on stdout at its reader's pace and nothing else. When the reader has gone, as `head` does,
 * reading ends.
 */
export function dryRunOutput({ stdout, signals }: Shell): Output {
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
  return {
    async emit(alerts: readonly Alert[]) {
      if (!isClosed) await write(alerts.map(alert => `${alertRecord(alert)}\n`).join(''))
    },
    async end() {},
  }
}
