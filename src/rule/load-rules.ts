import { fileURLToPath } from 'node:url'
import type { Fault } from '../fault.js'
import { compileRule, type CompiledRule } from './compile-rule.js'
import { areValidated, packagedRules } from './packaged-rules.js'
import { readLists } from './read-lists.js'
import type { Rule } from './rule.js'
import { readRuleFiles } from './rule-files.js'

/** Rules without a fault, and every fault of the others. */
export interface LoadedRules {
  readonly rules: readonly CompiledRule[]
  readonly faults: readonly Fault[]
}

/**
 * Loads the rules of both logs at these paths, or the packaged ones where there are none. The
 * packaged lists are there for all, under the names that no list of the paths has. Never throws: a
 * rule with a fault is left out and its faults are all told.
 */
export async function loadRules(paths: readonly string[]): Promise<LoadedRules> {
  const packaged = readRuleFiles([fileURLToPath(packagedRules)])
  const files = paths.length === 0 ? packaged : readRuleFiles(paths)
  const faults: Fault[] = [...files.faults]
  if (files.rules.length === 0 && faults.length === 0) {
    const message = 'there is no rule file (*.json) here'
    faults.push(...paths.map(file => ({ file, line: 1, column: 1, message })))
  }
  const lists = await readLists([packaged, files], faults)
  if (paths.length > 0 || !areValidated(files.rules)) {
    const { validateRules } = await import('./validate-rules.js')
    return { rules: validateRules(files.rules, lists, faults), faults }
  }
  // Only a list can be at fault here: the build has seen the rules.
  const rules = files.rules.flatMap(({ file, text }) => {
    const own: Fault[] = []
    const compiled = compileRule(JSON.parse(text) as Rule, lists, (_, message) =>
      own.push({ file, line: 1, column: 1, message }),
    )
    faults.push(...own)
    return own.length === 0 ? [compiled] : []
  })
  return { rules, faults }
}
