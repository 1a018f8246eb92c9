// A table of keys that an attacker chooses, bounded. Where it is full the oldest go, those first
// that were seen but once: a flood of new keys can't push out the one that is being counted.

import { createOldestKeys } from './oldest-keys.js'

/** A key's state, and whether it is worth more than a new one's. */
interface Slot<State> {
  readonly state: State
  isKept: boolean
}

/** A bounded map from keys to states. */
export interface KeyTable<State> {
  /** The key's state, made where it is missing; it is the youngest then. */
  touch(key: string, create: () => State): State
  get(key: string): State | undefined
  /** Says that the key is worth keeping before those that aren't. */
  keep(key: string, isKept: boolean): void
  delete(key: string): void
  entries(): Iterable<[string, State]>
  readonly size: number
  /** How many were given up so far, since there were too many. */
  readonly evicted: number
}

/** Of the kept keys at most so many in ten stay, so that new ones have a chance. */
const keptTenths = 8

/** An empty table for at most `limit` keys. */
export function createKeyTable<State>(limit: number): KeyTable<State> {
  const kept = new Map<string, Slot<State>>()
  const others = new Map<string, Slot<State>>()
  const maxKept = Math.max(1, Math.floor((limit * keptTenths) / 10))
  const oldestKept = createOldestKeys(kept)
  const oldestOther = createOldestKeys(others)
  let evicted = 0

  const mapOf = (slot: Slot<State>) => (slot.isKept ? kept : others)
  const slotOf = (key: string) => kept.get(key) ?? others.get(key)
  const bound = () => {
    while (kept.size > maxKept) evict(kept, oldestKept)
    while (kept.size + others.size > limit) {
      if (others.size > 0) evict(others, oldestOther)
      else evict(kept, oldestKept)
    }
  }
  const evict = (slots: Map<string, unknown>, oldest: () => string | undefined) => {
    slots.delete(oldest()!)
    evicted += 1
  }

  return {
    touch(key, create) {
      const known = slotOf(key)
      const slot = known ?? { state: create(), isKept: false }
      const slots = mapOf(slot)
      slots.delete(key)
      slots.set(key, slot)
      if (known === undefined) bound()
      return slot.state
    },
    get: key => slotOf(key)?.state,
    keep(key, isKept) {
      const slot = slotOf(key)
      if (slot === undefined || slot.isKept === isKept) return
      mapOf(slot).delete(key)
      slot.isKept = isKept
      mapOf(slot).set(key, slot)
      bound()
    },
    delete(key) {
      if (!kept.delete(key)) others.delete(key)
    },
    *entries() {
      for (const slots of [others, kept]) {
        for (const [key, { state }] of slots) yield [key, state]
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
