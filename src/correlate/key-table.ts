// A table of keys that an attacker chooses, bounded. Where it is full the oldest go, those first
// that were seen but once: a flood of new keys can't push out the one that is being counted.

import { createOldestKeys } from './oldest-keys.js'

/** A key's state, and whether it is worth more than a new one's. */
interface Slot<State> {
  readonly state: State
  isKept: boolean
  weight: number
}

/** A bounded map from keys to states. */
export interface KeyTable<State> {
  /** The key's state, made where it is missing; it is the youngest then. */
  touch(key: string, create: () => State): State
  get(key: string): State | undefined
  /** Says whether the key is worth keeping before those that aren't, and what its state weighs. */
  keep(key: string, isKept: boolean, weight?: number): void
  entries(): Iterable<[string, State, boolean]>
  readonly size: number
  /** How many were given up so far, since there were too many. */
  readonly evicted: number
}

/** Of the kept keys at most so many in ten stay, so that new ones have a chance. */
const keptTenths = 8

/** An empty table for at most `limit` keys, whose states weigh at most `maxWeight` together. */
export function createKeyTable<State>(
  limit: number,
  maxWeight = Infinity,
): KeyTable<State> {
  const kept = new Map<string, Slot<State>>()
  const others = new Map<string, Slot<State>>()
  const maxKept = Math.max(1, Math.floor((limit * keptTenths) / 10))
  const oldestKept = createOldestKeys(kept)
  const oldestOther = createOldestKeys(others)
  let evicted = 0
  let weight = 0

  const mapOf = (slot: Slot<State>) => (slot.isKept ? kept : others)
  const slotOf = (key: string) => kept.get(key) ?? others.get(key)
  const bound = () => {
    while (kept.size > maxKept) evict(kept, oldestKept)
    const isOver = () => kept.size + others.size > limit || weight > maxWeight
    while (isOver() && kept.size + others.size > 1) {
      if (others.size > 0) evict(others, oldestOther)
      else evict(kept, oldestKept)
    }
  }
  const evict = (slots: Map<string, Slot<State>>, oldest: () => string | undefined) => {
    const key = oldest()!
    weight -= slots.get(key)!.weight
    slots.delete(key)
    evicted += 1
  }

  return {
    touch(key, create) {
      const known = slotOf(key)
      const slot = known ?? { state: create(), isKept: false, weight: 1 }
      const slots = mapOf(slot)
      slots.delete(key)
      slots.set(key, slot)
      if (known === undefined) {
        weight += slot.weight
        bound()
      }
      return slot.state
    },
    get: key => slotOf(key)?.state,
    keep(key, isKept, newWeight = 1) {
      const slot = slotOf(key)
      if (slot === undefined) return
      weight += newWeight - slot.weight
      slot.weight = newWeight
      if (slot.isKept !== isKept) {
        mapOf(slot).delete(key)
        slot.isKept = isKept
        mapOf(slot).set(key, slot)
      }
      bound()
    },
    *entries() {
      for (const slots of [others, kept]) {
        for (const [key, { state, isKept }] of slots) yield [key, state, isKept]
      }
    },
    get size() {
      return kept.size + others.size
    },
    get evicted() {
      return evicted
    },
  }
}
