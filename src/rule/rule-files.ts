import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Fault } from '../fault.js'

/** A file as it was read. */
export interface RuleFile {
  readonly file: string
  readonly text: string
}

/** What stands at the paths that an operator named. */
export interface RuleFiles {
  readonly rules: readonly RuleFile[]
  readonly lists: readonly RuleFile[]
  readonly exceptions: readonly RuleFile[]
  readonly overrides: readonly RuleFile[]
  /** Paths that can't be read. */
  readonly faults: readonly Fault[]
}

/**
 * Reads the `.json` files at the paths, sorted by name. Below a folder, `lists/`, `exceptions/` and
 * `overrides/` hold what they are called and `schema/` nothing of ours; lists are also taken from
 * `lists/` beside the named file or folder, and beside a named file's folder, as in rules/. Never
 * throws.
 */
export function readRuleFiles(paths: readonly string[]): RuleFiles {
  const faults: Fault[] = []
  const rules = new Map<string, RuleFile>()
  const lists = new Map<string, RuleFile>()
  const exceptions = new Map<string, RuleFile>()
  const overrides = new Map<string, RuleFile>()
  const kinds = new Map(Object.entries({ lists, exceptions, overrides }))
  const read = (file: string, into: Map<string, RuleFile>) =>
    attempt(file, faults, () =>
      into.set(file, { file, text: readFileSync(file, 'utf8').replace(/^\ufeff/, '') }),
    )

  const walk = (folder: string, into: Map<string, RuleFile>) =>
    attempt(folder, faults, () => {
      for (const entry of readdirSync(folder, { withFileTypes: true }).sort(byName)) {
        const path = join(folder, entry.name)
        if (isFolder(path)) {
          if (entry.name !== 'schema') walk(path, kinds.get(entry.name) ?? into)
        } else if (entry.name.endsWith('.json')) read(path, into)
      }
    })

  for (const path of paths) {
    const isNamedFolder = isFolder(path)
    // Of two lists with one name the later read holds: that nearer to the rules.
    const above = join(isNamedFolder ? path : dirname(path), '..', 'lists')
    const beside = isNamedFolder ? [above] : [above, join(dirname(path), 'lists')]
    for (const folder of beside.filter(isFolder)) walk(folder, lists)
    if (isNamedFolder) walk(path, rules)
    else read(path, rules)
  }
  return {
    rules: [...rules.values()],
    lists: [...lists.values()],
    exceptions: [...exceptions.values()],
    overrides: [...overrides.values()],
    faults,
  }
}

/** The same for the site's folder, which need not be there. */
export function readSiteFiles(folder: string | undefined): RuleFiles {
  return readRuleFiles(folder === undefined || isMissing(folder) ? [] : [folder])
}

/** The name that a rule or list file goes by: its own without `.json`. */
export function nameOf(file: string): string {
  return basename(file, '.json')
}

function attempt(file: string, faults: Fault[], action: () => void): void {
  try {
    action()
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(',')[0]! : String(error)
    faults.push({ file, line: 1, column: 1, message: `can't be read: ${reason}` })
  }
}

/** False for what can't be looked at, too: reading it as a file then says why. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** Not for a link that leads nowhere, nor for what we may not look at: these are faults. */
function isMissing(path: string): boolean {
  try {
    lstatSync(path)
    return false
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
  }
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1
}
