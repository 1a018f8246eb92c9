import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The path of a file of the checkout. */
export function projectFile(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url))
}

/** The text of a file of the checkout. */
export function readProject(path: string): string {
  return readFileSync(projectFile(path), 'utf8')
}

/** Writes a file below `root`, with the folders that it needs. */
export function put(root: string, path: string, content: string, mode = 0o644): void {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content, { mode })
}
