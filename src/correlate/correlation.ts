import type { Entry } from '../entry/entry.js'
import { epochOf } from '../entry/rfc3339.js'
import type { Key } from '../rule/compile-clause.js'
import type { CompiledRule } from '../rule/compile-rule.js'
import type { Correlator, Finding, OpenAlert } from './correlator.js'
import { createEventClock } from './event-clock.js'
import { createRecentEvents } from './recent-events.js'
import { startRules } from './running-rule.js'

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

/** So long what a rule remembers is kept while it is off, has a fault, or is gone. */
const restMs = 30 * 24 * 3_600_000

/** What a rule remembers; `restingSince` the time of the entries at which it went out of force. */
interface SavedRule {
  readonly clause: string
  readonly state?: unknown
  readonly throttle?: unknown
  readonly restingSince?: number
}

interface SavedState {
  readonly version: number
  readonly now?: number
  readonly recent: unknown
  readonly rules: Readonly<Record<string, SavedRule>>
}

/** Nothing was seen so far. */
export function createCorrelation(parts: CorrelationParts): Correlation {
  const { clock, startedAt, onCount } = parts
  const events = createEventClock(clock)
  const recent = createRecentEvents(() => onCount('copies_forgotten', 1))
  let rules = parts.rules
  let overTime = rules.filter(({ clause }) => clause !== undefined)
  let running = startRules(rules, startedAt)
  /** Of rules that aren't in force. */
  let resting = new Map<string, SavedRule>()
  let advancedTo = -Infinity
  /** Up to here while nothing comes in: the next entry may well be of before that. */
  let idleTo = -Infinity

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

  /** Gives in words why what a rule remembered is dropped. */
  const take = (id: string, known: SavedRule): string | undefined => {
    const now = events.now ?? clock()
    const { clause, state, throttle, restingSince = now } = known
    const restedMs = Math.max(0, now - restingSince)
    if (restedMs > restMs) return `rule ${id} has not been in force for 30 days`
    const rule = running.get(id)
    if (rule === undefined && !rules.some(other => other.rule.id === id)) {
      resting.set(id, { ...known, restingSince })
      return undefined
    }
    if (rule?.clause !== clause) return `the clause over time of rule ${id} has changed`
    if (rule.seesGaps && known.restingSince !== undefined)
      return `rule ${id} was not in force, and would miss what came meanwhile`
    rule.correlator?.load(state, restedMs)
    rule.throttle?.load(throttle)
    return undefined
  }

  const restore = (saved: unknown): string[] => {
    const dropped: string[] = []
    const state = saved as SavedState
    if (state.version !== version) {
      return [`it is of version ${JSON.stringify(state.version)}, not ${version}`]
    }
    if (state.now !== undefined) events.resume(state.now)
    recent.load(state.recent)
    resting = new Map()
    for (const [id, known] of Object.entries(state.rules)) {
      const reason = take(id, known)
      if (reason !== undefined) dropped.push(reason)
    }
    return dropped
  }

  const save = (): SavedState => ({
    version,
    ...(events.now !== undefined && { now: events.now }),
    recent: recent.save(),
    rules: {
      ...Object.fromEntries(resting),
      ...Object.fromEntries(
        [...running].map(([id, { clause, correlator, throttle }]) => [
          id,
          { clause, state: correlator?.save(), throttle: throttle?.save() },
        ]),
      ),
    },
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
      running = startRules(
        other,
        startedAt === undefined ? undefined : (events.now ?? clock()),
      )
      return restore(saved)
    },
    save,
    restore,
  }
}
