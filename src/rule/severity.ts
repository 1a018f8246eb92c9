/** The severities, most urgent first; the one list that everything else orders by. */
export const severities = ['critical', 'high', 'medium', 'low', 'info'] as const

/** How urgent an alert is. */
export type Severity = (typeof severities)[number]

/** Its place in the list: the more urgent, the smaller. */
export function rankOf(severity: Severity): number {
  return severities.indexOf(severity)
}

/** Orders what has a severity, the most urgent first. */
export function bySeverity(
  a: { readonly severity: Severity },
  b: { readonly severity: Severity },
): number {
  return rankOf(a.severity) - rankOf(b.severity)
}
