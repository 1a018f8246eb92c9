import { renameSync, writeFileSync } from 'node:fs'

/**
 * Puts a corrupt state file aside, as `.corrupt` beside it (of several ones the last, so that they
 * can't fill the disk), and in its place a file with what is left of it. Gives the path of the one
 * put aside. Throws errors of the file system.
 */
export function setAside(file: string, rest: string): string {
  const aside = `${file}.corrupt`
  const mended = `${file}.mended`
  writeFileSync(mended, rest, { mode: 0o640 })
  renameSync(file, aside)
  renameSync(mended, file)
  return aside
}
