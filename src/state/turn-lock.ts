import { waitForLock, type Lock } from './lock.js'

/** A lock that is taken once for many short sections. */
export interface TurnLock {
  /**
   * Takes the lock, waiting `limitMs` at most, and keeps it until the program gives way to other
   * events: a burst of alerts takes it once. `held`: nobody else had it since the last time.
   */
  take(limitMs: number): 'taken' | 'held' | 'refused'
}

/** Of this process, by folder and name: who had it last. */
const inTurn = new Map<string, { lock: Lock; user: object }>()

/** A user of the lock of this name on a folder. */
export function createTurnLock(folder: string, name: string): TurnLock {
  const key = `${folder}\0${name}`
  const user = {}
  return {
    take(limitMs) {
      const current = inTurn.get(key)
      if (current !== undefined) {
        const isOurs = current.user === user
        current.user = user
        return isOurs ? 'held' : 'taken'
      }
      const lock = waitForLock(folder, name, limitMs)
      if (lock === undefined) return 'refused'
      inTurn.set(key, { lock, user })
      queueMicrotask(() => {
        inTurn.delete(key)
        lock.release()
      })
      return 'taken'
    },
  }
}
