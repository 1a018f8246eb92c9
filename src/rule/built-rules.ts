// The packaged rules as the build has left them: without their tests, which are nine tenths of them,
// in one file. Reading and parsing all rule files would take a sixth of a start.

import { readFileSync, readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { packagedRules } from './packaged-rules.js'
import type { Lists, Rule, Scalar } from './rule.js'

/** What the build writes after it has validated the packaged rules. */
export interface BuiltRules {
  /** Of each file below rules/: its path there, its size in bytes, the epoch second of its change. */
  readonly files: readonly (readonly [path: string, size: number, changed: number])[]
  readonly rules: readonly Rule[]
  readonly lists: Readonly<Record<string, readonly Scalar[]>>
}

/** Where the build writes it. */
export const builtRules = new URL('../packaged-rules.json', import.meta.url)

/** The files below a folder of rules as they are now. Throws errors of the file system. */
export function filesBelow(folder: URL): BuiltRules['files'] {
  const root = fileURLToPath(folder)
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .sort()
    .map(path => [path, statSync(`${root}/${path}`)] as const)
    .filter(([, stat]) => !stat.isDirectory())
    .map(([path, { size, mtimeMs }]) => [path, size, Math.floor(mtimeMs / 1_000)])
}

/**
 * The rules and lists of the build, as long as no file of theirs was changed, added or taken away
 * since; undefined otherwise, and where their times were lost on the way here.
 */
export function readBuiltRules(
  file = builtRules,
  folder = packagedRules,
): { readonly rules: readonly Rule[]; readonly lists: Lists } | undefined {
  try {
    const { files, rules, lists } = JSON.parse(readFileSync(file, 'utf8')) as BuiltRules
    if (JSON.stringify(files) !== JSON.stringify(filesBelow(folder))) return undefined
    return { rules, lists: new Map(Object.entries(lists)) }
  } catch {
    return undefined
  }
}
