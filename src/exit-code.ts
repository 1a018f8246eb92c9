/**
 * Exit statuses, and what a starting syslog-ng makes of them: it starts a program that ends again
 * at once, up to 250 times a second, but never again after 127 (facts of its program() driver).
 */
export const exitCode = {
  ok: 0,
  /** A rule's test failed, a destination refused the test alert, a replay left something undone, stdin can't be read. */
  failed: 1,
  /** EX_USAGE of sysexits.h: wrong options. */
  usage: 64,
  /** EX_CONFIG of sysexits.h: a fault in the ini or a rule file. */
  config: 78,
} as const
