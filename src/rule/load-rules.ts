import { fileURLToPath } from 'node:url'
import type { Fault } from '../fault.js'
import { readBuiltRules } from './built-rules.js'
import { compileRule, type CompiledRule } from './compile-rule.js'
import { fittingLists } from './fitting-lists.js'
import { areValidated, packagedRules } from './packaged-rules.js'
import { readLists, unnamedLists } from './read-lists.js'
import type { Lists, Rule } from './rule.js'
import { nameOf, readRuleFiles, readSiteFiles, type RuleFiles } from './rule-files.js'

/** Rules without a fault, and every fault of the others. */
export interface LoadedRules {
  readonly rules: readonly CompiledRule[]
  /**
   * As their own tests see them: without overrides and exceptions, and the packaged ones without
   * the site's lists, since their tests name what is in the packaged lists.
   */
  readonly untuned: () => Promise<readonly CompiledRule[]>
  readonly faults: readonly Fault[]
  /** What is in order, but hardly meant. */
  readonly warnings: readonly Fault[]
}

/**
 * Loads the rules of both logs at these paths; where there are none, the packaged ones and those in
 * the site's folder. Exceptions and overrides that stand there change them. The packaged lists are
 * there for all, under the names that no other list has. Never throws: a rule with a fault is left
 * out and its faults are all told. Of the packaged rules, those that aren't needed may be left out:
 * compiling all of them takes a third of a start.
 */
export async function loadRules(
  paths: readonly string[],
  siteFolder?: string,
  isNeeded: (rule: Rule) => boolean = () => true,
): Promise<LoadedRules> {
  const isPackaged = paths.length === 0
  const given = isPackaged ? readSiteFiles(siteFolder) : readRuleFiles(paths)
  const built = isPackaged && isBare(given) ? loadBuilt(isNeeded) : undefined
  return built ?? loadFiles(paths, given, isNeeded)
}

/** What the build has left of the packaged rules, if that is what stands in their folder. */
function loadBuilt(isNeeded: (rule: Rule) => boolean): LoadedRules | undefined {
  const built = readBuiltRules()
  if (built === undefined) return undefined
  let isSound = true
  const rules = built.rules
    .filter(isNeeded)
    .map(rule => compileRule(rule, built.lists, () => (isSound = false)))
  if (!isSound) return undefined
  const untuned = async () => (await loadFiles([], readSiteFiles(undefined))).untuned()
  return { rules, untuned, faults: [], warnings: [] }
}

async function loadFiles(
  paths: readonly string[],
  given: RuleFiles,
  isNeeded: (rule: Rule) => boolean = () => true,
): Promise<LoadedRules> {
  const isPackaged = paths.length === 0
  const packaged = readRuleFiles([fileURLToPath(packagedRules)])
  const all = isPackaged ? [packaged, given] : [given]
  const ids = all.flatMap(({ rules }) => rules).map(({ file }) => nameOf(file))
  const faults: Fault[] = all.flatMap(files => files.faults)
  if (ids.length === 0 && faults.length === 0) {
    const message = 'there is no rule file (*.json) here'
    faults.push(...paths.map(file => ({ file, line: 1, column: 1, message })))
  }
  const read = await readLists([packaged, given], faults)
  const lists =
    isPackaged && given.lists.length > 0
      ? await fittingLists(read, packaged, given, faults)
      : read
  // Whatever a site has may concern rules that are off.
  const needed = isBare(given) ? isNeeded : () => true
  const ours = isPackaged ? await loadPackaged(packaged, lists, faults, needed) : []
  const theirs = await loadGiven(given, isPackaged ? packaged : undefined, lists, faults)
  return {
    rules: await tuned([...ours, ...theirs], all, ids, lists, faults),
    untuned: async () => [
      ...(given.lists.length > 0 ? await withOwnLists(ours, packaged) : ours),
      ...theirs,
    ],
    faults,
    warnings: isPackaged ? unnamedLists(packaged, given) : [],
  }
}

function isBare(files: RuleFiles): boolean {
  return Object.values(files).every(found => found.length === 0)
}

/** The packaged rules; the build has validated them, unless they were edited in place. */
async function loadPackaged(
  packaged: RuleFiles,
  lists: Lists,
  faults: Fault[],
  isNeeded: (rule: Rule) => boolean,
): Promise<CompiledRule[]> {
  let isSound = areValidated(packaged.rules)
  const rules = isSound
    ? packaged.rules
        .map(({ text }) => JSON.parse(text) as Rule)
        .filter(isNeeded)
        .map(rule => compileRule(rule, lists, () => (isSound = false)))
    : []
  if (isSound) return rules
  const { validateRules } = await import('./validate-rules.js')
  return validateRules(packaged.rules, lists, faults)
}

/** The rules of an operator; `packaged` where those are in force too. */
async function loadGiven(
  given: RuleFiles,
  packaged: RuleFiles | undefined,
  lists: Lists,
  faults: Fault[],
): Promise<CompiledRule[]> {
  if (given.rules.length === 0) return []
  const taken = packaged?.rules.map(({ file }) => [nameOf(file), file] as const)
  const { validateRules } = await import('./validate-rules.js')
  return validateRules(given.rules, lists, faults, new Map(taken))
}

async function withOwnLists(
  rules: readonly CompiledRule[],
  packaged: RuleFiles,
): Promise<CompiledRule[]> {
  const lists = await readLists([packaged], [])
  return rules.map(({ rule }) => compileRule(rule, lists, () => {}))
}

/** With the overrides, then the exceptions of these files; what they need is loaded only then. */
async function tuned(
  rules: readonly CompiledRule[],
  files: readonly RuleFiles[],
  ids: readonly string[],
  lists: Lists,
  faults: Fault[],
): Promise<readonly CompiledRule[]> {
  const overrides = files.flatMap(file => file.overrides)
  const exceptions = files.flatMap(file => file.exceptions)
  let result = rules
  if (overrides.length > 0) {
    const { applyOverrides } = await import('./apply-overrides.js')
    result = applyOverrides(result, overrides, ids, lists, faults)
  }
  if (exceptions.length > 0) {
    const { applyExceptions } = await import('./apply-exceptions.js')
    result = applyExceptions(result, exceptions, ids, lists, faults)
  }
  return result
}
