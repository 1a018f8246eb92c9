const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/**
 * Epoch milliseconds of RFC 3339 text with at most nanoseconds, as Vault writes its times; NaN for
 * anything else. Date.parse alone makes a date of `node 5` too, and reads a time without a zone as
 * the host's.
 */
export function epochOf(text: string): number {
  const known = latestSecond.of(text)
  if (known !== undefined) return known
  const epoch = rfc3339.test(text) ? Date.parse(text) : NaN
  if (!Number.isNaN(epoch)) latestSecond.learn(text, epoch)
  return epoch
}

const latestSecond = createSecondMemo()

/** Hot: entries of one second come together. Knows the times of the second that was learnt last. */
export function createSecondMemo() {
  let second = 'none'
  let start = NaN
  return {
    /** Epoch milliseconds of a time in UTC with at most nanoseconds; undefined where not known. */
    of(text: string): number | undefined {
      const ms = text.startsWith(second) ? fractionMs(text) : undefined
      return ms === undefined ? undefined : start + ms
    },
    learn(text: string, epoch: number): void {
      const ms = fractionMs(text)
      if (ms === undefined) return
      second = text.slice(0, secondLength)
      start = epoch - ms
    },
  }
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

/** Whether this is an RFC 3339 full-date that the calendar has: Date.parse takes 31 February for 3 March. */
export function isFullDate(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : NaN
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}
