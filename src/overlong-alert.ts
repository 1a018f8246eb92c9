import type { Alert } from './alert/alert.js'
import { ownAlert } from './alert/own-alert.js'
import type { Occasion } from './alert/raise-alert.js'
import type { Log } from './entry/entry.js'
import type { OverlongLine } from './overlong-line.js'
import type { CompiledRule } from './rule/compile-rule.js'
import type { Literal } from './rule/literals.js'
import { mask } from './text/mask.js'
import { oneLine } from './text/one-line.js'

/** A re-serialiser may write any literal of a JSON line with these. */
const escapes = ['\\u', '\\/']

/** What to look for in lines that are too long to read. */
export function soughtInOverlong(rules: readonly CompiledRule[]): readonly string[] {
  const runs = rules.flatMap(({ literals }) => literals.flat().map(asWritten))
  return [...new Set([...runs, ...escapes])].filter(run => run !== '')
}

/** What JSON may write as an escape: Go does so with HTML's characters and two line separators. */
const escapable = /["\\<>&\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/

/** The longest run of a literal that JSON writes as it is; "" where there is none. */
function asWritten({ text, at }: Literal): string {
  if (at === 'line') return text
  return text.split(escapable).reduce((a, b) => (b.length > a.length ? b : a))
}

/**
 * A line over the limit can't be matched, and must not be a way past the rules: it is an alert of
 * its own, which names the rules that it may have matched, told by their literals.
 */
export function overlongAlert(
  line: OverlongLine,
  rules: readonly CompiledRule[],
  log: Log,
  { time, raised, alertLog }: Occasion,
): Alert {
  const isEscaped = escapes.some(escape => line.literals.has(escape))
  const suspects = rules.filter(
    ({ literals }) =>
      isEscaped ||
      literals.every(group =>
        group.map(asWritten).some(run => run === '' || line.literals.has(run)),
      ),
  )
  const names = suspects.map(({ rule }) => rule.id).join(' ')
  const [head, tail] = [mask(line.head), mask(line.tail)]
  return ownAlert(
    {
      kind: 'handler-line-overlong',
      title: `A line of ${line.bytes} bytes is too long to be matched; rules it may concern: ${names === '' ? 'none' : names}`,
      detail: `${headOf(head)} … ${tailOf(tail)}`,
      identity: line.digest,
      time,
    },
    log,
    Date.parse(raised),
    alertLog,
  )
}

/** This much of each end of an overlong line is shown. */
const shownChars = 200

// Where so much was masked that the place of the cut is in sight, the word there is left out: it
// may be half a token, which no pattern knows.

function headOf(masked: string): string {
  const isCutOut = masked.length > shownChars
  return oneLine(isCutOut ? masked : masked.replace(/[\w.-]*$/, ''), shownChars)
}

function tailOf(masked: string): string {
  const isCutOut = masked.length > shownChars
  return oneLine(
    isCutOut ? masked.slice(-shownChars) : masked.replace(/^[\w.-]*/, ''),
    shownChars,
  )
}
