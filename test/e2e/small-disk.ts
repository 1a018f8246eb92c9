import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmdirSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TAP, Test } from 'tap'

/** A file system of its own, that a test can fill. */
export interface SmallDisk {
  /** Where it is mounted. */
  readonly dir: string
  /** Grows or makes a ballast file until no more than this is free; 0 for not a byte. */
  fillTo(freePercent: number): void
  /** Removes the ballast. */
  empty(): void
}

const pageBytes = 4096

/**
 * Runs the tests of a file here, or where we may not mount, as for other users than root, the whole
 * file once more in a namespace in which we may.
 */
export function whereMountsAreAllowed(
  t: TAP,
  file: string,
  timeout: number,
  tests: () => void,
): void {
  if (spawnSync('unshare', ['-m', 'true']).status === 0) return tests()
  const self = [process.execPath, ...process.execArgv, fileURLToPath(file)]
  t.spawn('unshare', ['-rm', ...self], { timeout }, 'in a namespace')
}

/** Mounts a tmpfs of this size, which is gone when the test is over. */
export function mountSmallDisk(t: Test, bytes: number): SmallDisk {
  const dir = mkdtempSync('/tmp/small-disk-')
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'small-disk', dir])
  t.teardown(() => {
    // Lazily: what has a file open there, as a process of a failed test may, must not keep it.
    execFileSync('umount', ['-l', dir])
    rmdirSync(dir)
  })
  const ballast = join(dir, 'ballast')
  return {
    dir,
    fillTo(freePercent) {
      // Looked at anew for each page: what runs meanwhile writes there, too.
      for (;;) {
        const { blocks, bavail, bsize } = statfsSync(dir)
        const spare = Math.floor((blocks * freePercent) / 100)
        const missing = Math.max(0, bavail - spare) * bsize
        if (missing === 0) return
        try {
          appendFileSync(ballast, Buffer.alloc(Math.min(pageBytes, missing), 'x'))
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        }
      }
    },
    empty: () => rmSync(ballast, { force: true }),
  }
}
