import type { Entry } from '../entry/entry.js'
import type { CompiledCondition } from './compile-condition.js'
import type { CompiledRule } from './compile-rule.js'

/**
 * The matchers of a rule that one of these entries never, or always, satisfied: what no test reaches
 * may be wrong without anyone noticing. In words, such as `/when/any/1/request.path never holds`.
 */
export function unreached(rule: CompiledRule, entries: readonly Entry[]): string[] {
  return conditionsOf(rule)
    .flatMap(matchersOf)
    .flatMap(({ at, holds }) => {
      const held = entries.map(holds)
      if (!held.includes(true)) return [`/${at.join('/')} never holds`]
      return held.includes(false) ? [] : [`/${at.join('/')} always holds`]
    })
}

function conditionsOf({ when, unless, clause }: CompiledRule): CompiledCondition[] {
  const steps =
    clause?.kind === 'sequence'
      ? [...clause.steps.map(({ condition }) => condition), clause.absent]
      : []
  return [when, unless, ...steps].filter(condition => condition !== undefined)
}

function matchersOf(condition: CompiledCondition): CompiledCondition[] {
  return condition.kind === 'field' ? [condition] : condition.parts.flatMap(matchersOf)
}
