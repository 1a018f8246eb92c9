import { createAlertLog } from '../alert/alert-log.js'
import { idsOfBlocks } from './alert-log-search.js'
import type { Block } from './journal.js'
import type { Ledger } from './ledger.js'
import { appendMessages, missingMessages, outboxDir } from './outbox-files.js'
import type { StateEvents } from './state-events.js'

/** What completing works with. */
export interface Completion {
  readonly stateDir: string
  readonly ledgerOf: (alertLog: string) => Ledger
  readonly now: () => number
  readonly events: StateEvents
  /** Does something about an alert log; false where that failed, which is told. */
  readonly inAlertLog: (action: () => void, alertLog: string) => boolean
}

/**
 * Takes those steps of the journal's blocks that their processes had no time or no space for, with
 * the state lock held. Gives the blocks of which something could not be done; what was done until
 * then is found to be done the next time.
 */
export function completeBlocks(
  blocks: readonly Block[],
  completion: Completion,
): Block[] {
  const { ledgerOf, inAlertLog } = completion
  return [...new Set(blocks.map(({ alertLog }) => alertLog))].flatMap(alertLog => {
    const ours = blocks.filter(block => block.alertLog === alertLog)
    const ledger = ledgerOf(alertLog)
    let logged: ReadonlySet<string> = new Set()
    const isReadable = inAlertLog(() => {
      ledger.refresh()
      logged = idsOfBlocks(ours)
    }, alertLog)
    if (!isReadable) return ours
    const complete = (block: Block) => completeBlock(block, logged, ledger, completion)
    // Where one record can't be written the next can't either.
    const failed = ours.findIndex(block => !inAlertLog(() => complete(block), alertLog))
    return failed < 0 ? [] : ours.slice(failed)
  })
}

function completeBlock(
  { alertLog, records, events: outboxEvents }: Block,
  logged: ReadonlySet<string>,
  ledger: Ledger,
  { stateDir, now, events }: Completion,
): void {
  // The ledger comes last: with the ids in it, the messages were handed over.
  if (!records.every(({ id }) => ledger.has({ id }))) {
    for (const { destination, place, messages } of outboxEvents) {
      const dir = outboxDir(stateDir, destination)
      const missing = missingMessages(dir, place, messages)
      if (missing.length > 0) {
        appendMessages(dir, place, missing, count => events.dropped(destination, count))
      }
    }
    ledger.add(
      records.map(({ text: _text, ...recorded }) => recorded),
      now(),
    )
  }
  const log = createAlertLog(alertLog)
  for (const { id, text } of records) if (!logged.has(id)) log.append(text)
}
