import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'

/** A lock that is held, until it is released or its process is gone, however it went. */
export interface Lock {
  release(): void
}

/**
 * Takes the lock of this name on a folder, or gives undefined where another process has it. Never
 * waits or throws; undefined as well where no socket can be had.
 *
 * Node has no flock(2). An address of a Unix socket in Linux's abstract namespace (unix(7)) can be
 * bound once, and is free again as soon as the kernel closes the socket: after a kill -9 as well,
 * and no file is left behind. Node binds it within listen(), so that one call tells. It holds
 * within one network namespace.
 */
export function tryLock(folder: string, name: string): Lock | undefined {
  const address = addressOf(folder, name)
  if (address === undefined) return undefined
  const server = createServer()
  // Comes later, when `listening` has told it already.
  server.on('error', () => {})
  server.listen(address).unref()
  return server.listening ? { release: () => void server.close() } : undefined
}

/** `sun_path` of unix(7) has 108 bytes, of which the folder takes up to 60. */
const maxName = 40

/** By the folder's inode, whatever the path to it; undefined where it is missing or out of reach. */
function addressOf(folder: string, name: string): string | undefined {
  try {
    const { dev, ino } = statSync(folder)
    const hash = createHash('sha256').update(name).digest('hex').slice(0, maxName)
    return `\0vault-log-handler ${dev}.${ino} ${name.length > maxName ? hash : name}`
  } catch {
    return undefined
  }
}

const pauseMs = 1
const sleeper = new Int32Array(new SharedArrayBuffer(4))

/**
 * Waits for a lock as long as `limitMs`, in which nothing else of the process runs. Gives undefined
 * at once where there is no folder.
 */
export function waitForLock(
  folder: string,
  name: string,
  limitMs: number,
): Lock | undefined {
  for (let waited = 0; existsSync(folder); waited += pauseMs) {
    const lock = tryLock(folder, name)
    if (lock !== undefined || waited >= limitMs) return lock
    Atomics.wait(sleeper, 0, 0, pauseMs)
  }
  return undefined
}
