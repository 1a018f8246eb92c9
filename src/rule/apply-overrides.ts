import type { Fault } from '../fault.js'
import { readCheckedSource } from './checked-source.js'
import { compileRule, type CompiledRule } from './compile-rule.js'
import { suggest } from './did-you-mean.js'
import type { JsonSource } from './json-source.js'
import { overridden, type Override } from './override.js'
import { overrideSchema, ruleSchema } from './packaged-rules.js'
import { clauseNames, type Lists, type Rule } from './rule.js'
import { nameOf, type RuleFile } from './rule-files.js'
import { createSchemaCheck } from './schema-check.js'

/**
 * Validates files of overrides and gives the rules, those that a file is named after compiled anew.
 * What is wrong goes to `faults`, and its rule stays as it is. `ids` are those of all rules, also of
 * such as have a fault of their own.
 */
export function applyOverrides(
  rules: readonly CompiledRule[],
  files: readonly RuleFile[],
  ids: readonly string[],
  lists: Lists,
  faults: Fault[],
): CompiledRule[] {
  const check = createSchemaCheck(overrideSchema, ruleSchema)
  const byId = new Map(rules.map(rule => [rule.rule.id, rule]))
  const owner = new Map<string, string>()
  for (const file of files) {
    const id = nameOf(file.file)
    const { source, faults: own } = readCheckedSource(file, check)
    own.push(...nameFaults(id, source, owner.get(id), ids))
    owner.set(id, owner.get(id) ?? file.file)
    const rule = byId.get(id)?.rule
    if (own.length === 0 && rule !== undefined) {
      const override = source.value as Override
      own.push(...clauseFaults(rule, override, source))
      const compiled = compileRule(
        overridden(rule, override),
        lists,
        (pointer, message) => own.push(source.fault(pointer, message)),
      )
      if (own.length === 0) byId.set(id, compiled)
    }
    faults.push(...own)
  }
  return [...byId.values()]
}

function nameFaults(
  id: string,
  source: JsonSource,
  other: string | undefined,
  ids: readonly string[],
): Fault[] {
  if (!ids.includes(id)) {
    const message = `an override is named after its rule, and there is no rule "${id}"`
    return [source.fault([], `${message}${suggest(id, ids)}`)]
  }
  return other === undefined
    ? []
    : [source.fault([], `the rule "${id}" has an override already, ${other}`)]
}

function clauseFaults(rule: Rule, override: Override, source: JsonSource): Fault[] {
  const has = clauseNames.find(name => rule[name] !== undefined)
  const instead = has === undefined ? 'has no clause over time' : `has "${has}"`
  return clauseNames
    .filter(name => override[name] !== undefined && rule[name] === undefined)
    .map(name =>
      source.keyFault([], name, `there is no "${name}" to change: the rule ${instead}`),
    )
}
