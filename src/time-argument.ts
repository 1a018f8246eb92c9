import { isFullDate } from './entry/rfc3339.js'
import { durationMs } from './rule/duration.js'

/**
 * A time on the command line as epoch milliseconds: RFC 3339, also a date alone (UTC), or so long
 * before `now`: `90m`, `24h`, `7d`. Undefined for anything else.
 */
export function parseTime(text: string, now: number): number | undefined {
  const ago = durationMs(text)
  if (ago !== undefined) return now - ago
  const isTime =
    /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/
  const [, day] = isTime.exec(text) ?? []
  if (day === undefined || !isFullDate(day)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}
