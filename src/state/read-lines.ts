import { closeSync, openSync, readSync } from 'node:fs'

const partBytes = 256 * 1024

/** One whole line of a file, without its newline, and where it begins. */
export interface FileLine {
  readonly offset: number
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
    let rest = Buffer.alloc(0)
    let offset = from
    for (;;) {
      const part = Buffer.allocUnsafe(partBytes)
      const length = readSync(fd, part, 0, partBytes, offset + rest.length)
      if (length === 0) return
      const bytes = Buffer.concat([rest, part.subarray(0, length)])
      let start = 0
      for (let end; (end = bytes.indexOf(10, start)) >= 0; start = end + 1) {
        yield { offset: offset + start, bytes: bytes.subarray(start, end) }
      }
      rest = bytes.subarray(start)
      offset += start
    }
  } finally {
    closeSync(fd)
  }
}
