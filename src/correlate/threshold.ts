import type { Clause, Key } from '../rule/compile-clause.js'
import {
  idOf,
  latenessMs,
  overlap,
  type Correlator,
  type Finding,
  type Sighting,
  type Window,
} from './correlator.js'
import { createKeyTable } from './key-table.js'
import {
  createEventOccurrences,
  createValueOccurrences,
  type Occurrences,
} from './occurrences.js'

interface State {
  readonly key: Key
  readonly occurrences: Occurrences
  /** The last alert; while the window stays above, `open` counts on. */
  alert: Alerted | undefined
}

interface Alerted {
  /** The window that it was raised for. */
  readonly window: Window
  readonly title: string
  /** The time of the entry that raised it last. */
  raisedAt: number
  /** How many since it was raised first; undefined when the window has fallen below. */
  total: number | undefined
}

/** While a window stays above, an alert goes out so often. */
const repeatMs = 24 * 3_600_000
/** Bounds of one rule, over all keys: at most 8 MB for times, some more for keys. */
const maxKeys = 10_000
const maxTimes = 1_000_000
/** Values are texts of up to 200 characters: at most 40 MB. */
const maxValues = 100_000

/**
 * `threshold`: fires at the entry that brings a key's window to `count`, and is armed again when
 * the window has fallen below; what it counted until then is a summary. A window that overlaps that
 * of the key's last alert is that one.
 */
export function createThreshold(
  clause: Extract<Clause, { kind: 'threshold' }>,
): Correlator {
  const { keyOf, withinMs, count, distinct } = clause
  const create = distinct ? createValueOccurrences : createEventOccurrences
  // What is late may complete a window of then: so much is kept.
  const perKey = count * (2 + Math.ceil(latenessMs / withinMs))
  const table = createKeyTable<State>(maxKeys, distinct ? maxValues : maxTimes)
  const open = new Set<string>()

  /** Closes a window that has fallen below, and gives its summary. */
  const close = (id: string, state: State, now: number): Finding[] => {
    const { alert, occurrences } = state
    const end = occurrences.endOf(count)
    if (alert?.total === undefined || end > now) return []
    const { window, title, total } = alert
    open.delete(id)
    const last = Math.max(window.last, Math.min(end, occurrences.last))
    // All of it is one: something late in it is no new alert.
    state.alert = { ...alert, window: { first: window.first, last }, total: undefined }
    return [
      {
        key: state.key,
        first: window.first,
        last,
        count: total,
        at: Math.max(end, window.last),
        title,
        summaryOf: window,
      },
    ]
  }

  const raise = (
    id: string,
    state: State,
    { at, title }: Sighting,
    isNew: boolean,
  ): Finding[] => {
    const { alert, occurrences } = state
    const isOpen = alert?.total !== undefined
    if (isOpen && isNew) alert.total! += 1
    if (isOpen && at < alert.raisedAt + repeatMs) return []
    const burst = occurrences.burst(at, count)
    if (burst === undefined) return []
    const { first, last, count: size } = burst
    const { key } = state
    if (isOpen) {
      // Of what came since the last alert, lest it be that one; with the count since the first.
      const since = Math.max(first, alert.raisedAt + 1)
      alert.raisedAt = at
      return [{ key, first: since, last: Math.max(since, last), count: alert.total!, at }]
    }
    if (alert !== undefined && overlap(alert.window, burst)) return []
    state.alert = { window: { first, last }, title: title(), raisedAt: at, total: size }
    open.add(id)
    return [{ key, first, last, count: size, at }]
  }

  return {
    see(sighting) {
      const { entry, at, now } = sighting
      const value = distinct ? distinct(entry) : ''
      if (value === undefined || !sighting.isFirst('')) return []
      const key = keyOf(entry)
      const id = idOf(key)
      const state = table.touch(id, () => ({
        key,
        occurrences: create(withinMs),
        alert: undefined,
      }))
      const ended = close(id, state, now)
      const isNew = state.occurrences.add(at, value)
      const raised = raise(id, state, sighting, isNew)
      state.occurrences.prune(now - withinMs - latenessMs, perKey)
      table.keep(id, state.occurrences.size > 1, state.occurrences.size)
      return [...ended, ...raised]
    },
    advance(until) {
      if (open.size === 0) return []
      return [...open].flatMap(id => {
        const state = table.get(id)
        if (state !== undefined) return close(id, state, until)
        open.delete(id)
        return []
      })
    },
    open: () =>
      [...open].flatMap(id => {
        const { key, alert, occurrences } = table.get(id) ?? {}
        if (key === undefined || alert === undefined) return []
        return [{ key, window: alert.window, last: occurrences!.last }]
      }),
    get size() {
      return table.size
    },
    get evicted() {
      return table.evicted
    },
    save: () =>
      [...table.entries()].map(([id, { key, occurrences, alert }]) => ({
        id,
        key,
        occurrences: occurrences.save(),
        alert,
      })),
    load(saved) {
      for (const { id, key, occurrences, alert } of saved as Saved[]) {
        const state = { key, occurrences: create(withinMs, occurrences), alert }
        table.touch(id, () => state)
        table.keep(id, state.occurrences.size > 1, state.occurrences.size)
        if (alert?.total !== undefined) open.add(id)
      }
    },
  }
}

interface Saved extends Pick<State, 'key' | 'alert'> {
  readonly id: string
  readonly occurrences: unknown
}
