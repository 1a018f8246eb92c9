import type { Alert, OngoingAlert } from './alert/alert.js'
import { mask } from './text/mask.js'
import { oneLine } from './text/one-line.js'
import { isSampled } from './counters.js'
import type { Diagnostics } from './diagnostics.js'
import { decoderOf } from './entry/decoder.js'
import { isUndecodable, type Entry, type Log } from './entry/entry.js'
import { createMatching, type MatchingParts, type Passed } from './matching.js'
import { createPrefilter, type Prefilter } from './prefilter.js'
import { plainLines, type ScannedLines } from './scan/scanned-lines.js'
import { skippable } from './skippable.js'
import { overlongAlert, soughtInOverlong } from './overlong-alert.js'
import type { OverlongLine } from './overlong-line.js'
import type { CompiledRule } from './rule/compile-rule.js'
import { bySeverity } from './rule/severity.js'

/** The way from a line to its alerts. Pure but for the counters and samples that it leaves. */
export interface Pipeline {
  /** The alerts of one whole line, the most severe first; none for most lines. Never throws. */
  readonly line: (line: string) => Alert[]
  /**
   * The same for whole lines of bytes, the last with its newline. Gives a function that reads on to
   * the next line with alerts, and gives these; undefined when all are read. Where it throws, it has
   * given up a line, and goes on.
   */
  readonly lines: (chunk: Buffer) => () => Alert[] | undefined
  /** The same for the text after the last newline, which may be half a line. */
  readonly rest: (line: string) => Alert[]
  /** The same for an entry that is already decoded. */
  readonly entry: (entry: Entry) => Alert[]
  /** What to look for in lines that are too long to read. */
  readonly literals: readonly string[]
  /** From the next line on these rules are in force; what was alerted stays known. As `restore`. */
  readonly useRules: (rules: readonly CompiledRule[]) => string[]
  /** Nothing came in for so many milliseconds: the alerts of rules over time that are due by then. */
  readonly idle: (ms: number) => Alert[]
  /** The time of the latest entry that had one, RFC 3339. */
  readonly latest: string | undefined
  /** How many keys rules over time remember. */
  readonly keys: () => number
  /** The alerts over time whose counting goes on, and how far their windows reach now. */
  readonly ongoing: () => OngoingAlert[]
  /** What rules over time remember, as JSON; and back, giving in words what can't be used. */
  readonly save: () => unknown
  readonly restore: (saved: unknown) => string[]
  /** The alert of a line that was too long to read. */
  readonly overlong: (line: OverlongLine) => Alert[]
}

/** What the pipeline works with. */
export interface PipelineParts extends MatchingParts {
  readonly log: Log
  /** Of both logs, whichever are loaded; the others and those off are left aside. */
  readonly rules: readonly CompiledRule[]
  readonly diagnostics: Diagnostics
}

/** Builds the pipeline of one log. */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { log, counters, diagnostics, now } = parts
  const { decode, skim } = decoderOf(log)
  let rules = inForce(parts.rules, log)
  let prefilter: Prefilter | undefined
  const matching = createMatching(rules, parts)

  const read = (
    line: string,
    counter: 'undecodable' | 'truncated',
    candidates?: readonly CompiledRule[],
  ): Alert[] => {
    counters.add('lines')
    const skipped = skippable(line)
    if (skipped !== undefined) {
      counters.add(skipped)
      return []
    }
    const { latest } = matching
    const decoded = decode(line, latest === undefined ? now() : Date.parse(latest))
    if (!isUndecodable(decoded)) return matching.entry(decoded, candidates ?? rules)
    counters.add(counter)
    sample(line, decoded.undecodable, counters.get(counter))
    return []
  }

  const pass = (passed: Passed, by: Prefilter): Alert[] | undefined => {
    const alerts = matching.passed(passed, by.counting)
    if (alerts !== undefined) counters.add('lines', passed.count)
    return alerts
  }

  /** Undefined, with nothing done, for a run of which each line is to be read. */
  const scanned = (
    lines: ScannedLines,
    chunk: Buffer,
    by: Prefilter,
  ): Alert[] | undefined => {
    const { candidates, start, end, count } = lines
    const isPassed = candidates?.length === 0
    if (isPassed && log === 'audit' && !matching.isAwaited(lines.requestId)) {
      return pass({ count, first: lines.firstTime(), last: lines.time() }, by)
    }
    const text = textOf(chunk, start, end)
    const skimmed = isPassed ? skim?.(text) : undefined
    if (skimmed !== undefined) {
      const { time } = skimmed
      return pass({ count, first: time, last: time }, by)
    }
    return read(text, 'undecodable', candidates && by.rulesOf(candidates))
  }

  const sample = (line: string, reason: string, count: number) => {
    if (!isSampled(count)) return
    const shown = oneLine(mask(line), 200)
    diagnostics.warn(`line not decoded (${reason}; ${count} so far): ${shown}`)
  }

  return {
    get literals() {
      return soughtInOverlong(rules)
    },
    get latest() {
      return matching.latest
    },
    keys: () => matching.keys(),
    useRules(other) {
      rules = inForce(other, log)
      prefilter = undefined
      return matching.useRules(rules)
    },
    idle: ms => matching.idle(ms),
    ongoing: () => matching.ongoing(),
    save: () => matching.save(),
    restore: saved => matching.restore(saved),
    line: line => read(line, 'undecodable'),
    lines(chunk) {
      let from = 0
      let by: Prefilter | undefined
      let next: (isSingly: boolean) => ScannedLines | undefined
      /** The lines of a run, one by one. */
      let each: () => ScannedLines | undefined = none
      return () => {
        for (;;) {
          // The rules may have changed since the last alert.
          if (by === undefined || by !== prefilter) {
            by = prefilter ??= createPrefilter(rules, log, message =>
              diagnostics.warn(message),
            )
            chunk = chunk.subarray(from)
            from = 0
            next = by.scan(chunk)
            each = none
          }
          const lines = each() ?? next!(matching.isAwaiting)
          if (lines === undefined) return undefined
          from = lines.end + 1
          const alerts = scanned(lines, chunk, by)
          if (alerts === undefined) {
            from = lines.start
            each = plainLines(chunk.subarray(0, lines.end + 1), from)
          } else if (alerts.length > 0) return alerts
        }
      }
    },
    rest: line => read(line, 'truncated'),
    entry: decoded => matching.entry(decoded, rules),
    overlong: line => {
      counters.add('lines')
      counters.add('overlong')
      const occasion = matching.occasionOf(undefined)
      const alerts = matching.fresh(overlongAlert(line, rules, log, occasion))
      counters.add('alerts', alerts.length)
      return alerts
    },
  }
}

const carriageReturn = 13
const none = () => undefined

/** A line's text, without the CR that may stand before its newline. */
function textOf(chunk: Buffer, start: number, end: number): string {
  const isCr = end > start && chunk[end - 1] === carriageReturn
  return chunk.toString('utf8', start, isCr ? end - 1 : end)
}

/** The most severe first. */
function inForce(rules: readonly CompiledRule[], log: Log): CompiledRule[] {
  return rules
    .filter(({ rule }) => rule.log === log && rule.enabled !== false)
    .sort((a, b) => bySeverity(a.rule, b.rule))
}
