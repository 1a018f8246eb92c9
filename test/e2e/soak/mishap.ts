/** Something that befell the system in a run. */
export interface Mishap {
  readonly what: 'kill' | 'SIGTERM' | 'reload' | 'rotation' | 'replay' | 'Slack fails'
  readonly detail: string
  /** Where Slack asked for a pause, that long. */
  readonly retryAfterMs?: number
  /** Epoch milliseconds. */
  readonly from: number
  readonly to: number
}

/** Makes a mishap at once, and notes it; `action` gives what is known only then. */
export type Note = (
  what: Mishap['what'],
  detail: string,
  action: () => void | Promise<Partial<Mishap> | void>,
) => Promise<void>
