import { createAlertLog } from '../alert/alert-log.js'
import { idsInAlertLog } from './alert-log-search.js'
import type { Block } from './journal.js'
import type { Ledger } from './ledger.js'
import { appendMessages, missingMessages, outboxDir } from './outbox-files.js'
import type { StateEvents } from './state-events.js'

/**
 * Takes those steps of a block of the journal that its process had no time or no space for, with
 * the state lock held. `ledger` is the one of the block's alert log. Throws errors of the file
 * system; what was done until then is found to be done the next time.
 */
export function completeBlock(
  { alertLog, inode, size, records, events: outboxEvents }: Block,
  stateDir: string,
  ledger: Ledger,
  now: number,
  events: StateEvents,
): void {
  const ids = records.map(({ id }) => id)
  // The ledger comes last: with the ids in it, the messages were handed over.
  if (!ids.every(ledger.has)) {
    for (const { destination, place, messages } of outboxEvents) {
      const dir = outboxDir(stateDir, destination)
      const missing = missingMessages(dir, place, messages)
      if (missing.length > 0) {
        appendMessages(dir, place, missing, count => events.dropped(destination, count))
      }
    }
    ledger.add(ids, now)
  }
  const logged = idsInAlertLog(alertLog, inode, size, new Set(ids))
  const log = createAlertLog(alertLog)
  for (const { id, text } of records) if (!logged.has(id)) log.append(text)
}
