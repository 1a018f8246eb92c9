import { appendFileSync, fstatSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from './make-folder.js'

/** What the program says about itself, to its operator; never on stdout. */
export interface Diagnostics {
  error(message: string): void
  warn(message: string): void
  info(message: string): void
  /** Only with --debug. */
  debug(message: string): void
}

/** A file of our own is renamed to `.1` at this size, so it takes twice as much at most. */
const maxFileBytes = 5 * 1024 * 1024

/** Diagnostics as lines of `time level message` to a writer; `now` is epoch milliseconds. */
export function createDiagnostics(
  write: (line: string) => void,
  now: () => number,
  isDebug: boolean,
): Diagnostics {
  const say = (level: string) => (message: string) =>
    write(`${new Date(now()).toISOString()} ${level} ${message}\n`)
  return {
    error: say('error'),
    warn: say('warn'),
    info: say('info'),
    debug: isDebug ? say('debug') : () => {},
  }
}

/**
 * Where diagnostics go: the named file; else stderr; else, where stderr is /dev/null as syslog-ng
 * has it, the fallback file if there is one, which is rotated. Nothing here throws: there is nobody
 * left to tell.
 */
export function diagnosticsWriter(
  file: string | undefined,
  fallback: string | undefined,
): (line: string) => void {
  if (file !== undefined) return line => append(file, line)
  if (fallback === undefined || !isDevNull(2))
    return line => attempt(() => writeSync(2, line))
  return line => {
    attempt(() => {
      const size = statSync(fallback, { throwIfNoEntry: false })?.size ?? 0
      if (size > maxFileBytes) renameSync(fallback, `${fallback}.1`)
    })
    append(fallback, line)
  }
}

function append(file: string, line: string): void {
  attempt(() => {
    makeFolder(dirname(file))
    appendFileSync(file, line, { mode: 0o640 })
  })
}

function attempt(action: () => unknown): void {
  try {
    action()
  } catch {
    // A full disk or a missing right; the next line is tried again.
  }
}

function isDevNull(fd: number): boolean {
  try {
    return fstatSync(fd).rdev === statSync('/dev/null').rdev
  } catch {
    return true
  }
}
