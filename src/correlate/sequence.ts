import type { Clause, Key } from '../rule/compile-clause.js'
import {
  latenessMs,
  overlap,
  type Correlator,
  type Finding,
  type Window,
} from './correlator.js'
import { createKeyTable } from './key-table.js'

/**
 * An entry that a step took: its time, its number among all (one line is one step of a sequence),
 * and where an alert comes without an entry, the title for it.
 */
type Event = readonly [at: number, number: number, title?: string]

interface State {
  readonly key: Key
  /** Of each step, and last of what must not follow, the events in the order of time. */
  readonly events: Event[][]
  /** Where something must not follow: the last step's events until then were looked at. */
  settled: number
  /** The window of the last alert. */
  alert: Window | undefined
}

/** The steps one after the other. */
interface Chain extends Window {
  readonly count: number
  readonly last: number
  /** The event that ends it. */
  readonly end: Event
}

/** Bounds of one rule: at most 30 MB. */
const maxKeys = 10_000
const maxEvents = 1_000_000
/** Of a step's events so many times its count are kept. */
const keptTimes = 64

/**
 * `sequence`: fires when a key's steps have come one after the other within the time; with `not` as
 * its last step, when so much time is over after the others and that didn't come. Where the steps
 * are complete, what was seen of the key until then is forgotten.
 */
export function createSequence(
  clause: Extract<Clause, { kind: 'sequence' }>,
): Correlator {
  const { keyOf, withinMs, steps, absent } = clause
  const kept = steps.map(({ count }) => count * keptTimes)
  const perKey = kept.reduce((sum, count) => sum + count, absent ? keptTimes : 0)
  const table = createKeyTable<State>(Math.min(maxKeys, Math.ceil(maxEvents / perKey)))
  /** Keys whose last step may be complete, and which wait for what must not follow. */
  const waiting = new Set<string>()
  let number = 0

  /** The latest events that take the steps, up to one of the last step's. */
  const chainUntil = ({ events }: State, end: Event): Chain | undefined => {
    const [last] = end
    let from = end
    for (let step = steps.length - 1; step >= 0; step--) {
      const isLast = step === steps.length - 1
      const before = events[step]!.filter(event =>
        isLast ? !isAfter(event, end) : precedes(event, from),
      )
      const earliest = before.at(-steps[step]!.count)
      if (earliest === undefined) return undefined
      from = earliest
    }
    if (last - from[0] >= withinMs) return undefined
    const isInside = ([time]: Event) => time > last - withinMs && time <= last
    const inside = events.slice(0, steps.length).flat().filter(isInside)
    const count = new Set(inside.map(([, line]) => line)).size
    return { first: from[0], last, count, end }
  }

  const fire = (
    state: State,
    { first, last, count, end }: Chain,
    at: number,
  ): Finding[] => {
    const { key, alert } = state
    if (alert !== undefined && overlap(alert, { first, last })) return []
    state.alert = { first, last }
    const [, , title] = end
    return [{ key, first, last, count, at, ...(title !== undefined && { title }) }]
  }

  const forget = (state: State, until: number) => {
    for (const [i] of steps.entries()) {
      state.events[i] = state.events[i]!.filter(([time]) => time > until)
    }
  }

  /** What is complete around an event that has just been taken. */
  const complete = (state: State, at: number): Finding[] => {
    for (const end of state.events[steps.length - 1]!) {
      if (end[0] < at || end[0] >= at + withinMs) continue
      const chain = chainUntil(state, end)
      if (chain === undefined) continue
      forget(state, chain.last)
      return fire(state, chain, at)
    }
    return []
  }

  const isAnswered = (state: State, { end, last }: Chain) =>
    state.events[steps.length]!.some(
      ([time, other]) => other !== end[1] && time >= last && time < last + withinMs,
    )

  /** What was complete and not followed, of the events that nothing late can change any more. */
  const settle = (state: State, until: number): Finding[] => {
    const found: Finding[] = []
    for (const end of state.events[steps.length - 1]!) {
      const due = end[0] + withinMs
      if (end[0] <= state.settled) continue
      if (due > until) break
      state.settled = end[0]
      const chain = chainUntil(state, end)
      if (chain === undefined) continue
      forget(state, chain.last)
      if (!isAnswered(state, chain)) found.push(...fire(state, chain, due))
    }
    return found
  }

  /** Whether the key is worth more than a new one; and whether it waits for its time. */
  const weigh = (id: string, state: State) => {
    const isOpen = (event: Event) => {
      const chain = event[0] > state.settled ? chainUntil(state, event) : undefined
      return chain !== undefined && !isAnswered(state, chain)
    }
    if (absent !== undefined) {
      waiting.add(id)
      table.keep(id, state.events[steps.length - 1]!.some(isOpen))
    } else table.keep(id, state.events.flat().length > 1)
  }

  const take = (
    state: State,
    step: number,
    event: Event,
    limit: number,
    from: number,
  ) => {
    const events = state.events[step]!
    events.splice(events.findLastIndex(other => !isAfter(other, event)) + 1, 0, event)
    state.events[step] = events.filter(([time]) => time > from).slice(-limit)
  }

  return {
    see({ entry, at, now, isFirst, title }) {
      const taken = steps.flatMap(({ condition }, i) =>
        condition.holds(entry) && isFirst(String(i)) ? [i] : [],
      )
      const isAbsent = absent?.holds(entry) ?? false
      if (taken.length === 0 && !isAbsent) return []
      const key = keyOf(entry)
      const id = JSON.stringify(Object.values(key))
      const state = table.touch(id, () => ({
        key,
        events: [...steps, ...(absent ? [absent] : [])].map(() => []),
        settled: -Infinity,
        alert: undefined,
      }))
      const from = now - 2 * withinMs - latenessMs
      number += 1
      if (isAbsent) take(state, steps.length, [at, number], keptTimes, from)
      for (const step of taken) {
        const isTitled = absent !== undefined && step === steps.length - 1
        const event: Event = isTitled ? [at, number, title()] : [at, number]
        take(state, step, event, kept[step]!, from)
      }
      const found = absent === undefined ? complete(state, at) : []
      weigh(id, state)
      return found
    },
    advance(until, isIdle) {
      if (waiting.size === 0) return []
      const settled = isIdle ? until : until - latenessMs
      return [...waiting].flatMap(id => {
        const state = table.get(id)
        const found = state === undefined ? [] : settle(state, settled)
        const [latest] = state?.events[steps.length - 1]?.at(-1) ?? [-Infinity]
        if (state === undefined || latest <= state.settled) waiting.delete(id)
        return found
      })
    },
    get evicted() {
      return table.evicted
    },
    save: () => ({
      number,
      states: [...table.entries()].map(([id, { settled, ...state }]) => [
        id,
        { ...state, settled: Number.isFinite(settled) ? settled : undefined },
      ]),
    }),
    load(saved) {
      const { number: next, states } = saved as {
        number: number
        states: [string, Omit<State, 'settled'> & { settled?: number }][]
      }
      number = next
      for (const [id, { settled = -Infinity, ...state }] of states) {
        weigh(
          id,
          table.touch(id, () => ({ ...state, settled })),
        )
      }
    },
  }
}

/** In the order of time, and of two at one time in that of their lines. */
function isAfter(a: Event, b: Event): boolean {
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1])
}

/** Whether one may be the step before the other: earlier or at the same time, but another line. */
function precedes(event: Event, next: Event): boolean {
  return event[0] < next[0] || (event[0] === next[0] && event[1] !== next[1])
}
