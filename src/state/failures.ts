/** What may fail while everything else goes on. */
export type Failing = 'alert log' | 'state folder'

/** Who is told. */
export interface FailureEvents {
  /** The state folder or an alert log can't be written: `file`, over a `code` such as ENOSPC. */
  failing(what: Failing, code: string, file: string): void
  /** It can be written again, and what was missing is in it. */
  recovered(what: Failing): void
}

/** Tries things that a full disk keeps from being done, and tells of it once. */
export interface Failures {
  /** Whether it could be done. `file` is what it is about. */
  attempt(what: Failing, file: string, action: () => void): boolean
  /** Whether anything failed since the last retry. */
  any(): boolean
  /** Does what failed once more, by attempts; what fails still isn't told again. */
  retry(action: () => void): void
}

/** Nothing has failed so far. */
export function createFailures(events: FailureEvents): Failures {
  const failing = new Set<Failing>()
  let told: ReadonlySet<Failing> = new Set()
  return {
    attempt(what, file, action) {
      try {
        action()
        return true
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        const isNew = !failing.has(what) && !told.has(what)
        failing.add(what)
        if (isNew) events.failing(what, code ?? message, file)
        return false
      }
    },
    any: () => failing.size > 0,
    retry(action) {
      told = new Set(failing)
      failing.clear()
      action()
      for (const what of told) if (!failing.has(what)) events.recovered(what)
      told = new Set()
    },
  }
}
