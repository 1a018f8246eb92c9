import { isJsonObject } from '../entry/json-object.js'
import type { Pointer } from './report-fault.js'
import type { Matcher, Operators } from './rule.js'

/**
 * A matcher with each of its arrays narrowed to one value, and where in it that value stands. Of what
 * stands under `not`, the value itself. A list's values aren't the rule's, and aren't told.
 */
export function singleValues(matcher: Matcher): [place: Pointer, one: Matcher][] {
  if (Array.isArray(matcher)) return matcher.map((value, i) => [[i], [value]])
  if (!isJsonObject(matcher)) return []
  const { not, ...rest } = matcher as Operators
  const own = Object.entries(rest).flatMap(([name, operand]) =>
    Array.isArray(operand)
      ? operand.map((value: unknown, i): [Pointer, Matcher] => [
          [name, i],
          { ...matcher, [name]: [value] },
        ])
      : [],
  )
  if (not === undefined) return own
  const negated = singleValues(not).map(([place, one]): [Pointer, Matcher] => [
    ['not', ...place],
    one,
  ])
  return [...own, ...negated]
}
