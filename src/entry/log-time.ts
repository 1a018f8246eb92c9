import { knownEpoch } from './rfc3339.js'

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

const fullDate =
  /^(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/
/** Of `YYYY-MM-DDTHH:mm:ss.sssZ`. */
const utcLength = 24
const yearlessDate = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)$/
const zoneAtEnd = /(?:Z|[+-]\d\d:?\d\d)$/

/** What a date leaves unsaid. */
export interface TimeContext {
  /** Zone of a date that names none, as it is written (`Z`, `-0500`, `+05:30`); UTC by default. */
  readonly zone?: string | undefined
  /** Epoch milliseconds near which a date without a year lies. */
  readonly reference: number
}

/**
 * A date as logs write it (RFC 3339, hclog's `-0500` zone, Vault 0.10's `2017/03/16 13:43:20`,
 * RFC 3164's `May  6 00:07:22`) as `YYYY-MM-DDTHH:mm:ss.sssZ`; undefined for other text and for
 * dates that no calendar has. A year-less date gets the year that puts it nearest to the
 * reference: one around New Year belongs to the year before or after. Never throws.
 */
export function utcTime(written: string, context: TimeContext): string | undefined {
  // Hot: written as it is given, which a known second needs no more proof of.
  if (written.length === utcLength && knownEpoch(written) !== undefined) return written
  const full = fullDate.exec(written)
  if (full) {
    const [, year, month, day, hour, minute, second, fraction = '', zone] = full
    const offset = zoneOffsetMs(zone ?? context.zone ?? 'Z')
    const wall = epochMs([year, month, day, hour, minute, second].map(Number))
    return isoText(wall + Number(fraction.padEnd(3, '0').slice(0, 3)) - offset)
  }
  const yearless = yearlessDate.exec(written)
  return yearless ? isoText(nearestYear(yearless, context.reference)) : undefined
}

/** The zone at the end of a date as it is written, if it names one. */
export function zoneOf(written: string): string | undefined {
  return zoneAtEnd.exec(written)?.[0]
}

/** Epoch of year, month (1-12), day, hour, minute, second; NaN for one that doesn't exist. */
function epochMs(parts: readonly number[]): number {
  const [year = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN, second = NaN] =
    parts
  const midnight = new Date(Date.UTC(year, month - 1, day))
  // Date.UTC rolls 30 February over and reads year 99 as 1999, so compare what it made of them.
  const real =
    midnight.getUTCFullYear() === year &&
    midnight.getUTCMonth() === month - 1 &&
    midnight.getUTCDate() === day
  // 60 is a leap second (RFC 3339 5.6): it becomes the next minute's first.
  if (!real || hour > 23 || minute > 59 || second > 60) return NaN
  return midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1000
}

function zoneOffsetMs(zone: string): number {
  if (zone === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(-2))
  if (hours > 23 || minutes > 59) return NaN
  return (hours * 60 + minutes) * 60_000 * (zone.startsWith('-') ? -1 : 1)
}

function nearestYear(date: RegExpExecArray, reference: number): number {
  const [, name = '', day, hour, minute, second] = date
  const month = months.indexOf(name) + 1
  const around = new Date(reference).getUTCFullYear()
  const distance = (epoch: number) => Math.abs(epoch - reference)
  let nearest = NaN
  // Three years do for any day but 29 February, which can be eight years away (around 2100).
  const reach = month === 2 && Number(day) === 29 ? 8 : 1
  for (let year = around - reach; year <= around + reach; year++) {
    const epoch = epochMs([year, month, ...[day, hour, minute, second].map(Number)])
    if (!(distance(epoch) >= distance(nearest)) && !Number.isNaN(epoch)) nearest = epoch
  }
  return nearest
}

/** RFC 3339 has four digits of year: what a zone pushes out of them is no time. */
function isoText(epoch: number): string | undefined {
  const date = new Date(epoch)
  const year = date.getUTCFullYear()
  return year >= 0 && year <= 9999 ? date.toISOString() : undefined
}
