import type { Log } from '../entry/entry.js'
import type { Severity } from './severity.js'

/** A value that a field can equal. */
export type Scalar = string | number | boolean

/** The shared lists by name. */
export type Lists = ReadonlyMap<string, readonly Scalar[]>

/** What a string operator compares with: one string, any of several, or `@name` of a list. */
export type Texts = string | readonly string[]

/** A repeating stretch of time; `from` > `to` runs over midnight and belongs to its first day. */
export interface TimeWindow {
  readonly days?: readonly string[]
  readonly from?: string
  readonly to?: string
  readonly zone?: string
}

/** Operators on one field, all of which must hold. */
export interface Operators {
  readonly equals?: Scalar
  readonly in?: string | readonly Scalar[]
  readonly startsWith?: Texts
  readonly endsWith?: Texts
  readonly contains?: Texts
  readonly matches?: Texts
  readonly path?: Texts
  readonly exists?: boolean
  readonly gt?: number
  readonly gte?: number
  readonly lt?: number
  readonly lte?: number
  readonly cidr?: Texts
  readonly during?: TimeWindow
  readonly not?: Matcher
}

/** What one field must be: equal to a scalar, any of several, or what the operators say. */
export type Matcher = Scalar | readonly Scalar[] | Operators

/**
 * Fields with their matchers, all of which must hold. Three keys aren't fields: `all` and `any`
 * hold arrays of conditions, `not` one.
 */
export type Condition = Readonly<Record<string, unknown>>

/** One field path, or several whose values together are the key. */
export type Fields = string | readonly string[]

/** `count` events, or distinct values, within a time. Durations are written `30s`, `5m`, `24h`, `7d`. */
export interface Threshold {
  readonly count: number
  readonly within: string
  readonly by?: Fields
  readonly distinct?: string
}

/** A step of a sequence: so many entries (by default one), or, at its end, none of these. */
export type Step =
  { readonly when: Condition; readonly count?: number } | { readonly not: Condition }

/** Steps one after the other, for one key, within a time. */
export interface Sequence {
  readonly within: string
  readonly by?: Fields
  readonly steps: readonly Step[]
}

/** Nothing for so long: of a key that was seen, or at all. */
export interface Absence {
  readonly within: string
  readonly by?: Fields
}

/** A value that a key didn't have within a time; silent for a while after a key is first seen. */
export interface FirstSeen {
  readonly value: string
  readonly within: string
  readonly learning: string
  readonly by?: Fields
}

/** After a message for a key, none for so long; records are written all the same. */
export interface Throttle {
  readonly for: string
  readonly by?: Fields
}

/** The clauses over time; a rule has one at most. */
export interface Clauses {
  readonly threshold?: Threshold
  readonly sequence?: Sequence
  readonly absence?: Absence
  readonly firstSeen?: FirstSeen
}

/** Their keys. */
export const clauseNames = ['threshold', 'sequence', 'absence', 'firstSeen'] as const

/** A test inside a rule file. */
export interface RuleTest {
  readonly name: string
  readonly alerts: number
  readonly title?: string
  /** Each an entry (an object) or a line as it is in the log. */
  readonly entries: readonly (string | Readonly<Record<string, unknown>>)[]
}

/** A rule file; its JSON Schema is rules/schema/rule.schema.json. */
export interface Rule extends Clauses {
  readonly id: string
  readonly log: Log
  readonly title: string
  readonly severity: Severity
  readonly enabled?: boolean
  readonly tags?: readonly string[]
  /** Missing only in a rule over time, which then takes every entry. */
  readonly when?: Condition
  readonly unless?: Condition
  readonly throttle?: Throttle
  readonly tests: readonly RuleTest[]
}
