import type { Absence, FirstSeen, Rule, Sequence, Threshold, Throttle } from './rule.js'
import type { Severity } from './severity.js'

/** What a site changes about a rule; rules/schema/override.schema.json. */
export interface Override {
  readonly enabled?: boolean
  readonly severity?: Severity
  readonly title?: string
  readonly tags?: readonly string[]
  readonly threshold?: Partial<Pick<Threshold, 'count' | 'within'>>
  readonly sequence?: Partial<Pick<Sequence, 'within'>>
  readonly absence?: Partial<Pick<Absence, 'within'>>
  readonly firstSeen?: Partial<Pick<FirstSeen, 'within' | 'learning'>>
  /** null: none. */
  readonly throttle?: Throttle | null
}

/** The clauses that a rule must have for an override to change them. */
export const overridableClauses = [
  'threshold',
  'sequence',
  'absence',
  'firstSeen',
] as const

/** The rule as the site has it. What it says of a clause that the rule hasn't is left aside. */
export function withOverride(rule: Rule, override: Override): Rule {
  const { threshold, sequence, absence, firstSeen, throttle: _own, ...rest } = rule
  const { enabled, severity, title, tags } = override
  const throttle = override.throttle === undefined ? rule.throttle : override.throttle
  return {
    ...rest,
    ...(enabled !== undefined && { enabled }),
    ...(severity !== undefined && { severity }),
    ...(title !== undefined && { title }),
    ...(tags !== undefined && { tags }),
    ...(threshold && { threshold: { ...threshold, ...override.threshold } }),
    ...(sequence && { sequence: { ...sequence, ...override.sequence } }),
    ...(absence && { absence: { ...absence, ...override.absence } }),
    ...(firstSeen && { firstSeen: { ...firstSeen, ...override.firstSeen } }),
    ...(throttle && { throttle }),
  }
}
