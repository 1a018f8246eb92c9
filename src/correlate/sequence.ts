import type { Clause, Key } from '../rule/compile-clause.js'
import {
  idOf,
  latenessMs,
  overlap,
  settledUntil,
  type Correlator,
  type Finding,
  type Window,
} from './correlator.js'
import { createKeyTable } from './key-table.js'
import { firstFrom, isAfter, takeBefore, type Event } from './step-events.js'

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

/** Bounds of one rule, over all keys: at most 30 MB. */
const maxKeys = 10_000
const maxEvents = 500_000
/** Of each step of a key so many events are kept, or many times its count. */
const minKept = 1_000
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
  const kept = [...steps.map(({ count }) => count), ...(absent ? [1] : [])].map(count =>
    Math.max(minKept, count * keptTimes),
  )
  const last = steps.length - 1
  const table = createKeyTable<State>(maxKeys, maxEvents)
  /** Keys whose last step may be complete, and which wait for what must not follow. */
  const waiting = new Set<string>()
  let number = 0
  /** Events beyond what is kept of a step. */
  let cut = 0

  /** The latest events that take the steps, up to one of the last step's; each line takes one. */
  const chainUntil = ({ events }: State, end: Event): Chain | undefined => {
    if (steps.some(({ count }, step) => events[step]!.length < count)) return undefined
    const taken = new Set<number>()
    let from = end
    for (let step = last; step >= 0; step--) {
      const earliest = takeBefore(events[step]!, from, steps[step]!.count, taken)
      if (earliest === undefined) return undefined
      from = earliest
    }
    if (end[0] - from[0] >= withinMs) return undefined
    const start = end[0] - withinMs
    const inside = events
      .slice(0, steps.length)
      .flatMap(ofStep => ofStep.filter(([time]) => time > start && time <= end[0]))
    const count = new Set(inside.map(([, line]) => line)).size
    return { first: from[0], last: end[0], count, end }
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
    const ends = state.events[last]!
    for (let i = firstFrom(ends, at); i < ends.length; i++) {
      const end = ends[i]!
      if (end[0] >= at + withinMs) break
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
    // Those of one moment are looked at together.
    const { settled } = state
    for (const end of state.events[last]!) {
      const due = end[0] + withinMs
      if (end[0] <= settled) continue
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
    const size = state.events.reduce((sum, { length }) => sum + length, 0)
    if (absent === undefined) return table.keep(id, size > 1, size)
    waiting.add(id)
    const [ended = -Infinity] = state.events[last]!.at(-1) ?? []
    const [answered = -Infinity] = state.events[steps.length]!.at(-1) ?? []
    table.keep(id, ended > Math.max(answered, state.settled), size)
  }

  const take = (state: State, step: number, event: Event, from: number) => {
    const events = state.events[step]!
    let at = events.length
    while (at > 0 && isAfter(events[at - 1]!, event)) at -= 1
    events.splice(at, 0, event)
    const over = events.length - kept[step]!
    const old = firstFrom(events, from + 1)
    // In lots: a long array is not to be copied for each event.
    if (Math.max(over, old) <= events.length / 8) return
    cut += Math.max(0, over - old)
    state.events[step] = events.slice(Math.max(over, old))
  }

  return {
    see({ entry, at, now, isFirst, title }) {
      const taken = steps.flatMap(({ condition }, i) =>
        condition.holds(entry) && isFirst(String(i)) ? [i] : [],
      )
      const isAbsent = absent?.holds(entry) ?? false
      if (taken.length === 0 && !isAbsent) return []
      const key = keyOf(entry)
      const id = idOf(key)
      const state = table.touch(id, () => ({
        key,
        events: [...steps, ...(absent ? [absent] : [])].map(() => []),
        settled: -Infinity,
        alert: undefined,
      }))
      const from = now - 2 * withinMs - latenessMs
      number += 1
      if (isAbsent) take(state, steps.length, [at, number], from)
      for (const step of taken) {
        const isTitled = absent !== undefined && step === last
        const event: Event = isTitled ? [at, number, title()] : [at, number]
        take(state, step, event, from)
      }
      const found = absent === undefined ? complete(state, at) : []
      weigh(id, state)
      return found
    },
    advance(until, idleMs) {
      if (waiting.size === 0) return []
      const settled = settledUntil(until, idleMs, withinMs)
      return [...waiting].flatMap(id => {
        const state = table.get(id)
        const found = state === undefined ? [] : settle(state, settled)
        const [latest] = state?.events[last]?.at(-1) ?? [-Infinity]
        if (state === undefined || latest <= state.settled) waiting.delete(id)
        return found
      })
    },
    get size() {
      return table.size
    },
    get evicted() {
      return table.evicted + cut
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
