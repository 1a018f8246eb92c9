import { fileURLToPath } from 'node:url'
import type { Fault } from '../fault.js'
import { compileRule, type CompiledRule } from './compile-rule.js'
import { areValidated, packagedRules } from './packaged-rules.js'
import { readLists } from './read-lists.js'
import type { Lists, Rule } from './rule.js'
import { isFolder, readRuleFiles, type RuleFile, type RuleFiles } from './rule-files.js'
import type { TunedRules } from './tune-rules.js'

/** Rules without a fault, and every fault of the others. */
export interface LoadedRules {
  readonly rules: readonly CompiledRule[]
  /** The same rules without the site's exceptions and overrides, as their own tests see them. */
  readonly untuned: readonly CompiledRule[]
  readonly faults: readonly Fault[]
  readonly expiries: TunedRules['expiries']
}

/**
 * Loads the rules of both logs at these paths; where there are none, the packaged ones and then, if
 * it is there, the site's folder. The packaged lists are there for all, under the names that no list
 * of the paths has. Never throws: a rule with a fault is left out and its faults are all told.
 */
export async function loadRules(
  paths: readonly string[],
  siteFolder?: string,
): Promise<LoadedRules> {
  const packaged = readRuleFiles([fileURLToPath(packagedRules)])
  const sources =
    paths.length > 0 ? [readRuleFiles(paths)] : [packaged, ...site(siteFolder)]
  const files = (kind: Exclude<keyof RuleFiles, 'faults'>) =>
    sources.flatMap(source => source[kind])
  const faults: Fault[] = sources.flatMap(source => source.faults)
  if (files('rules').length === 0 && faults.length === 0) {
    const message = 'there is no rule file (*.json) here'
    faults.push(...paths.map(file => ({ file, line: 1, column: 1, message })))
  }
  const lists = await readLists([packaged, ...sources], faults)
  const untuned = await compileRules(files('rules'), lists, faults)
  const [exceptions, overrides] = [files('exceptions'), files('overrides')]
  if (exceptions.length + overrides.length === 0) {
    return { rules: untuned, untuned, faults, expiries: [] }
  }
  const { tuneRules } = await import('./tune-rules.js')
  const tuned = tuneRules(untuned, exceptions, overrides, lists, faults)
  return { ...tuned, untuned, faults }
}

function site(folder: string | undefined): RuleFiles[] {
  return folder !== undefined && isFolder(folder) ? [readRuleFiles([folder])] : []
}

/** The packaged rules as the build has seen them needn't be validated again. */
async function compileRules(
  files: readonly RuleFile[],
  lists: Lists,
  faults: Fault[],
): Promise<CompiledRule[]> {
  const packaged = files.filter(({ file }) =>
    file.startsWith(fileURLToPath(packagedRules)),
  )
  const isSeen = areValidated(packaged)
  const others = isSeen ? files.filter(file => !packaged.includes(file)) : files
  const known = isSeen ? compileKnown(packaged, lists, faults) : []
  if (others.length === 0) return known
  const { validateRules } = await import('./validate-rules.js')
  return [...known, ...validateRules(others, lists, faults, known)]
}

/** Only a list can be at fault here. */
function compileKnown(
  files: readonly RuleFile[],
  lists: Lists,
  faults: Fault[],
): CompiledRule[] {
  return files.flatMap(({ file, text }) => {
    const own: Fault[] = []
    const compiled = compileRule(JSON.parse(text) as Rule, lists, (_, message) =>
      own.push({ file, line: 1, column: 1, message }),
    )
    faults.push(...own)
    return own.length === 0 ? [compiled] : []
  })
}
