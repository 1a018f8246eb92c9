// Programs for the notifiers: started without a shell, bounded in time and output, and stopped
// together with all that they started.

import { spawn, type ChildProcess } from 'node:child_process'
import process from 'node:process'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { errorCode } from './http-error.js'

/** One run of a program. */
export interface ProgramRun {
  /** An absolute path. */
  readonly file: string
  readonly args: readonly string[]
  /** What it gets on its stdin. */
  readonly input: string
}

/** What a run came to; `stderr` is at most the first 4 KiB of what it said there, as it said it. */
export type ProgramEnd =
  | { readonly status: number; readonly stderr: string }
  | { readonly killedBy: string; readonly stderr: string }
  /** It couldn't be started: a code such as `ENOENT`. */
  | { readonly error: string }
  | { readonly stopped: 'timeout' | 'abort'; readonly stderr: string }

/** One destination's programs. */
export interface Programs {
  /** Never rejects. Ends when the program has, or it and its whole process group are stopped. */
  run(run: ProgramRun, signal: AbortSignal): Promise<ProgramEnd>
  /** Stops all runs, and waits until they are. */
  close(): Promise<void>
}

/** From SIGTERM to SIGKILL, and from there to giving up. */
const graceMs = 1_000
const pollMs = 20
const maxStderrBytes = 4_096
/** A program that says more finds its stderr closed: to read it all would take time from the log. */
const maxDrainBytes = 1_048_576
/** What a program said may arrive after its end; a child that holds its stderr would never end it. */
const lingerMs = 200

/**
 * Runs programs with this environment in `/`, each at most `timeoutMs`, as a process group of its
 * own. At the timeout and at an abort the group gets SIGTERM, and a second later SIGKILL; only
 * what has left the group escapes. What a program that has ended by itself left running stays, as
 * mail programs deliver that way.
 */
export function createPrograms(env: NodeJS.ProcessEnv, timeoutMs: number): Programs {
  const running = new Map<Promise<ProgramEnd>, AbortController>()
  return {
    async run(run, signal) {
      const stop = new AbortController()
      const onAbort = () => stop.abort()
      if (signal.aborted) onAbort()
      signal.addEventListener('abort', onAbort)
      const end = runOnce(run, env, timeoutMs, stop.signal)
      running.set(end, stop)
      try {
        return await end
      } finally {
        running.delete(end)
        signal.removeEventListener('abort', onAbort)
      }
    },
    async close() {
      for (const stop of running.values()) stop.abort()
      await Promise.all(running.keys())
    },
  }
}

async function runOnce(
  { file, args, input }: ProgramRun,
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProgramEnd> {
  if (signal.aborted) return { stopped: 'abort', stderr: '' }
  let child: ChildProcess
  try {
    child = spawn(file, args, {
      cwd: '/',
      env,
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
    })
  } catch (error) {
    return { error: errorCode(error) }
  }
  // First of all, since an error that nobody listens for ends the handler.
  const ended = endOf(child)
  const { stdin, stderr } = child
  // Out of file descriptors (EMFILE, ENFILE), Node gives it no streams, and tells the error later.
  if (!stdin || !stderr) {
    const end = await ended
    return 'error' in end ? end : { ...end, stderr: '' }
  }
  // A program may end, or close its stdin, before it has read all of it.
  stdin.on('error', () => {})
  stdin.end(input)
  const said = startOf(stderr)
  const end = await Promise.race([ended, interruption(ended, timeoutMs, signal)])
  if (typeof end === 'string') await stopGroup(child, ended)
  await lingering(stderr)
  stdin.destroy()
  stderr.destroy()
  if (typeof end === 'string') return { stopped: end, stderr: said() }
  return 'error' in end ? end : { ...end, stderr: said() }
}

type OwnEnd = { status: number } | { killedBy: string } | { error: string }

function endOf(child: ChildProcess): Promise<OwnEnd> {
  return new Promise(resolve => {
    child.once('error', error => resolve({ error: errorCode(error) }))
    child.once('exit', (status, killedBy) =>
      resolve(status === null ? { killedBy: killedBy ?? 'unknown' } : { status }),
    )
  })
}

/** Why the program is to be stopped; never where it ends before. */
function interruption(
  ended: Promise<unknown>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<'timeout' | 'abort'> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, timeoutMs, 'timeout')
    const onAbort = () => resolve('abort')
    signal.addEventListener('abort', onAbort)
    void ended.then(() => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    })
  })
}

/** Waits for the whole group: a child may outlive its parent. */
async function stopGroup({ pid }: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (pid === undefined) return
  let isAlive = signalGroup(pid, 'SIGTERM')
  for (let waited = 0; isAlive && waited < graceMs; waited += pollMs) {
    await delay(pollMs)
    isAlive = signalGroup(pid, 0)
  }
  if (isAlive) signalGroup(pid, 'SIGKILL')
  // One that is stuck in the kernel, or runs as another user, isn't waited for.
  await atMost(graceMs, ended)
}

/** Whether there is such a group. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal)
  } catch (error) {
    return errorCode(error) !== 'ESRCH'
  }
}

function startOf(stream: Readable): () => string {
  const chunks: Buffer[] = []
  let bytes = 0
  stream.on('error', () => {})
  stream.on('data', (chunk: Buffer) => {
    if (bytes < maxStderrBytes) chunks.push(chunk)
    bytes += chunk.length
    if (bytes > maxDrainBytes) stream.destroy()
  })
  return () => Buffer.concat(chunks).subarray(0, maxStderrBytes).toString()
}

async function lingering(stream: Readable): Promise<void> {
  if (stream.closed) return
  const closed = new Promise<void>(resolve => {
    stream.once('close', resolve)
  })
  await atMost(lingerMs, closed)
}

async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  const limit = delay(ms, undefined, { signal: over.signal }).catch(() => {})
  await Promise.race([promise, limit])
  over.abort()
}
