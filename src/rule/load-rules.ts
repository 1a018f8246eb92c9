import { fileURLToPath } from 'node:url'
import type { Fault } from '../fault.js'
import { compileRule, type CompiledRule, type Lists } from './compile-rule.js'
import { packagedRules, areValidated, ruleSchema } from './packaged-rules.js'
import type { Rule, Scalar } from './rule.js'
import { nameOf, readRuleFiles, type RuleFile, type RuleFiles } from './rule-files.js'

/** Rules without a fault, and every fault of the others. */
export interface LoadedRules {
  readonly rules: readonly CompiledRule[]
  readonly listNames: readonly string[]
  readonly faults: readonly Fault[]
}

/** A rule file on its way: what it says, and how to say where. */
interface ParsedRule {
  readonly file: RuleFile
  readonly rule: Rule
  readonly faultAt: (pointer: readonly (string | number)[], message: string) => Fault
}

/**
 * Loads the rules of both logs at these paths, or the packaged ones where there are none. The
 * packaged lists are there for all, under the names that no list of the paths has. Never throws: a
 * rule with a fault is left out and its faults are all told.
 */
export async function loadRules(paths: readonly string[]): Promise<LoadedRules> {
  const packaged = readRuleFiles([fileURLToPath(packagedRules)])
  const files = paths.length === 0 ? packaged : readRuleFiles(paths)
  const isTrusted = paths.length === 0 && areValidated(files.rules)
  const faults: Fault[] = [...files.faults]
  const lists = await readLists([packaged, files], faults)
  const parsed = isTrusted ? files.rules.map(trusted) : await validate(files, faults)
  const isFirst = firstOfItsId(parsed, faults)
  const rules = parsed.flatMap(item => {
    const own: Fault[] = []
    const compiled = compileRule(item.rule, lists, (pointer, message) =>
      own.push(item.faultAt(pointer, message)),
    )
    faults.push(...own)
    return own.length === 0 && isFirst(item) ? [compiled] : []
  })
  return { rules, listNames: [...lists.keys()], faults }
}

function trusted(file: RuleFile): ParsedRule {
  return {
    file,
    rule: JSON.parse(file.text) as Rule,
    faultAt: (_, message) => ({ file: file.file, line: 1, column: 1, message }),
  }
}

/** The full way: JSON with positions, the schema, and what a schema can't say. */
async function validate(files: RuleFiles, faults: Fault[]): Promise<ParsedRule[]> {
  const { readJsonSource } = await import('./json-source.js')
  const { createSchemaCheck } = await import('./schema-check.js')
  const check = createSchemaCheck(ruleSchema)
  return files.rules.flatMap(file => {
    const source = readJsonSource(file.file, file.text)
    const own: Fault[] = [...source.faults]
    if (own.length === 0) {
      for (const { pointer, key, message } of check(source.value)) {
        own.push(
          key === undefined
            ? source.fault(pointer, message)
            : source.keyFault(pointer, key, message),
        )
      }
    }
    const rule = source.value as Rule
    if (own.length === 0) {
      if (rule.id !== nameOf(file.file)) {
        const message = `the id must be the file's name, "${nameOf(file.file)}", got "${rule.id}"`
        own.push(source.fault(['id'], message))
      }
      rule.tests.forEach((test, i) => {
        if (test.alerts > 0 || test.title === undefined) return
        own.push(
          source.fault(['tests', i, 'title'], 'a test for no alert expects a title'),
        )
      })
    }
    faults.push(...own)
    return own.length === 0 ? [{ file, rule, faultAt: source.fault }] : []
  })
}

/** Tells the rule that keeps an id from later ones with the same, each of which is a fault. */
function firstOfItsId(
  parsed: ParsedRule[],
  faults: Fault[],
): (item: ParsedRule) => boolean {
  const first = new Map<string, ParsedRule>()
  for (const item of parsed) {
    const other = first.get(item.rule.id)
    if (other === undefined) first.set(item.rule.id, item)
    else {
      const message = `the id is taken by ${other.file.file}, got "${item.rule.id}" again`
      faults.push(item.faultAt(['id'], message))
    }
  }
  return item => first.get(item.rule.id) === item
}

async function readLists(sources: readonly RuleFiles[], faults: Fault[]): Promise<Lists> {
  const lists = new Map<string, readonly Scalar[]>()
  const files = new Map(sources.flatMap(s => s.lists).map(list => [list.file, list]))
  for (const { file, text } of files.values()) {
    const value = parseList(text)
    if (value !== undefined) lists.set(nameOf(file), value)
    else {
      const { readJsonSource } = await import('./json-source.js')
      const source = readJsonSource(file, text)
      const message = 'a list is a JSON array of strings, numbers or booleans'
      faults.push(
        ...(source.faults.length > 0 ? source.faults : [source.fault([], message)]),
      )
    }
  }
  return lists
}

/** The values of a list file, or undefined. An empty list is one that a site has emptied. */
function parseList(text: string): readonly Scalar[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isList =
      Array.isArray(value) &&
      value.every(member => ['string', 'number', 'boolean'].includes(typeof member))
    return isList ? (value as Scalar[]) : undefined
  } catch {
    return undefined
  }
}
