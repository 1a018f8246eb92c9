import type { OwnAlert } from './alert/own-alert.js'
import { isSampled } from './counters.js'
import type { Shell } from './shell.js'
import type { RecorderEvents } from './state/recorder.js'

/** What goes wrong on the way to the disk: counted, and said, by `say` as alerts of the handler's own. */
export function recorderEvents(
  { counters, diagnostics }: Shell,
  alertLog: string,
  say: (own: OwnAlert) => void,
): RecorderEvents {
  let isLossTold = false
  return {
    corrupt(file, aside) {
      counters.add('state_corrupt')
      const title = `${file} held what was never written there; it is in ${aside} now`
      say({ kind: 'handler-state-corrupt', title, detail: title })
    },
    cut(file) {
      counters.add('state_corrupt')
      const title = `${file} was shortened or replaced by something else: messages that waited in it may be lost; they are in the alert log`
      say({ kind: 'handler-state-corrupt', title, detail: title })
    },
    mended(records) {
      counters.add('state_corrupt')
      const title = `the ledger lacked ${records} records of ${alertLog}, and knows them again: files of the state folder were cut or deleted, or could not be written`
      say({ kind: 'handler-state-corrupt', title, detail: title })
    },
    evicted(ids) {
      counters.add('ledger_evicted', ids)
      diagnostics.warn(
        `${ids} alert ids forgotten early: a replay may repeat their alerts`,
      )
    },
    dropped(destination, events) {
      counters.add('delivery_dropped', events)
      const title = `${events} messages for ${destination} dropped, since too many were waiting; they are in the alert log only`
      say({ kind: 'handler-messages-dropped', title, detail: title })
    },
    failing(what, code, file) {
      counters.add(what === 'alert log' ? 'alert_log_errors' : 'state_errors')
      const effect =
        what === 'alert log'
          ? `${file} can't be written: ${code}; alerts are sent, and written when it can be`
          : `the state folder can't be written: ${code}; alerts are sent, but a restart may lose or repeat some`
      say({ kind: 'handler-write-failed', title: effect, detail: effect })
    },
    recovered(what) {
      if (what === 'alert log') isLossTold = false
      diagnostics.info(`the ${what} can be written again`)
    },
    unlocked() {
      counters.add('state_unlocked')
      diagnostics.warn('a process holds the state lock and is stuck; going on without it')
    },
    lost(records) {
      counters.add('records_lost', records)
      const title = `Alerts missing in ${alertLog}: ${counters.get('records_lost')} so far, since it could not be written for too long; they were sent`
      // Its own record may push out another one.
      if (!isLossTold) {
        isLossTold = true
        say({ kind: 'handler-records-lost', title, detail: title })
      } else if (isSampled(counters.get('records_lost'))) diagnostics.error(title)
    },
  }
}
