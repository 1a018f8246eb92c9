// The process that holds a destination's lock may be stopped, or none of ours. While something waits,
// a sender touches its pace every half minute; where that stays as it is, nobody sends.

import { countWaiting } from '../state/outbox-files.js'
import type { Pace } from './pace.js'
import { paceVersion, touchPace } from './pace-file.js'

/** The signs of life of a destination's sender, given and looked for. */
export interface SignsOfLife {
  /** Given by whoever has the lock, when something waits. Throws errors of the file system. */
  give(pace: Pace, now: number): void
  /** Looked for by whoever hasn't. Throws errors of the file system. */
  look(now: number): void
  /** Whether the one who has the lock has long sent nothing of what waits. */
  readonly isMissing: boolean
}

const signMs = 30_000
/** An attempt takes a minute at most. */
const missingMs = 2 * 60_000

/** Those of an outbox's sender. `onMissing` is called once each time they are missing. */
export function createSignsOfLife(outbox: string, onMissing: () => void): SignsOfLife {
  let givenAt = -Infinity
  let lookedAt = -Infinity
  let version: string | undefined
  /** Since then something waits, and the pace is as it is. */
  let since = 0
  let isMissing = false
  return {
    give(pace, now) {
      isMissing = false
      if (now - givenAt < signMs) return
      givenAt = now
      touchPace(outbox, pace, now)
    },
    look(now) {
      if (now - lookedAt < signMs) return
      lookedAt = now
      const found = paceVersion(outbox)
      if (found !== version || countWaiting(outbox) === 0) {
        version = found
        since = now
        isMissing = false
      } else if (!isMissing && now - since >= missingMs) {
        isMissing = true
        onMissing()
      }
    },
    get isMissing() {
      return isMissing
    },
  }
}
