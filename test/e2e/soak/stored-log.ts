import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { archives } from '../rotation.js'
import type { LogSystem } from '../log-system.js'

/** The files of a log: its archives, the oldest first, and the current one. */
export function logFiles(system: LogSystem, log: string): string[] {
  return [...archives(system, log), join(system.logDir, log)]
}

/** The bytes of log files, compressed or not, one after the other. */
export function readLogFiles(files: readonly string[]): Readable {
  return spawn('zstdcat', ['-qf', ...files], { stdio: ['ignore', 'pipe', 'inherit'] })
    .stdout
}

/** The lines of log files, and a hash of their bytes. */
export async function countAndHash(
  files: readonly string[],
): Promise<{ lines: number; hash: string }> {
  const hash = createHash('sha256')
  let lines = 0
  const stream = readLogFiles(files).on('data', (part: Buffer) => {
    hash.update(part)
    for (let at = -1; (at = part.indexOf(10, at + 1)) >= 0;) lines += 1
  })
  await once(stream, 'end')
  return { lines, hash: hash.digest('hex') }
}
