/** What goes wrong with the files of the state folder, told to whoever can say it. */
export interface StateEvents {
  /** A file held what was never written there; it is in `aside` now, and what was whole goes on. */
  corrupt(file: string, aside: string): void
  /** A file of messages was shortened, replaced or deleted by something else; those that it had are gone. */
  cut(file: string): void
  /** Ids that were forgotten before their time, since there are too many. */
  evicted(ids: number): void
  /** Events that one destination will not get, since too many were waiting for it. */
  dropped(destination: string, events: number): void
}
