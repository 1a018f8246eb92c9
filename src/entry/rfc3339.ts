const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/**
 * Epoch milliseconds of RFC 3339 text with at most nanoseconds, as Vault writes its times; NaN for
 * anything else. Date.parse alone makes a date of `node 5` too, and reads a time without a zone as
 * the host's.
 */
export function epochOf(text: string): number {
  const known = knownEpoch(text)
  if (known !== undefined) return known
  const epoch = rfc3339.test(text) ? Date.parse(text) : NaN
  const ms = fractionMs(text)
  if (ms !== undefined && isReal(text, epoch)) {
    latest = { second: text.slice(0, secondLength), epoch: epoch - ms }
  }
  return epoch
}

/** Hot: entries of one second come together. */
let latest = { second: 'none', epoch: NaN }

/**
 * The same of a time in UTC, with at most nanoseconds, in the second of the one that `epochOf` was
 * asked for last; undefined for any other, and for one that no calendar has.
 */
export function knownEpoch(text: string): number | undefined {
  const ms = text.startsWith(latest.second) ? fractionMs(text) : undefined
  return ms === undefined ? undefined : latest.epoch + ms
}

/** Of `YYYY-MM-DDTHH:mm:ss`. */
const secondLength = 19

/** The milliseconds behind the seconds of a time in UTC; undefined for any other text. */
function fractionMs(text: string): number | undefined {
  const last = text.length - 1
  if (text.charCodeAt(last) !== 0x5a /* Z */) return undefined
  if (last === secondLength) return 0
  const digits = last - secondLength - 1
  if (text.charCodeAt(secondLength) !== 0x2e /* . */ || digits < 1 || digits > 9)
    return undefined
  let ms = 0
  for (let i = 1; i <= digits; i++) {
    const digit = text.charCodeAt(secondLength + i) - 0x30
    if (digit < 0 || digit > 9) return undefined
    if (i <= 3) ms += digit * 10 ** (3 - i)
  }
  return ms
}

/** Whether this is an RFC 3339 full-date that the calendar has. */
export function isFullDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && isReal(text, Date.parse(text))
}

/** Date.parse takes 31 February for 3 March, and 24:00 for the next day. */
function isReal(text: string, epoch: number): boolean {
  const start = text.slice(0, secondLength)
  return !Number.isNaN(epoch) && new Date(epoch).toISOString().startsWith(start)
}
