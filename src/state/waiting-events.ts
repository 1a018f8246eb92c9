import type { Alert } from '../alert/alert.js'

/** Events of one message. */
export interface WaitingEvents {
  /** Their alerts, line by line, with the lines that have joined them; those that are gone or unreadable are left out. */
  read(): Iterable<readonly Alert[]>
  /** These have been dealt with. Throws errors of the file system, and writes it down later then. */
  settle(): void
}

/** Alerts that go out as one digest. */
export interface Batch extends WaitingEvents {
  /** From now on its events wait like any others. Called with the state lock held. */
  dissolve(): void
}
