import type { Log } from '../entry/entry.js'
import { isJsonObject } from '../entry/json-object.js'
import type { Condition, Lists, Rule } from './rule.js'

/**
 * Literals that a matching entry must hold: one of each group (a conjunction of disjunctions). No
 * group means that nothing can be told. Numbers, booleans, patterns, what the decoder derives and
 * everything under `not` and `unless` give nothing.
 */
export type LiteralGroups = readonly (readonly string[])[]

/** Derives a rule's literals from what its `when`, and each step of a sequence, asks for. */
export function literalsOf(rule: Rule, lists: Lists): LiteralGroups {
  const when = ofCondition(rule.when ?? {}, rule.log, lists)
  const steps = rule.sequence?.steps.map(step => ('when' in step ? step.when : step.not))
  return steps === undefined
    ? when
    : [...when, ...ofCondition({ any: steps }, rule.log, lists)]
}

function ofCondition(condition: Condition, log: Log, lists: Lists): LiteralGroups {
  return Object.entries(condition).flatMap(([key, value]) => {
    if (key === 'not') return []
    if (key === 'all')
      return (value as Condition[]).flatMap(part => ofCondition(part, log, lists))
    if (key === 'any') {
      // Of each branch one group, the first, must be seen; a branch without any rules nothing out.
      const branches = (value as Condition[]).map(
        part => ofCondition(part, log, lists)[0],
      )
      return branches.every(branch => branch !== undefined) ? [branches.flat()] : []
    }
    if (key === 'line') return ofMatcher(value, lists)
    return isVerbatim(key, log)
      ? ofMatcher(value, lists).flatMap(literals => asWritten(literals))
      : []
  })
}

/** Fields that the decoder takes from the line as they stand; others of these logs it derives. */
const verbatimServerFields = ['host', 'pid', 'module', 'message']
const verbatimVaultFields = ['vault.actor', 'vault.policies']

function isVerbatim(field: string, log: Log): boolean {
  if (log === 'server') return verbatimServerFields.includes(field)
  return !field.startsWith('vault.') || verbatimVaultFields.includes(field)
}

/** What JSON may write as an escape: Go does so with HTML's characters and two line separators. */
const escapable = /["\\<>&\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/

/** The longest run of each literal that JSON writes as it is; no group where one has none. */
function asWritten(literals: readonly string[]): LiteralGroups {
  const runs = literals.map(literal => longest(literal.split(escapable)))
  return runs.every(run => run !== '') ? [runs] : []
}

function longest(runs: readonly string[]): string {
  return runs.reduce((a, b) => (b.length > a.length ? b : a))
}

function ofMatcher(matcher: unknown, lists: Lists): LiteralGroups {
  if (typeof matcher === 'string') return [[matcher]]
  if (!isJsonObject(matcher)) return group(matcher, lists)
  return Object.entries(matcher).flatMap(([operator, operand]) => {
    if (operator === 'path') return aclLiterals(operand, lists)
    if (operator === 'equals') return typeof operand === 'string' ? [[operand]] : []
    return ['in', 'startsWith', 'endsWith', 'contains'].includes(operator)
      ? group(operand, lists)
      : []
  })
}

function group(operand: unknown, lists: Lists): LiteralGroups {
  const values = valuesOf(operand, lists)
  return values.every(value => typeof value === 'string') ? [values] : []
}

/** The longest run between wildcards of each pattern. */
function aclLiterals(operand: unknown, lists: Lists): LiteralGroups {
  const patterns = valuesOf(operand, lists).map(String)
  const runs = patterns.map(pattern => longest(pattern.split(/(?<=^|\/)\+(?=\/|$)|\*$/)))
  return runs.every(run => run !== '') ? [runs] : []
}

function valuesOf(operand: unknown, lists: Lists): readonly unknown[] {
  if (typeof operand !== 'string') return Array.isArray(operand) ? operand : [operand]
  return operand.startsWith('@') ? (lists.get(operand.slice(1)) ?? []) : [operand]
}
