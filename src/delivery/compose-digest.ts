import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { makeFolder } from '../make-folder.js'
import type { Alert } from '../alert/alert.js'
import { createDigestBuilder, type Digest } from '../alert/digest.js'
import { findRangeCommand, findRecordsCommand } from '../alert/find-command.js'

/** Files of ids that are kept, for messages that someone reads later. */
const maxFiles = 500
const eventsATurn = 500

/**
 * Sums up events into a digest, and writes the alerts' ids into a file of the state folder for the
 * command that lists them; where that can't be written, the command shows a range. `alertLog` is
 * meant where an alert names none. `discard` takes the file back. Gives undefined where there is no
 * event. `now` is epoch milliseconds.
 */
export async function composeDigest(
  events: Iterable<readonly Alert[]>,
  reason: Digest['reason'],
  stateDir: string,
  alertLog: string,
  now: number,
): Promise<{ digest: Digest; discard: () => void } | undefined> {
  const builder = createDigestBuilder()
  const ids = openIdFile(join(stateDir, 'digests'), now)
  /** Handlers with alert logs of their own may share a destination. */
  const alertLogs = new Set<string>()
  let count = 0
  for (const alerts of events) {
    for (const alert of alerts) {
      builder.add(alert)
      alertLogs.add(alert.facts.alertLog ?? alertLog)
    }
    ids.write(alerts)
    // Whoever reads the log should have a turn.
    if (++count % eventsATurn === 0) await nextTurn()
  }
  const file = ids.end()
  const discard = () => {
    if (file !== undefined) rmSync(file, { force: true })
  }
  if (count === 0) {
    discard()
    return undefined
  }
  const find = (first: string, last: string) =>
    file === undefined
      ? findRangeCommand(first, last, [...alertLogs])
      : findRecordsCommand(file, [...alertLogs])
  return { digest: builder.digest(reason, find), discard }
}

/** Writes ids as they come; `end` gives the file's path, undefined where it could not be written. */
function openIdFile(dir: string, now: number) {
  const time = new Date(now).toISOString().replace(/\W/g, '')
  // Senders of several destinations, in several processes, compose at the same moment.
  const file = join(dir, `${time}-${randomBytes(4).toString('hex')}.ids`)
  let fd: number | undefined
  let isWhole = true
  const attempt = (action: () => void) => {
    try {
      if (isWhole) action()
    } catch {
      isWhole = false
    }
  }
  attempt(() => {
    makeFolder(dir)
    fd = openSync(`${file}.part`, 'w', 0o640)
  })
  return {
    write(alerts: readonly Alert[]) {
      attempt(() => {
        const bytes = Buffer.from(alerts.map(({ id }) => `${id}\n`).join(''))
        if (writeSync(fd!, bytes) < bytes.length) throw new Error('ENOSPC')
      })
    },
    end(): string | undefined {
      if (fd !== undefined) closeSync(fd)
      attempt(() => {
        renameSync(`${file}.part`, file)
        for (const old of readdirSync(dir).sort().slice(0, -maxFiles))
          rmSync(join(dir, old))
      })
      if (!isWhole && fd !== undefined) rmSync(`${file}.part`, { force: true })
      return isWhole ? file : undefined
    },
  }
}
