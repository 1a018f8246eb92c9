import type { CompiledRule } from './rule/compile-rule.js'
import { clauseNames } from './rule/rule.js'

/** A rule that needs to see lines that a partition would give to several handlers. */
export interface BrokenRule {
  readonly rule: string
  readonly why: string
}

/**
 * The rules that would miss alerts, or raise false ones, where each handler sees only the lines that have
 * some of the values of `field`. A rule on one entry never does; one over time needs all lines of a key,
 * so it must count by that field.
 */
export function brokenByPartition(
  rules: readonly CompiledRule[],
  field: string,
): BrokenRule[] {
  return rules.flatMap(({ rule }) => {
    const name = clauseNames.find(clause => rule[clause] !== undefined)
    if (name === undefined) return []
    const by = [rule[name]?.by ?? []].flat()
    if (by.includes(field)) return []
    const counts = by.length === 0 ? 'over all lines' : `by ${by.join(', ')}`
    return [{ rule: rule.id, why: `${name} ${counts}` }]
  })
}
