import { closeSync, openSync, readSync } from 'node:fs'

const partBytes = 64 * 1024

/** One whole line of a file, without its newline, and where it begins. */
export interface FileLine {
  readonly offset: number
  /** Good until the next line is asked for. */
  readonly bytes: Buffer
}

/**
 * The whole lines of a file from an offset on; half a line at its end is left out. A file that is
 * missing has none; other errors of the file system are thrown.
 */
export function* readFileLines(path: string, from: number): Generator<FileLine> {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  try {
    let buffer = Buffer.allocUnsafe(partBytes)
    let filled = 0
    for (let offset = from; ;) {
      const space = buffer.length - filled
      const length = readSync(fd, buffer, filled, space, offset + filled)
      if (length === 0) return
      filled += length
      let start = 0
      for (let end; (end = buffer.indexOf(10, start)) >= 0 && end < filled;) {
        yield { offset: offset + start, bytes: buffer.subarray(start, end) }
        start = end + 1
      }
      offset += start
      filled -= start
      const whole = buffer
      // A line that is longer than the buffer takes one of twice the size.
      if (filled === buffer.length) buffer = Buffer.allocUnsafe(filled * 2)
      whole.copy(buffer, 0, start, start + filled)
    }
  } finally {
    closeSync(fd)
  }
}
