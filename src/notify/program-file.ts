import { accessSync, constants, statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { IniValue } from '../config/ini-value.js'

/** A program's absolute path, better of an executable file. */
export function programPath(value: string): IniValue {
  if (!isAbsolute(value)) {
    return `must name a program by its absolute path, got a text of ${value.length} characters`
  }
  const trouble = programTrouble(value)
  return trouble === undefined ? { value } : { value, trouble }
}

/** Why there is no executable file at an absolute path, in words; undefined where there is one. */
export function programTrouble(file: string): string | undefined {
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
