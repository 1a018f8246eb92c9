import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { nameOf, type RuleFile } from './rule-files.js'

/** The folder of the rules that come with the program. */
export const packagedRules = new URL('../../rules/', import.meta.url)

/** The published JSON Schema of a rule file. */
export const ruleSchema = new URL('schema/rule.schema.json', packagedRules)

/** The published JSON Schema of an exception, which refers to that of a rule. */
export const exceptionSchema = new URL('schema/exception.schema.json', packagedRules)

/** The published JSON Schema of an override, likewise. */
export const overrideSchema = new URL('schema/override.schema.json', packagedRules)

/** The published JSON Schema of a record in an alert log. */
export const alertSchema = new URL('schema/alert.schema.json', packagedRules)

/** Written by the build after it has validated the packaged rules. */
export const validatedDigest = new URL('../packaged-rules.sha256', import.meta.url)

/** One digest of rule files, names and contents, whatever their order or folder. */
export function digestOf(files: readonly RuleFile[]): string {
  const contents = files.map(file =>
    createHash('sha256')
      .update(`${nameOf(file.file)}\n${file.text}`)
      .digest('hex'),
  )
  return createHash('sha256').update(contents.sort().join('\n')).digest('hex')
}

/**
 * True when the build has validated exactly these files, so that start-up can do without ajv
 * (about 40 ms). Rules edited in place are another content, and validated like any others.
 */
export function areValidated(
  files: readonly RuleFile[],
  digestFile: URL = validatedDigest,
): boolean {
  try {
    return readFileSync(digestFile, 'utf8').trim() === digestOf(files)
  } catch {
    return false
  }
}
