import type { Entry } from '../entry/entry.js'
import type { CompiledCondition } from './compile-condition.js'
import type { CompiledRule } from './compile-rule.js'

/**
 * What of a rule one of these entries never, or always, satisfied: its matchers, each value of one
 * that takes several, and its combinations of conditions. What no test reaches may be wrong without
 * anyone noticing. In words, such as `/when/any/1/request.path never holds`.
 */
export function unreached(rule: CompiledRule, entries: readonly Entry[]): string[] {
  return conditionsOf(rule).flatMap(condition => unreachedIn(condition, entries))
}

function conditionsOf({ when, unless, clause }: CompiledRule): CompiledCondition[] {
  const steps =
    clause?.kind === 'sequence'
      ? [...clause.steps.map(({ condition }) => condition), clause.absent]
      : []
  return [when, unless, ...steps].filter(condition => condition !== undefined)
}

/** Of a combination only what its parts don't tell already. */
function unreachedIn(condition: CompiledCondition, entries: readonly Entry[]): string[] {
  const inParts = condition.parts.flatMap(part => unreachedIn(part, entries))
  if (inParts.length > 0) return inParts
  const isAnything = condition.kind === 'all' && condition.parts.length === 0
  if (isAnything) return []
  const place = (at: CompiledCondition['at']) => `/${at.join('/')}`
  const held = entries.map(condition.holds)
  if (!held.includes(true)) return [`${place(condition.at)} never holds`]
  if (!held.includes(false)) return [`${place(condition.at)} always holds`]
  return condition
    .alternatives()
    .filter(({ holds }) => !entries.some(holds))
    .map(({ at }) => `${place(at)} never holds`)
}
