import { createHash } from 'node:crypto'
import { basename, resolve } from 'node:path'

/** What is kept about an alert log goes by its file's name and a hash of its whole path. */
export function alertLogName(alertLog: string): string {
  const path = resolve(alertLog)
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 8)
  return `${basename(path)}-${hash}`
}
