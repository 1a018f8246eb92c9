import type { Entry } from '../entry/entry.js'
import { mask } from '../text/mask.js'
import { oneLine } from '../text/one-line.js'
import type { Key } from './compile-clause.js'
import type { CompiledRule } from './compile-rule.js'

/** What an entry counts for in a rule over time. The texts are fit to be shown. */
export interface Counted {
  /** In words: `one of 5 within 1m`. */
  readonly as: string
  readonly key: Key
  /** What is told apart, where values are counted. */
  readonly value?: string
}

/** Why an entry on which a rule's conditions hold doesn't count after all. */
export interface NotCounted {
  readonly condition: string
  readonly saw: string
}

/**
 * What an entry counts for that the rule's `when` and `unless` let through. `held` are the places of
 * the steps of a sequence that took it, what must not follow being the last. Undefined for a rule on
 * one entry.
 */
export function countedAs(
  { rule, clause }: CompiledRule,
  entry: Entry,
  held: readonly number[],
): Counted | NotCounted | undefined {
  if (clause === undefined) return undefined
  const key = Object.fromEntries(
    Object.entries(clause.keyOf(entry)).map(([field, value]) => [field, shown(value)]),
  )
  switch (clause.kind) {
    case 'threshold': {
      const { count, within, distinct } = rule.threshold!
      if (distinct === undefined) return { as: `one of ${count} within ${within}`, key }
      const value = clause.distinct!(entry)
      if (value === undefined) return missing(distinct)
      const as = `one of ${count} different ${distinct} within ${within}`
      return { as, key, value: shown(value) }
    }
    case 'firstSeen': {
      const { value: field, within } = rule.firstSeen!
      const value = clause.value(entry)
      if (value === undefined) return missing(field)
      return { as: `a ${field}, new if not seen for ${within}`, key, value: shown(value) }
    }
    case 'sequence': {
      const names = held.map(i =>
        stepName(
          clause.steps.map(step => step.count),
          i,
        ),
      )
      return { as: `${names.join(', ')} within ${rule.sequence!.within}`, key }
    }
    case 'absence':
      return { as: `a sign of life, missed after ${rule.absence!.within}`, key }
  }
}

/** A step as it is told, from how many entries each takes: `step 1 of 2 (5 times)`. */
export function stepName(counts: readonly number[], i: number): string {
  const count = counts[i]
  if (count === undefined) return 'what must not follow'
  const times = count === 1 ? '' : ` (${count} times)`
  return `step ${i + 1} of ${counts.length}${times}`
}

function missing(field: string): NotCounted {
  return { condition: `counts by ${field}`, saw: '-' }
}

function shown(value: string): string {
  return oneLine(mask(value), 200)
}
