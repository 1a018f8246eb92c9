import type { Log } from '../entry/entry.js'
import type { Severity } from '../rule/severity.js'

/** What a message says about an event besides its title. Bounded, masked, on one line each. */
export interface Facts {
  /** Who did it: display name, entity id and policies; the program for a server line. */
  readonly who?: string
  /** What was done: operation and path with the outcome; the message for a server line. */
  readonly what?: string
  /** Where: remote address and namespace; the host for a server line. */
  readonly where?: string
  /** Audit: `request.id`. */
  readonly request?: string
  /** A shell command that finds the entry on the log server, safe to paste. */
  readonly find: string
  /** The path of the alert log with its record, for a digest's command; no message shows it. */
  readonly alertLog?: string
}

/** One rule's verdict on one event: what is written to the alert log and sent. */
export interface Alert {
  /** The same in every run over the same log: a hash of the rule's id and the event's identity. */
  readonly id: string
  /** The event's time, RFC 3339: that of the entry, or of the latest before it; else `raised`. */
  readonly time: string
  /** When the alert was raised, by the clock, RFC 3339 UTC. */
  readonly raised: string
  readonly log: Log
  /** The rule's id. */
  readonly rule: string
  readonly severity: Severity
  /** The rendered title: one line, masked, at most 500 characters. */
  readonly title: string
  /** How many events it stands for; 1 for rules on one entry. */
  readonly count: number
  readonly tags: readonly string[]
  /** Of rules over time: the values counted by, masked, and the first and last event, RFC 3339. */
  readonly key?: Readonly<Record<string, string>>
  readonly first?: string
  readonly last?: string
  /** A record about the alert with this id: what it counted until its end, or its outcome. */
  readonly of?: string
  readonly summary?: true
  /** What came of the request, where that was known later; also in the message of that alert. */
  readonly outcome?: string
  /** The same for all alerts on one request, which go into one message. Not in the record. */
  readonly event: string
  /** Of rules over time: the same for all alerts of one rule and key. Not in the record. */
  readonly series?: string
  /** Its title is to show what came of the request, for which the message waits a while. */
  readonly awaitsOutcome?: true
  /** Recorded, but not sent. */
  readonly isQuiet?: true
  /** Audit: the entry's JSON as written. */
  readonly entryJson?: string
  /** Server log: the line. */
  readonly line?: string
  /** What is left out of a message, in bytes of UTF-8; never in the alert log. */
  readonly omitted?: { readonly entry?: number; readonly line?: number }
  readonly facts: Facts
}

/** Of an alert over time whose counting goes on, what tells it and how far its window reaches. */
export type OngoingAlert = Pick<Alert, 'id' | 'series' | 'first' | 'last'>
