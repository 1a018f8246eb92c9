import type { Log } from '../entry/entry.js'
import { isJsonObject } from '../entry/json-object.js'
import type { Fault } from '../fault.js'
import { compileCondition, type CompiledCondition } from './compile-condition.js'
import { compileRule, type CompiledRule } from './compile-rule.js'
import { suggest } from './did-you-mean.js'
import {
  endOf,
  withExceptions,
  type CompiledException,
  type Exception,
} from './exception.js'
import { readJsonSource, type JsonSource } from './json-source.js'
import { overridableClauses, withOverride, type Override } from './override.js'
import { exceptionSchema, overrideSchema, ruleSchema } from './packaged-rules.js'
import type { ReportFault } from './report-fault.js'
import type { Lists } from './rule.js'
import { nameOf, type RuleFile } from './rule-files.js'
import { createSchemaCheck, type SchemaFault } from './schema-check.js'

/** What a site's exceptions and overrides make of the rules. */
export interface TunedRules {
  readonly rules: readonly CompiledRule[]
  /** When each exception ends, epoch milliseconds, and what is to be said of it then. */
  readonly expiries: readonly { readonly until: number; readonly warning: Fault }[]
}

/**
 * Validates exceptions and overrides and applies those without a fault; every fault of the others
 * goes to `faults`.
 */
export function tuneRules(
  rules: readonly CompiledRule[],
  exceptions: readonly RuleFile[],
  overrides: readonly RuleFile[],
  lists: Lists,
  faults: Fault[],
): TunedRules {
  const overridden = overrideRules(rules, overrides, lists, faults)
  const checkException = createSchemaCheck(exceptionSchema, ruleSchema)
  const expiries: { until: number; warning: Fault }[] = []
  const exceptionsOf = new Map<string, CompiledException[]>()
  for (const file of exceptions) {
    const own: Fault[] = []
    const source = validated(file, checkException, own)
    if (source !== undefined) {
      const exception = source.value as Exception
      const until = endOf(exception.expires)
      own.push(...exceptionFaults(exception, source))
      const named = rulesFor(exception, overridden, source, own)
      const conditions = conditionsOf(exception, named, lists, source, own)
      for (const { rule } of named) {
        const condition = conditions.get(rule.log)
        const known = exceptionsOf.get(rule.id) ?? []
        if (condition === undefined) continue
        exceptionsOf.set(rule.id, [
          ...known,
          { name: nameOf(file.file), condition, until },
        ])
      }
      const message = `the exception has expired: ${exception.expires}, of ${exception.owner}`
      expiries.push({ until, warning: source.fault(['expires'], message) })
    }
    faults.push(...own)
  }
  return {
    expiries,
    rules: overridden.map(rule =>
      withExceptions(rule, exceptionsOf.get(rule.rule.id) ?? []),
    ),
  }
}

/**
 * The condition for each log of these rules. With a tag, they may be of both logs, and its fields of
 * one: then it is for that one.
 */
function conditionsOf(
  { unless }: Exception,
  rules: readonly CompiledRule[],
  lists: Lists,
  source: JsonSource,
  own: Fault[],
): Map<Log, CompiledCondition> {
  const conditions = new Map<Log, CompiledCondition>()
  const faults: Fault[] = []
  for (const log of new Set(rules.map(({ rule }) => rule.log))) {
    const ofLog: Fault[] = []
    const report: ReportFault = (pointer, message) =>
      ofLog.push(source.fault(pointer, message))
    const condition = compileCondition(unless, ['unless'], { log, lists, report })
    if (ofLog.length === 0) conditions.set(log, condition)
    faults.push(...ofLog)
  }
  if (conditions.size === 0) own.push(...faults)
  return conditions
}

function overrideRules(
  rules: readonly CompiledRule[],
  files: readonly RuleFile[],
  lists: Lists,
  faults: Fault[],
): CompiledRule[] {
  const check = createSchemaCheck(overrideSchema, ruleSchema)
  const overrides = new Map<string, { override: Override; source: JsonSource }>()
  for (const file of files) {
    const own: Fault[] = []
    const source = validated(file, check, own)
    const name = nameOf(file.file)
    const rule = rules.find(({ rule }) => rule.id === name)
    if (source !== undefined && rule !== undefined) {
      const override = source.value as Override
      own.push(...clauseFaults(override, rule, source))
      if (own.length === 0) overrides.set(name, { override, source })
    } else if (source !== undefined) {
      own.push(
        source.fault([], `no such rule, got ${name}${suggest(name, idsOf(rules))}`),
      )
    }
    faults.push(...own)
  }
  return rules.map(rule => {
    const found = overrides.get(rule.rule.id)
    if (found === undefined) return rule
    const own: Fault[] = []
    const compiled = compileRule(
      withOverride(rule.rule, found.override),
      lists,
      (pointer, message) => own.push(found.source.fault(pointer, message)),
    )
    faults.push(...own)
    return own.length === 0 ? compiled : rule
  })
}

/** The source of a file that its schema accepts; its faults go to `own`. */
function validated(
  { file, text }: RuleFile,
  check: (value: unknown) => SchemaFault[],
  own: Fault[],
): JsonSource | undefined {
  const source = readJsonSource(file, text)
  const schemaFaults = source.value === undefined ? [] : check(source.value)
  own.push(
    ...source.faults,
    ...schemaFaults.map(({ pointer, key, message }) =>
      key === undefined
        ? source.fault(pointer, message)
        : source.keyFault(pointer, key, message),
    ),
  )
  return own.length === 0 && isJsonObject(source.value) ? source : undefined
}

/** What an override says of a clause that its rule hasn't. */
function clauseFaults(
  override: Override,
  { rule }: CompiledRule,
  source: JsonSource,
): Fault[] {
  return overridableClauses
    .filter(name => override[name] !== undefined && rule[name] === undefined)
    .map(name => source.keyFault([], name, `the rule ${rule.id} has no ${name}`))
}

/** What its schema can't say. */
function exceptionFaults({ rule, tag, expires }: Exception, source: JsonSource): Fault[] {
  return [
    ...(rule !== undefined && tag !== undefined
      ? [source.keyFault([], 'tag', 'an exception is for rules or for tags, got both')]
      : []),
    ...(!isDay(expires)
      ? [source.fault(['expires'], `there is no such day, got "${expires}"`)]
      : []),
  ]
}

/** The rules that an exception is about; names that no rule has are faults. */
function rulesFor(
  { rule: ids = [], tag: tags = [] }: Exception,
  rules: readonly CompiledRule[],
  source: JsonSource,
  own: Fault[],
): CompiledRule[] {
  const wanted = (what: 'rule' | 'tag', names: string | readonly string[]) =>
    [names].flat().flatMap(name => {
      const found = rules.filter(({ rule }) =>
        what === 'rule' ? rule.id === name : rule.tags?.includes(name),
      )
      const known =
        what === 'rule'
          ? idsOf(rules)
          : [...new Set(rules.flatMap(r => r.rule.tags ?? []))]
      if (found.length === 0) {
        own.push(
          source.fault(
            [what],
            `no rule with this ${what}, got "${name}"${suggest(name, known)}`,
          ),
        )
      }
      return found
    })
  return [...new Set([...wanted('rule', ids), ...wanted('tag', tags)])]
}

function idsOf(rules: readonly CompiledRule[]): string[] {
  return rules.map(({ rule }) => rule.id)
}

/** JavaScript takes 30 February for 2 March. */
function isDay(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date)
}
