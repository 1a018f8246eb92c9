import type { Clause, Key } from '../rule/compile-clause.js'
import { idOf, latenessMs, type Correlator } from './correlator.js'
import { createKeyTable } from './key-table.js'

const maxKeys = 10_000
/** Of all keys; with texts of up to 400 characters at most 40 MB. */
const maxValues = 50_000

interface Since {
  first: number
}

interface Value {
  last: number
  /** A new value of which something late could still say that it isn't. */
  doubt?: Doubt | undefined
}

interface Doubt {
  readonly key: Key
  readonly at: number
  readonly title: string
  /** When it was seen before that; undefined for never. */
  readonly before: number | undefined
}

/**
 * `firstSeen`: fires at a value that its key didn't have for `within`, once the key itself is known
 * for the learning time. Around the end of either time it waits for what may come late.
 */
export function createFirstSeen(
  clause: Extract<Clause, { kind: 'firstSeen' }>,
): Correlator {
  const { keyOf, field, value: valueOf, withinMs, learningMs } = clause
  const keys = createKeyTable<Since>(maxKeys)
  const values = createKeyTable<Value>(maxValues)
  const doubtful = new Set<string>()

  return {
    see({ entry, at, title }) {
      const text = valueOf(entry)
      if (text === undefined) return []
      const key = keyOf(entry)
      const id = idOf(key)
      const pair = JSON.stringify([id, text])
      const since = keys.touch(id, () => ({ first: at }))
      since.first = Math.min(since.first, at)
      const known = values.get(pair)
      const value = values.touch(pair, () => ({ last: at }))
      // What came back, or belongs to a key of long standing, is worth more than a stranger's.
      if (known !== undefined) values.keep(pair, true)
      if (at - since.first >= learningMs) keys.keep(id, true)

      const { doubt } = value
      if (doubt !== undefined && at >= doubt.at) {
        value.last = Math.max(value.last, at)
        return []
      }
      const before = doubt === undefined ? known?.last : doubt.before
      const isNew = before === undefined || at - before >= withinMs
      const isLearned = at - since.first >= learningMs
      value.last = Math.max(value.last, at)
      value.doubt = undefined
      doubtful.delete(pair)
      if (!isNew || !isLearned) return []
      const found = { ...key, [field]: text }
      const isSure =
        at - latenessMs - since.first >= learningMs &&
        (before === undefined || at - latenessMs - before >= withinMs)
      if (isSure && doubt === undefined)
        return [{ key: found, first: at, last: at, count: 1, at }]
      value.doubt = { key: found, at, title: title(), before }
      doubtful.add(pair)
      return []
    },
    advance(until) {
      if (doubtful.size === 0) return []
      const settled = until - latenessMs
      return [...doubtful].flatMap(pair => {
        const value = values.get(pair)
        const doubt = value?.doubt
        if (doubt !== undefined && doubt.at > settled) return []
        doubtful.delete(pair)
        if (value === undefined || doubt === undefined) return []
        value.doubt = undefined
        const { key, at, title } = doubt
        return [{ key, first: at, last: at, count: 1, at, title }]
      })
    },
    get size() {
      return keys.size
    },
    get evicted() {
      return keys.evicted + values.evicted
    },
    save: () => ({ keys: [...keys.entries()], values: [...values.entries()] }),
    load(saved, restedMs) {
      const { keys: savedKeys, values: savedValues } = saved as {
        keys: [string, Since, boolean][]
        values: [string, Value, boolean][]
      }
      for (const [id, since, isKept] of savedKeys) {
        keys.touch(id, () => since)
        keys.keep(id, isKept)
      }
      for (const [pair, value, isKept] of savedValues) {
        // Meanwhile it may have been seen again and again.
        values.touch(pair, () => ({ ...value, last: value.last + restedMs }))
        values.keep(pair, isKept)
        if (value.doubt !== undefined) doubtful.add(pair)
      }
    },
  }
}
