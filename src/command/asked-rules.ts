import type { Options } from '../options.js'
import type { CompiledRule } from '../rule/compile-rule.js'
import { suggest } from '../rule/did-you-mean.js'

/** The rules of this log, or with --rule that one; in words, where there is none of this id. */
export function askedRules(
  rules: readonly CompiledRule[],
  { log, rule: id }: Options,
): readonly CompiledRule[] | string {
  const ours = rules.filter(({ rule }) => rule.log === log)
  if (id === undefined) return ours
  const asked = ours.filter(({ rule }) => rule.id === id)
  if (asked.length > 0) return asked
  const known = ours.map(({ rule }) => rule.id)
  return `no rule "${id}" of the ${log} log${suggest(id, known)}`
}
