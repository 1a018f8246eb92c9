import { statSync } from 'node:fs'
import { readFileLines, type FileLine } from './read-lines.js'
import { checkOf } from './settled-marks.js'

/** How far a queue file was read, and how to tell that it is still that file. */
export interface QueueFile {
  /** Up to here it was read. */
  bytes: number
  /** How many of its events aren't settled. */
  waiting: number
  /** How large it was when it was last looked at. */
  size: number
  /** The last line that was read. */
  last: { readonly offset: number; readonly check: number } | undefined
}

/** A file of which nothing was read. */
export function unreadFile(): QueueFile {
  return { bytes: 0, waiting: 0, size: 0, last: undefined }
}

/** Notes a line that was read. */
export function readUpTo(file: QueueFile, { offset, bytes }: FileLine): void {
  file.bytes = offset + bytes.length + 1
  file.last = { offset, check: checkOf(bytes) }
}

/**
 * Whether what was read of a file is still there: files only grow, and one that doesn't was cut or
 * replaced by something else. Throws errors of the file system, but for a missing file.
 */
export function isStillThere(path: string, file: QueueFile): boolean {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size < file.bytes) return false
  if (size === file.size || file.last === undefined) return true
  const { offset, check } = file.last
  const [line] = linesAt(path, [offset])
  if (line === undefined || checkOf(line.bytes) !== check) return false
  file.size = size
  return true
}

/** Those lines of a file that begin at these offsets, which ascend. */
export function* linesAt(
  path: string,
  offsets: readonly number[],
): Generator<FileLine & { readonly index: number }> {
  let index = 0
  for (const line of readFileLines(path, offsets[0] ?? 0)) {
    while (index < offsets.length && offsets[index]! < line.offset) index += 1
    if (index === offsets.length) return
    if (offsets[index] === line.offset) yield { ...line, index }
  }
}
