import { accessSync, constants, statSync } from 'node:fs'
import { isAbsolute } from 'node:path'

/** What is wrong with a program's path, in words; undefined for an executable file. */
export function programFault(file: string): string | undefined {
  if (!isAbsolute(file)) {
    return `must name a program by its absolute path, got a text of ${file.length} characters`
  }
  try {
    if (!statSync(file).isFile()) return `is ${file}, which is no file`
    accessSync(file, constants.X_OK)
    return undefined
  } catch (error) {
    return `is ${file}, which can't be executed: ${(error as NodeJS.ErrnoException).code}`
  }
}

/**
 * A program and its arguments, split at blanks. Single and double quotes group, also within a
 * word; nothing else is special: no backslash, no variable, no pattern. Undefined where a quote
 * isn't closed.
 */
export function splitWords(text: string): string[] | undefined {
  const word = /(?:[^\s"']|"[^"]*"|'[^']*')+/g
  if (text.replaceAll(word, '').trim() !== '') return undefined
  return [...text.matchAll(word)].map(([written]) =>
    written.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'),
  )
}
