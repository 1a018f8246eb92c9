import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Where alerts are kept for good. */
export interface AlertLog {
  /**
   * Appends one record and its newline.
   * @throws NodeJS.ErrnoException where it could not be written whole
   */
  append(record: string): void
}

/**
 * An alert log in a file, made with mode 0640 (and its folder with 0750) where it is missing.
 * Opened, written and closed for each record, since logrotate renames it at any time; one write a
 * record, since several instances append to it at once.
 */
export function createAlertLog(file: string): AlertLog {
  let endsInRecord = true
  return {
    append(record) {
      const bytes = Buffer.from(`${endsInRecord ? '' : '\n'}${record}\n`)
      const fd = openForAppend(file)
      try {
        const written = writeSync(fd, bytes)
        // A full disk may take a part. What it took stays; the next record starts a line of its own.
        endsInRecord = written === bytes.length
        if (!endsInRecord) {
          throw new Error(`ENOSPC: ${written} of ${bytes.length} bytes written`)
        }
      } finally {
        closeSync(fd)
      }
    },
  }
}

function openForAppend(file: string): number {
  try {
    return openSync(file, 'a', 0o640)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    mkdirSync(dirname(file), { recursive: true, mode: 0o750 })
    return openSync(file, 'a', 0o640)
  }
}
