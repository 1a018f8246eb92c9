const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/**
 * Epoch milliseconds of RFC 3339 text with at most nanoseconds, as Vault writes its times; NaN for
 * anything else. Date.parse alone makes a date of `node 5` too, and reads a time without a zone as
 * the host's.
 */
export function epochOf(text: string): number {
  return rfc3339.test(text) ? Date.parse(text) : NaN
}

/** Whether this is an RFC 3339 full-date that the calendar has: Date.parse takes 31 February for 3 March. */
export function isFullDate(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : NaN
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}
