import type { Destination, Settings } from '../notify/destination.js'
import { readKeys, type FaultReport, type Keys } from './read-keys.js'
import { routeKeys } from './route.js'

/** What a destination's section says, as far as it can be told now. */
export interface DestinationSettings {
  /** Its keys, checked. They may hold credentials, so no message shows them. */
  readonly settings: Settings
  /**
   * Only where one of them is still missing, since it stands elsewhere (`env:`, `file:`) and can't
   * be had: reads them all again, and gives them, or a sentence on what is missing.
   */
  readonly lookAgain?: () => Settings | string
}

/**
 * Reads a destination's section, and reports all that is wrong with it. Undefined where it is of no
 * use as written; what only can't be used now is kept, so that its alerts wait for it.
 */
export function readDestination(
  section: string,
  content: Readonly<Record<string, unknown>>,
  destination: Destination,
  env: NodeJS.ProcessEnv,
  report: FaultReport,
): DestinationSettings | undefined {
  const keys: Keys = { ...destination.keys, ...routeKeys }
  const { settings, awaited } = readKeys(section, content, keys, env, report)
  const missing = Object.keys(keys).filter(
    key =>
      keys[key]!.isRequired && settings[key] === undefined && awaited[key] === undefined,
  )
  for (const key of missing.filter(name => !Object.hasOwn(content, name))) {
    report.fault(section, undefined, `[${section}] ${key} is missing: nothing is sent`)
  }
  if (missing.length > 0) return undefined
  if (firstOfOwn(awaited) !== undefined) {
    const lookAgain = () => {
      const now = readKeys(section, content, keys, env, nobody)
      const { settings: found } = now
      return firstOfOwn(now.awaited) ?? destination.fault?.(found) ?? found
    }
    return { settings, lookAgain }
  }
  const fault = destination.fault?.(settings)
  const wrong = fault ?? destination.trouble?.(settings)
  if (wrong !== undefined) report.fault(section, undefined, `[${section}] ${wrong}`)
  return fault === undefined ? { settings } : undefined
}

const nobody: FaultReport = { fault() {}, unknownKey() {} }

/** Nothing waits for a route: without one, all alerts go there. */
function firstOfOwn(awaited: Readonly<Record<string, string>>): string | undefined {
  return Object.entries(awaited).find(([key]) => !Object.hasOwn(routeKeys, key))?.[1]
}
