/** Which of Vault's two logs: the JSON audit log or the server log. */
export type Log = 'audit' | 'server'

/** A decoded line, as rules and alerts see it. */
export interface Entry {
  readonly log: Log
  /** The line as it was read, without its newline. */
  readonly line: string
  /** The event's own time as RFC 3339 text, or undefined where the line names none. */
  readonly time: string | undefined
  /** What `field` paths look into: the audit entry itself, or the parts of a server line. */
  readonly fields: Readonly<Record<string, unknown>>
  /**
   * What makes this event one, whatever its copy or order: the alert id is a hash of it. Two
   * lines with the same identity (request and response, a repeat) are one event.
   */
  readonly identity: readonly string[]
  /** Audit only: the entry's JSON exactly as it was written, without a prefix. */
  readonly json?: string
}

/** A line that is no entry. It is counted and sampled, never thrown. */
export interface Undecodable {
  /** In a few words, for the diagnostics: what was expected and not found. */
  readonly undecodable: string
}

/**
 * Turns one line into an entry; never throws.
 * `reference` is epoch milliseconds near which the line was written (the latest entry's time, or
 * the clock's before the first): it resolves dates without a year.
 */
export type Decode = (line: string, reference: number) => Entry | Undecodable

/** Decodes the lines of one log, in the order in which they were written. */
export interface Decoder {
  readonly decode: Decode
  /**
   * Gives no more than the time of a line, as its entry has it, and takes it for decoded; undefined
   * for one that is to be decoded.
   */
  readonly skim?: (line: string) => { readonly time: string | undefined } | undefined
}

/** True for what a decoder could not make an entry of. */
export function isUndecodable(decoded: Entry | Undecodable): decoded is Undecodable {
  return 'undecodable' in decoded
}

/** The first part of every field path that a server line can have, besides `line` and `time`. */
export const serverFieldNames = [
  'priority',
  'host',
  'program',
  'pid',
  'level',
  'module',
  'message',
  'fields',
] as const

/** Stands for an entry of which nothing is known: none was seen, or nothing but its time counts. */
export const noEntry: Entry = {
  log: 'audit',
  line: '',
  time: undefined,
  fields: {},
  identity: [],
}
