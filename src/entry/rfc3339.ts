const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/**
 * Epoch milliseconds of RFC 3339 text with at most nanoseconds, as Vault writes its times; NaN for
 * anything else. Date.parse alone makes a date of `node 5` too, and reads a time without a zone as
 * the host's.
 */
export function epochOf(text: string): number {
  return rfc3339.test(text) ? Date.parse(text) : NaN
}
