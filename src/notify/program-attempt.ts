import { basename } from 'node:path'
import { mask } from '../text/mask.js'
import { oneLine } from '../text/one-line.js'
import type { Attempt } from './notifier.js'
import type { ProgramEnd, ProgramRun } from './run-program.js'

/** What exit statuses mean, besides 0; any other is to be tried again. */
export type StatusMeanings = Readonly<Record<number, 'refused' | 'suspended'>>

/** The statuses of sysexits.h (https://man.freebsd.org/cgi/man.cgi?sysexits). */
const statusNames: Readonly<Record<number, string>> = {
  64: 'EX_USAGE',
  65: 'EX_DATAERR',
  66: 'EX_NOINPUT',
  67: 'EX_NOUSER',
  68: 'EX_NOHOST',
  69: 'EX_UNAVAILABLE',
  70: 'EX_SOFTWARE',
  71: 'EX_OSERR',
  72: 'EX_OSFILE',
  73: 'EX_CANTCREAT',
  74: 'EX_IOERR',
  75: 'EX_TEMPFAIL',
  76: 'EX_PROTOCOL',
  77: 'EX_NOPERM',
  78: 'EX_CONFIG',
}

const maxStderrChars = 200
/** Shorter parts of arguments are words rather than secrets. */
const minSecretChars = 8

/**
 * What a run of a program came to: status 0 delivers, other statuses are as `meanings` says, and
 * everything else is to be tried again. The reason tells the first 200 characters of its stderr on
 * one line: masked, without `args`, which may hold secrets, and of URLs only the host.
 */
export function programAttempt(
  end: ProgramEnd,
  { file, args }: Pick<ProgramRun, 'file' | 'args'>,
  timeoutMs: number,
  meanings: StatusMeanings,
): Attempt {
  const name = oneLine(basename(file), 64)
  if ('error' in end) {
    return { outcome: 'retry', reason: `${name} can't be started: ${end.error}` }
  }
  const said = visible(end.stderr, args)
  const reason = (what: string) => `${name} ${what}${said && `: ${said}`}`
  if ('stopped' in end) {
    const what =
      end.stopped === 'abort'
        ? 'was stopped at the time limit'
        : `was stopped, since it ran for over ${timeoutMs / 1_000} s`
    return { outcome: 'retry', reason: reason(what) }
  }
  if ('killedBy' in end) {
    return { outcome: 'retry', reason: reason(`was killed by ${end.killedBy}`) }
  }
  const { status } = end
  // What a program says besides its success is no trouble to report.
  if (status === 0) return { outcome: 'delivered', reason: `${name} exited with 0` }
  const word = statusNames[status]
  const outcome = meanings[status] ?? 'retry'
  return { outcome, reason: reason(`exited with ${status}${word ? ` (${word})` : ''}`) }
}

function visible(stderr: string, args: readonly string[]): string {
  const secrets = args
    .flatMap(arg => [arg, ...arg.split(/[\s=:,@]+/)])
    .filter(part => part.length >= minSecretChars && !part.startsWith('/'))
    .sort((a, b) => b.length - a.length)
  const text = secrets
    .reduce((rest, secret) => rest.replaceAll(secret, '…'), stderr)
    .replaceAll(/(:\/\/)(?:[^\s/?#]*@)?([^\s/?#]*)\S*/g, '$1$2/…')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return oneLine(mask(text), maxStderrChars)
}
