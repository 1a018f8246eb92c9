import type { Log } from '../entry/entry.js'
import { formatFault, type Fault } from '../fault.js'
import { readCheckedSource } from './checked-source.js'
import { compileCondition, type CompiledCondition } from './compile-condition.js'
import type { CompiledRule } from './compile-rule.js'
import { suggest } from './did-you-mean.js'
import { endOf, type Exception, type ExceptionFile } from './exception.js'
import type { JsonSource } from './json-source.js'
import { exceptionSchema, ruleSchema } from './packaged-rules.js'
import type { Lists } from './rule.js'
import type { RuleFile } from './rule-files.js'
import { createSchemaCheck } from './schema-check.js'

/**
 * Validates files of exceptions and gives the rules with those that name them. What is wrong goes to
 * `faults`, and an exception with a fault is left out. `ids` are those of all rules, also of such as
 * have a fault of their own.
 */
export function applyExceptions(
  rules: readonly CompiledRule[],
  files: readonly RuleFile[],
  ids: readonly string[],
  lists: Lists,
  faults: Fault[],
): CompiledRule[] {
  const check = createSchemaCheck(exceptionSchema, ruleSchema)
  const byRule = new Map<CompiledRule, Exception[]>(rules.map(rule => [rule, []]))
  for (const file of files) {
    const { source, faults: own } = readCheckedSource(file, check)
    if (own.length === 0) {
      const exception = source.value as ExceptionFile
      const named = namedRules(exception, source, rules, ids, own)
      const conditions = compileUnless(exception, source, named, lists, own)
      for (const rule of own.length === 0 ? named : []) {
        const unless = conditions.get(rule.rule.log)
        if (unless) byRule.get(rule)!.push(compiled(exception, source, file, unless))
      }
    }
    faults.push(...own)
  }
  return [...byRule].map(([rule, exceptions]) =>
    exceptions.length === 0 ? rule : { ...rule, exceptions },
  )
}

function compiled(
  { owner, reason, expires }: ExceptionFile,
  source: JsonSource,
  { file }: RuleFile,
  unless: CompiledCondition,
): Exception {
  const whose = `owner ${JSON.stringify(owner)}, reason ${JSON.stringify(reason)}`
  const message = `the exception has expired, and its rules alert again (${whose})`
  const expiry = source.fault(['expires'], message)
  return { file, unless, owner, expires, until: endOf(expires), expiry }
}

/** The rules that it names, by id or by tag. */
function namedRules(
  { rule, tag }: ExceptionFile,
  source: JsonSource,
  rules: readonly CompiledRule[],
  ids: readonly string[],
  own: Fault[],
): CompiledRule[] {
  const at = (key: string, i: number) => (Array.isArray(rule ?? tag) ? [key, i] : [key])
  const tags = rules.map(rule => rule.rule.tags ?? [])
  for (const [i, name] of [tag ?? []].flat().entries()) {
    const known = [...new Set(tags.flat())]
    if (known.includes(name)) continue
    const message = `no rule has the tag "${name}"${suggest(name, known)}`
    own.push(source.fault(at('tag', i), message))
  }
  for (const [i, id] of [rule ?? []].flat().entries()) {
    const message = unnameable(id, rules, ids)
    if (message !== undefined) own.push(source.fault(at('rule', i), message))
  }
  const names = [rule ?? tag ?? []].flat()
  return rules.filter(({ rule: { id, tags = [] }, clause }) =>
    rule === undefined
      ? tags.some(tag => names.includes(tag)) && !isSilence(clause)
      : names.includes(id),
  )
}

/** Why no exception can name this rule; undefined where one can. */
function unnameable(
  id: string,
  rules: readonly CompiledRule[],
  ids: readonly string[],
): string | undefined {
  if (!ids.includes(id)) return `there is no rule "${id}"${suggest(id, ids)}`
  const clause = rules.find(({ rule }) => rule.id === id)?.clause
  return isSilence(clause)
    ? `the rule "${id}" alerts when nothing comes, so there is nothing to except; overrides/${id}.json can change it`
    : undefined
}

/** Every entry is a sign of life; without some of them such a rule would alert more, not less. */
function isSilence(clause: CompiledRule['clause']): boolean {
  return clause?.kind === 'absence' && !clause.isByKey
}

/**
 * The condition for each log of the rules. A tag may stand on rules of both logs: those of a log
 * that doesn't have the fields are then left alone.
 */
function compileUnless(
  { unless, tag }: ExceptionFile,
  source: JsonSource,
  rules: readonly CompiledRule[],
  lists: Lists,
  own: Fault[],
): Map<Log, CompiledCondition> {
  const conditions = new Map<Log, CompiledCondition>()
  const wrong = new Map<string, Fault>()
  for (const log of new Set(rules.map(({ rule }) => rule.log))) {
    let isSound = true
    const report = (pointer: readonly (string | number)[], message: string) => {
      const fault = source.fault(pointer, message)
      wrong.set(formatFault(fault), fault)
      isSound = false
    }
    const condition = compileCondition(unless, ['unless'], { log, lists, report })
    if (isSound) conditions.set(log, condition)
  }
  if (tag === undefined || conditions.size === 0) own.push(...wrong.values())
  return conditions
}
