import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Throws where a folder can't be written, also where its disk is full but for the end of a block,
 * into which a small record may still fit.
 */
export function tryToWrite(dir: string): void {
  const file = join(dir, 'probe')
  try {
    writeFileSync(file, Buffer.alloc(64 * 1024), { mode: 0o640 })
  } finally {
    rmSync(file, { force: true })
  }
}
