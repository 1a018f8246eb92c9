import { clauseNames, type Clauses, type Rule, type Throttle } from './rule.js'
import type { Severity } from './severity.js'

/** What a clause over time may be given instead of its own. */
type Change<Name extends keyof Clauses, Key> = Partial<
  Pick<NonNullable<Clauses[Name]>, Extract<Key, keyof NonNullable<Clauses[Name]>>>
>

/** A file below overrides/, named after its rule; its JSON Schema is rules/schema/override.schema.json. */
export interface Override {
  readonly enabled?: boolean
  readonly severity?: Severity
  readonly title?: string
  readonly tags?: readonly string[]
  readonly threshold?: Change<'threshold', 'count' | 'within'>
  readonly sequence?: Change<'sequence', 'within'>
  readonly absence?: Change<'absence', 'within'>
  readonly firstSeen?: Change<'firstSeen', 'within' | 'learning'>
  /** In place of the rule's own, whole; null: none. */
  readonly throttle?: Throttle | null
}

/** The rule with what the override says; clauses that the rule doesn't have are left out. */
export function overridden(rule: Rule, override: Override): Rule {
  const { throttle: own, ...rest } = rule
  const { enabled, severity, title, tags, throttle = own } = override
  const clauses = clauseNames
    .filter(name => rule[name] !== undefined)
    .map(name => [name, { ...rule[name], ...override[name] }])
  return {
    ...rest,
    ...(enabled !== undefined && { enabled }),
    ...(severity !== undefined && { severity }),
    ...(title !== undefined && { title }),
    ...(tags !== undefined && { tags }),
    ...(Object.fromEntries(clauses) as Clauses),
    ...(throttle && { throttle }),
  }
}
