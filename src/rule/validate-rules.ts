import type { Fault } from '../fault.js'
import { isJsonObject } from '../entry/json-object.js'
import { compileRule, type CompiledRule } from './compile-rule.js'
import { readCheckedSource } from './checked-source.js'
import type { JsonSource } from './json-source.js'
import { ruleSchema } from './packaged-rules.js'
import { clauseNames, type Lists, type Rule } from './rule.js'
import { nameOf, type RuleFile } from './rule-files.js'
import { createSchemaCheck } from './schema-check.js'

/**
 * Validates rule files the full way: JSON with positions, the published schema, what a schema can't
 * say, and a try at compiling. Gives the rules without a fault; every fault of the others goes to
 * `faults`. `owner` knows which file has which id, and learns those of these files.
 */
export function validateRules(
  files: readonly RuleFile[],
  lists: Lists,
  faults: Fault[],
  owner = new Map<string, string>(),
): CompiledRule[] {
  const check = createSchemaCheck(ruleSchema)
  return files.flatMap(file => {
    const { source, faults: own } = readCheckedSource(file, check)
    own.push(
      ...idFaults(file, source, owner),
      ...clauseFaults(source),
      ...testFaults(source),
    )
    const compiled = compile(source, lists, own)
    faults.push(...own)
    return own.length === 0 && compiled !== undefined ? [compiled] : []
  })
}

function idFaults(
  { file }: RuleFile,
  source: JsonSource,
  owner: Map<string, string>,
): Fault[] {
  const id = isJsonObject(source.value) ? source.value['id'] : undefined
  if (typeof id !== 'string') return []
  const name = nameOf(file)
  const other = owner.get(id)
  owner.set(id, other ?? file)
  return [
    ...(id === name
      ? []
      : [source.fault(['id'], `the id must be the file's name, "${name}", got "${id}"`)]),
    ...(other === undefined
      ? []
      : [
          source.fault(
            ['id'],
            `the id is taken by ${other}, got "${id}" again; overrides/${id}.json can change that rule`,
          ),
        ]),
  ]
}

function clauseFaults(source: JsonSource): Fault[] {
  const { value } = source
  const names = clauseNames.filter(
    name => isJsonObject(value) && Object.hasOwn(value, name),
  )
  return names.length < 2
    ? []
    : [
        source.keyFault(
          [],
          names[1]!,
          `a rule has one clause over time, got ${names.join(' and ')}`,
        ),
      ]
}

function testFaults(source: JsonSource): Fault[] {
  const tests = isJsonObject(source.value) ? source.value['tests'] : undefined
  if (!Array.isArray(tests)) return []
  return tests.flatMap((test: unknown, i) =>
    isJsonObject(test) && test['alerts'] === 0 && test['title'] !== undefined
      ? [source.fault(['tests', i, 'title'], 'a test for no alert expects a title')]
      : [],
  )
}

/**
 * A rule that breaks its schema is compiled too, part by part, so that one look tells all that is
 * wrong with it; what the compiler stumbles over is then the schema's to tell.
 */
function compile(
  source: JsonSource,
  lists: Lists,
  own: Fault[],
): CompiledRule | undefined {
  if (!isJsonObject(source.value)) return undefined
  const rule = source.value as unknown as Rule
  const compilePart = (part: Rule) =>
    compileRule(part, lists, (pointer, message) =>
      own.push(source.fault(pointer, message)),
    )
  if (own.length === 0) return compilePart(rule)
  for (const part of partsOf(rule)) {
    try {
      compilePart(part)
    } catch {
      // Breaks its schema, and so is told.
    }
  }
  return undefined
}

/** The title, each key of the conditions, and each clause, as rules of their own. */
function partsOf(rule: Rule): Rule[] {
  const { id, log, severity, tests, title, when, unless, throttle } = rule
  const bare: Rule = { id, log, severity, tests, title: '-', when: {} }
  const keysOf = (condition: unknown) =>
    isJsonObject(condition) ? Object.entries(condition) : []
  return [
    { ...bare, title },
    ...keysOf(when).map(([key, value]) => ({ ...bare, when: { [key]: value } })),
    ...keysOf(unless).map(([key, value]) => ({ ...bare, unless: { [key]: value } })),
    ...clauseNames
      .filter(name => rule[name] !== undefined)
      .map(name => ({ ...bare, [name]: rule[name] })),
    ...(throttle === undefined ? [] : [{ ...bare, throttle }]),
  ]
}
