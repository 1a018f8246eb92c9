import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it, for the owner and the group, where they are missing. Not Node's
 * `recursive`: that never ends where an existing folder takes no other, as /proc. Throws errors of the
 * file system.
 */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o750 })
  } catch (error) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
    const above = dirname(folder)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || existsSync(above))
      throw error
    makeFolder(above)
    makeFolder(folder)
  }
}
