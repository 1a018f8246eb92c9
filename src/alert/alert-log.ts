import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from '../make-folder.js'

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
  return {
    append(record) {
      const fd = openForAppend(file)
      try {
        const text = `${endsInHalfRecord(fd) ? '\n' : ''}${record}\n`
        const { size } = fstatSync(fd)
        const written = writeSync(fd, text)
        if (written < Buffer.byteLength(text)) {
          // A full disk took a part. Where others have appended to it since, it stays.
          if (fstatSync(fd).size === size + written) ftruncateSync(fd, size)
          throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
        }
      } finally {
        closeSync(fd)
      }
    },
  }
}

const newline = 10
/** The last byte of an alert log. */
const last = Buffer.allocUnsafeSlow(1)

/** What a full disk or a kill left; the next record must start a line of its own. */
function endsInHalfRecord(fd: number): boolean {
  const stat = fstatSync(fd)
  if (!stat.isFile() || stat.size === 0) return false
  readSync(fd, last, 0, 1, stat.size - 1)
  return last[0] !== newline
}

function openForAppend(file: string): number {
  try {
    return openSync(file, 'a+', 0o640)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    makeFolder(dirname(file))
    return openSync(file, 'a+', 0o640)
  }
}
