import type { Entry } from '../entry/entry.js'
import type { Fault } from '../fault.js'
import type { CompiledCondition } from './compile-condition.js'
import type { CompiledRule } from './compile-rule.js'
import type { Condition } from './rule.js'

/** A file below exceptions/; its JSON Schema is rules/schema/exception.schema.json. */
export interface ExceptionFile {
  /** One of the two: whom it is an exception to. */
  readonly rule?: string | readonly string[]
  readonly tag?: string | readonly string[]
  readonly unless: Condition
  readonly owner: string
  readonly reason: string
  /** Its last day, in UTC: `2027-01-31`. */
  readonly expires: string
}

/** An exception ready to run. */
export interface Exception {
  readonly file: string
  readonly unless: CompiledCondition
  readonly owner: string
  readonly expires: string
  /** The first moment after its last day, epoch milliseconds. */
  readonly until: number
  /** Where its last day stands, and what to say once it is over. */
  readonly expiry: Fault
}

const dayMs = 24 * 3_600_000

/** The moment at which an exception is over. */
export function endOf(expires: string): number {
  return Date.parse(expires) + dayMs
}

/**
 * The exception that keeps an entry from a rule that matches it, or undefined. `now` is the entry's
 * time, or the latest known where it has none: what was excepted once is so in any replay. What
 * calls an alert off, at the end of a sequence, is never kept from it: an exception raises nothing.
 */
export function exceptionTo(
  { exceptions = [], clause }: CompiledRule,
  entry: Entry,
  now: number,
): Exception | undefined {
  // Hot: most rules have none.
  if (exceptions.length === 0) return undefined
  if (clause?.kind === 'sequence' && clause.absent?.holds(entry)) return undefined
  return exceptions.find(({ until, unless }) => now < until && unless.holds(entry))
}

/** What to say of the exceptions of these rules that are over by `now`, each once. */
export function expired(rules: readonly CompiledRule[], now: number): Fault[] {
  const over = rules
    .flatMap(({ exceptions = [] }) => exceptions)
    .filter(({ until }) => now >= until)
  return [...new Map(over.map(({ file, expiry }) => [file, expiry])).values()]
}
