import type { Key } from '../rule/compile-clause.js'
import type { Entry } from '../entry/entry.js'

// Rules over time, one state machine a rule. Pure: time is the entries' own, in epoch milliseconds,
// and comes in with every call.

/** An entry that a rule over time is to see. */
export interface Sighting {
  readonly entry: Entry
  /** The entry's time, at most `latenessMs` before the greatest one seen. */
  readonly at: number
  /** The greatest time seen, this one included. */
  readonly now: number
  /** The rule's title for this entry; rendered only when it is asked for. */
  readonly title: () => string
  /** False where a copy of this event (its request or response, a repeat) was counted before. */
  readonly isFirst: (part: string) => boolean
}

/** Something that a rule over time has found. */
export interface Finding {
  readonly key: Key
  /** The first and the last event, epoch milliseconds. */
  readonly first: number
  readonly last: number
  /** How many events, or distinct values. */
  readonly count: number
  /** The time that the alert gets. */
  readonly at: number
  /** Set where no entry is at hand: what the title was for the entry that began it. */
  readonly title?: string
  /** The window of the alert of which this is the count at its end. */
  readonly summaryOf?: Window
}

/** When an alert's first and last event were. */
export interface Window {
  readonly first: number
  readonly last: number
}

/** An alert whose counting goes on. */
export interface OpenAlert {
  readonly key: Key
  /** The window that it was raised for. */
  readonly window: Window
  /** Its last event so far, epoch milliseconds. */
  readonly last: number
}

/** The state of one rule over time. */
export interface Correlator {
  /** Takes an entry on which the rule's conditions hold. */
  see(sighting: Sighting): Finding[]
  /**
   * What was due until then, a whole second: of each key, so this is done once a second of the
   * entries' time. `idleMs`: for how long nothing has come in; 0 where an entry has brought the time.
   */
  advance(until: number, idleMs: number): Finding[]
  /** An absence of any entry was told: which of the next ones ends it is to be seen. */
  readonly isToBeEnded?: boolean
  /** Alerts whose counting goes on. */
  open?(): readonly OpenAlert[]
  /** How many keys are remembered. */
  readonly size: number
  /** How many keys were given up, over all, since there were too many. */
  readonly evicted: number
  /**
   * The state as JSON; `load` takes it back into a fresh correlator, and throws where it is none. For
   * the last `restedMs` the rule was not in force, and has seen nothing.
   */
  save(): unknown
  load(saved: unknown, restedMs: number): void
}

/** An entry up to 5 minutes late goes into its window. */
export const latenessMs = 5 * 60_000

/**
 * Up to when nothing can come in that changes what was missing. What is late is waited for, unless
 * nothing at all has come in for as long as something is missing: that is the silence asked for.
 */
export function settledUntil(until: number, idleMs: number, withinMs: number): number {
  return idleMs >= withinMs ? until : until - latenessMs
}

/** What tells a key from the others of its rule. */
export function idOf(key: Key): string {
  return JSON.stringify(Object.values(key))
}

/** Whether two windows have a moment in common: then their alerts are one. */
export function overlap(a: Window, b: Window): boolean {
  return a.first <= b.last && a.last >= b.first
}
