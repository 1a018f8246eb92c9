import type { Entry } from '../entry/entry.js'
import {
  compileClause,
  compileThrottle,
  type Clause,
  type Throttling,
} from './compile-clause.js'
import {
  compileCondition,
  compileField,
  type CompiledCondition,
  type Predicate,
} from './compile-condition.js'
import type { Exception } from './exception.js'
import { literalsOf, type LiteralGroups } from './literals.js'
import type { ReportFault } from './report-fault.js'
import type { Lists, Rule } from './rule.js'
import { compileTitle } from './title.js'

/** A rule ready to run. */
export interface CompiledRule {
  readonly rule: Rule
  /** Whether the rule matches this entry. Never throws; linear in the entry's size. */
  readonly matches: Predicate
  /** What `matches` is made of. */
  readonly when: CompiledCondition
  readonly unless?: CompiledCondition
  readonly title: (entry: Entry) => string
  /** What a matching line must hold, where that can be told. */
  readonly literals: LiteralGroups
  /** What a rule over time makes of the entries that match; undefined for a rule on one entry. */
  readonly clause?: Clause
  readonly throttle?: Throttling
  /** What its site excepts from it; `exceptionTo` asks them. */
  readonly exceptions?: readonly Exception[]
}

/**
 * Compiles a rule that its schema accepts into closures. Faults that a schema can't see (a pattern
 * that isn't RE2, a list that doesn't exist, a field that can't be) go to `report`; a rule that
 * has any must not be used. Never throws.
 */
export function compileRule(rule: Rule, lists: Lists, report: ReportFault): CompiledRule {
  const context = { log: rule.log, lists, report }
  const when = compileCondition(rule.when ?? {}, ['when'], context)
  const unless =
    rule.unless === undefined
      ? undefined
      : compileCondition(rule.unless, ['unless'], context)
  const clause = compileClause(rule, context)
  return {
    rule,
    matches:
      unless === undefined
        ? when.holds
        : entry => when.holds(entry) && !unless.holds(entry),
    when,
    ...(unless !== undefined && { unless }),
    literals: literalsOf(rule, lists),
    title: compileTitle(
      rule.title,
      path => compileField(path, ['title'], context),
      message => report(['title'], message),
    ),
    ...(clause !== undefined && { clause }),
    ...(rule.throttle !== undefined && {
      throttle: compileThrottle(rule.throttle, context),
    }),
  }
}
