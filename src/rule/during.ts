import { epochOf } from '../entry/rfc3339.js'
import type { TimeWindow } from './rule.js'

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const minutesADay = 24 * 60

/**
 * Compiles a time window into a predicate on a time (RFC 3339 text); text that is no time is in no
 * window. Gives a sentence where the zone is unknown or the window is empty. `zone` is an IANA
 * name, by default UTC; `to` is exclusive.
 */
export function compileDuring(window: TimeWindow): ((time: string) => boolean) | string {
  const { days = weekdays, from = '00:00', to = '24:00', zone = 'UTC' } = window
  if (from === to) return `"from" and "to" are both ${from}: the window is empty`
  if (from === '24:00' && to === '00:00') {
    return 'nothing lies between 24:00 and 00:00: the window is empty'
  }
  const localTime = zonedClock(zone)
  if (localTime === undefined) return `unknown time zone "${zone}"`
  const [start, end] = [minutesOf(from), minutesOf(to)]
  const isOn = (day: number) => days.includes(weekdays[(day + 7) % 7]!)
  return time => {
    // RFC 3339 allows lower case.
    const at = epochOf(time.toUpperCase())
    if (Number.isNaN(at)) return false
    const { day, minute } = localTime(at)
    if (start < end) return isOn(day) && minute >= start && minute < end
    return (isOn(day) && minute >= start) || (isOn(day - 1) && minute < end)
  }
}

function minutesOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number)
  return hours * 60 + minutes
}

/**
 * Epoch milliseconds to weekday (0 is Sunday) and minute of the day in a zone; undefined for a zone
 * that isn't known. Intl costs about 4 µs a call, so the last minute's answer is kept: every UTC
 * offset in use is a whole number of minutes.
 */
function zonedClock(
  zone: string,
): ((at: number) => { day: number; minute: number }) | undefined {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
  } catch {
    return undefined
  }
  let known = { epochMinute: NaN, day: 0, minute: 0 }
  return at => {
    const epochMinute = Math.floor(at / 60_000)
    if (known.epochMinute !== epochMinute) {
      const parts = Object.fromEntries(
        format.formatToParts(at).map(({ type, value }) => [type, value]),
      )
      const day = weekdays.indexOf(parts['weekday']!.toLowerCase())
      const minute = (Number(parts['hour']) * 60 + Number(parts['minute'])) % minutesADay
      known = { epochMinute, day, minute }
    }
    return known
  }
}
