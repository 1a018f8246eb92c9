import type { Entry } from '../entry/entry.js'
import { epochOf } from '../entry/rfc3339.js'
import type { Key } from '../rule/compile-clause.js'
import type { CompiledRule } from '../rule/compile-rule.js'
import type { Correlator, Finding, OpenAlert } from './correlator.js'
import { createCorrelator } from './create-correlator.js'
import { createEventClock } from './event-clock.js'
import { createRecentEvents } from './recent-events.js'
import { createThrottle, type Throttle } from './throttle.js'

/** What a rule over time has found. */
export interface Found {
  readonly rule: CompiledRule
  readonly finding: Finding
}

/** All that rules over time remember. */
export interface Correlation {
  /**
   * Takes an entry's time, epoch milliseconds; undefined for one that has none. Gives what is due by
   * now, and the time at which the entry is to be counted; undefined for one that rules over time
   * must not see. The `count` is of entries for which this comes to the same.
   */
  enter(
    time: number | undefined,
    count: number,
  ): {
    readonly at: number | undefined
    readonly due: readonly Found[]
  }
  /**
   * Whether entries of both times, and those between, would be counted, or none of them for one
   * reason; and whether, where every entry counts, the first and the last come to the same as all.
   */
  isOneKind(time: number | undefined, other: number | undefined): boolean
  /** What a rule over time makes of an entry that it matches, at the time that `enter` gave. */
  see(rule: CompiledRule, entry: Entry, at: number): Found[]
  /** Nothing came in for so long, in milliseconds: what is due by then. */
  idle(ms: number): Found[]
  /** Alerts whose counting goes on, each with its rule. */
  open(): { readonly rule: CompiledRule; readonly alert: OpenAlert }[]
  /** How many keys all rules remember. */
  keys(): number
  /** Whether a rule's throttle lets a message out. */
  admits(rule: CompiledRule, key: Key, time: string): boolean
  /** These rules are in force from now on; what is known of them stays. Gives what `restore` does. */
  useRules(rules: readonly CompiledRule[]): string[]
  /** As JSON, for a file. */
  save(): unknown
  /** Takes that back. Gives in words what can't be used any more, and is dropped. */
  restore(saved: unknown): string[]
}

/** What rules over time are told, and what they tell. */
export interface CorrelationParts {
  readonly rules: readonly CompiledRule[]
  /** Epoch milliseconds; only to disbelieve entries from the future. */
  readonly clock: () => number
  /** When the program started, where the clock fires deadlines too; undefined elsewhere. */
  readonly startedAt: number | undefined
  /** An entry was not counted, a key given up, or a copy forgotten too early. */
  readonly onCount: (
    what: 'late' | 'ahead' | 'keys_evicted' | 'copies_forgotten',
    count: number,
  ) => void
}

const version = 1
const secondMs = 1_000
const nothingFound: Found[] = []

interface Running {
  readonly clause: string
  readonly correlator: Correlator | undefined
  readonly throttle: Throttle | undefined
}

interface SavedState {
  readonly version: number
  readonly now?: number
  readonly recent: unknown
  readonly rules: Readonly<
    Record<string, { clause: string; state?: unknown; throttle?: unknown }>
  >
}

/** Nothing was seen so far. */
export function createCorrelation(parts: CorrelationParts): Correlation {
  const { clock, startedAt, onCount } = parts
  const events = createEventClock(clock)
  const recent = createRecentEvents(() => onCount('copies_forgotten', 1))
  let rules = parts.rules
  let overTime = rules.filter(({ clause }) => clause !== undefined)
  let running = start(rules, startedAt)
  let advancedTo = -Infinity
  /** Up to here while nothing comes in: the next entry may well be of before that. */
  let idleTo = -Infinity

  function start(
    from: readonly CompiledRule[],
    since: number | undefined,
  ): Map<string, Running> {
    return new Map(
      from
        .filter(({ clause, throttle }) => clause !== undefined || throttle !== undefined)
        .map(rule => {
          const { clause, throttle } = rule
          return [
            rule.rule.id,
            {
              clause: clauseText(rule),
              correlator: clause && createCorrelator(clause, rule, since),
              throttle: throttle && createThrottle(throttle.forMs),
            },
          ]
        }),
    )
  }

  /** Findings, and what was given up for them. */
  const counted = (rule: CompiledRule, find: (correlator: Correlator) => Finding[]) => {
    const correlator = running.get(rule.rule.id)?.correlator
    if (correlator === undefined) return nothingFound
    const before = correlator.evicted
    const found = find(correlator)
    if (correlator.evicted > before) onCount('keys_evicted', correlator.evicted - before)
    // Hot: hardly an entry finds anything.
    return found.length === 0 ? nothingFound : found.map(finding => ({ rule, finding }))
  }

  const advance = (now: number, idleMs: number): Found[] => {
    // Up to whole seconds, so that it comes to the same from any line on.
    const until = Math.floor(now / secondMs) * secondMs
    if (until <= (idleMs > 0 ? idleTo : advancedTo)) return nothingFound
    if (idleMs > 0) idleTo = until
    else advancedTo = until
    const due: Found[] = []
    for (const rule of overTime) due.push(...counted(rule, c => c.advance(until, idleMs)))
    return due
  }

  const restore = (saved: unknown): string[] => {
    const dropped: string[] = []
    const state = saved as SavedState
    if (state.version !== version) {
      return [`it is of version ${JSON.stringify(state.version)}, not ${version}`]
    }
    if (state.now !== undefined) events.resume(state.now)
    recent.load(state.recent)
    for (const [id, { clause, state: known, throttle }] of Object.entries(state.rules)) {
      const rule = running.get(id)
      if (rule === undefined) continue
      if (rule.clause !== clause) {
        dropped.push(`the clause over time of rule ${id} has changed`)
        continue
      }
      rule.correlator?.load(known)
      rule.throttle?.load(throttle)
    }
    return dropped
  }

  const save = (): SavedState => ({
    version,
    ...(events.now !== undefined && { now: events.now }),
    recent: recent.save(),
    rules: Object.fromEntries(
      [...running].map(([id, { clause, correlator, throttle }]) => [
        id,
        { clause, state: correlator?.save(), throttle: throttle?.save() },
      ]),
    ),
  })

  return {
    enter(time, count) {
      idleTo = -Infinity
      const at = events.see(time)
      if (at === 'late' || at === 'ahead') onCount(at, count)
      if (typeof at !== 'number') return { at: undefined, due: nothingFound }
      return { at, due: advance(events.now!, 0) }
    },
    isOneKind(time, other) {
      const judgement = events.judge(time)
      if (judgement !== events.judge(other)) return false
      const isToBeEnded = ({ rule }: CompiledRule) =>
        running.get(rule.id)?.correlator?.isToBeEnded === true
      return judgement !== 'timely' || !overTime.some(isToBeEnded)
    },
    see: (rule, entry, at) =>
      counted(rule, correlator =>
        correlator.see({
          entry,
          at,
          now: events.now ?? at,
          title: () => rule.title(entry),
          isFirst: part =>
            recent.isFirst([rule.rule.id, part, ...entry.identity], at, events.now ?? at),
        }),
      ),
    idle(ms) {
      const from = events.now ?? startedAt
      return from === undefined ? [] : advance(from + ms, ms)
    },
    open: () =>
      rules.flatMap(rule => {
        const alerts = running.get(rule.rule.id)?.correlator?.open?.() ?? []
        return alerts.map(alert => ({ rule, alert }))
      }),
    keys: () =>
      [...running.values()].reduce(
        (sum, { correlator }) => sum + (correlator?.size ?? 0),
        0,
      ),
    admits(rule, key, time) {
      const throttle = running.get(rule.rule.id)?.throttle
      return throttle === undefined || throttle.admit(key, epochOf(time))
    },
    useRules(other) {
      const saved = save()
      rules = other
      overTime = rules.filter(({ clause }) => clause !== undefined)
      // An absence that is new is so from now on.
      running = start(
        other,
        startedAt === undefined ? undefined : (events.now ?? clock()),
      )
      return restore(saved)
    },
    save,
    restore,
  }
}

/** What the state of a rule over time depends on. */
function clauseText({ rule }: CompiledRule): string {
  const { threshold, sequence, absence, firstSeen, throttle } = rule
  return JSON.stringify({ threshold, sequence, absence, firstSeen, throttle })
}
