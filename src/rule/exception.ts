import type { Entry } from '../entry/entry.js'
import { epochOf } from '../entry/rfc3339.js'
import type { CompiledCondition } from './compile-condition.js'
import type { CompiledRule } from './compile-rule.js'
import type { Condition } from './rule.js'

/** Entries that a site doesn't want to be told of; rules/schema/exception.schema.json. */
export interface Exception {
  /** Ids of rules, or tags; one of the two. */
  readonly rule?: string | readonly string[]
  readonly tag?: string | readonly string[]
  readonly unless: Condition
  readonly owner: string
  readonly reason: string
  /** A date; all of it counts, in UTC. */
  readonly expires: string
}

/** An exception ready to run. */
export interface CompiledException {
  /** Its file's name without `.json`. */
  readonly name: string
  readonly condition: CompiledCondition
  /** Epoch milliseconds; from then on it holds no more. */
  readonly until: number
}

const dayMs = 24 * 3_600_000

/** When an exception that expires on this date ends, epoch milliseconds. */
export function endOf(expires: string): number {
  return Date.parse(`${expires}T00:00:00Z`) + dayMs
}

/** Whether an exception keeps a rule from this entry. One without a time is not excepted. */
export function isExcepted(
  { condition, until }: CompiledException,
  entry: Entry,
): boolean {
  const at = entry.time === undefined ? NaN : epochOf(entry.time)
  return at < until && condition.holds(entry)
}

/** The rule, but for what these exceptions take out. */
export function withExceptions(
  rule: CompiledRule,
  exceptions: readonly CompiledException[],
): CompiledRule {
  if (exceptions.length === 0) return rule
  return {
    ...rule,
    exceptions,
    matches: entry =>
      rule.matches(entry) && !exceptions.some(exception => isExcepted(exception, entry)),
  }
}
