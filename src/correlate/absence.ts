import type { Clause, Key } from '../rule/compile-clause.js'
import { idOf, settledUntil, type Correlator, type Finding } from './correlator.js'

interface Stretch {
  first: number
  last: number
}

interface State {
  readonly key: Key
  /** Rendered for the key's first entry; it shows the key's fields only. */
  readonly title: string
  /**
   * Stretches in which entries came, less than `within` apart, in the order of time; between them
   * there is an absence each, which is told when nothing late can fill it any more.
   */
  stretches: Stretch[]
  /** Whether the absence after the last stretch was told. */
  isTold: boolean
}

/** The id where there is no key. */
const withoutKey = '[]'

/** Keys are known hosts or the like: where more are alive, new ones aren't watched. */
const maxKeys = 10_000

/**
 * `absence`: fires when a key that was seen isn't for `within`, once until it is seen again. Without
 * `by` nothing needs to have been seen: `startedAt` counts as the first time, given where the clock
 * runs too.
 */
export function createAbsence(
  { keyOf, withinMs, isByKey }: Extract<Clause, { kind: 'absence' }>,
  startedAt: number | undefined,
  titleOfNothing: string,
): Correlator {
  const states = new Map<string, State>()
  /** Keys whose absence was told, the one told first in front. */
  const told = new Set<string>()
  let evicted = 0
  /** Nothing was seen since the start. */
  let isUnseen = !isByKey && startedAt !== undefined
  if (isUnseen) {
    const stretches = [{ first: startedAt!, last: startedAt! }]
    states.set(withoutKey, { key: {}, title: titleOfNothing, stretches, isTold: false })
  }

  /** Gives up the key whose absence was told first; false where there is none. */
  const forgetTold = (): boolean => {
    const [id] = told
    return id !== undefined && told.delete(id) && states.delete(id)
  }

  const finding = ({ key, title }: State, last: number): Finding => {
    const at = last + withinMs
    return { key, first: last, last: at, count: 1, at, title }
  }

  /** Tells the absences that nothing can fill any more: those that were over by `until`. */
  const settle = (id: string, state: State, until: number): Finding[] => {
    const found: Finding[] = []
    const { stretches } = state
    while (stretches.length > 1 && stretches[0]!.last + withinMs <= until) {
      found.push(finding(state, stretches.shift()!.last))
    }
    const [only] = stretches
    if (stretches.length === 1 && !state.isTold && only!.last + withinMs <= until) {
      state.isTold = true
      told.add(id)
      found.push(finding(state, only!.last))
    }
    return found
  }

  return {
    see({ entry, at, title }) {
      if (isUnseen) {
        isUnseen = false
        states.clear()
      }
      const key = keyOf(entry)
      // Hot where every entry counts.
      const id = isByKey ? idOf(key) : withoutKey
      const state = states.get(id)
      if (state === undefined) {
        const stretches = [{ first: at, last: at }]
        if (states.size >= maxKeys && !forgetTold()) evicted += 1
        else states.set(id, { key, title: title(), stretches, isTold: false })
        return []
      }
      const newest = state.stretches.at(-1)!
      if (state.isTold) {
        if (at <= newest.last) return []
        state.stretches = [{ first: at, last: at }]
        state.isTold = false
        told.delete(id)
      } else if (at >= newest.first && at - newest.last < withinMs) {
        newest.last = Math.max(newest.last, at)
      } else state.stretches = withMoment(state.stretches, at, withinMs)
      return []
    },
    advance(until, idleMs) {
      const settled = settledUntil(until, idleMs, withinMs)
      return [...states].flatMap(([id, state]) => settle(id, state, settled))
    },
    get isToBeEnded() {
      return told.has(withoutKey)
    },
    get size() {
      return states.size
    },
    get evicted() {
      return evicted
    },
    save: () => (isUnseen ? [] : [...states]),
    load(saved) {
      const known = saved as [string, State][]
      if (known.length === 0) return
      isUnseen = false
      states.clear()
      for (const [id, state] of known) {
        states.set(id, state)
        if (state.isTold) told.add(id)
      }
    },
  }
}

/** The stretches with one more moment, which may join two of them. */
function withMoment(
  stretches: readonly Stretch[],
  at: number,
  withinMs: number,
): Stretch[] {
  const isNear = ({ first, last }: Stretch) =>
    at > first - withinMs && at < last + withinMs
  const near = stretches.filter(isNear)
  const joined = {
    first: Math.min(at, ...near.map(({ first }) => first)),
    last: Math.max(at, ...near.map(({ last }) => last)),
  }
  const others = stretches.filter(stretch => !isNear(stretch))
  return [...others, joined].sort((a, b) => a.first - b.first)
}
