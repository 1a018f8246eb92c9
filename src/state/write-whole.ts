import { ftruncateSync, writeSync } from 'node:fs'

/**
 * Appends a text to an open file of this size, whole or not at all; gives how many bytes it takes. Of what
 * a full disk takes only a part is cut off again.
 * @throws NodeJS.ErrnoException ENOSPC then, and other errors of the file system
 */
export function writeWhole(fd: number, text: string, size: number): number {
  const bytes = Buffer.byteLength(text)
  if (writeSync(fd, text) === bytes) return bytes
  ftruncateSync(fd, size)
  throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
}
