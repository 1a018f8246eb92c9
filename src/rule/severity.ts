/** The severities, most urgent first; the one list that everything else orders by. */
export const severities = ['critical', 'high', 'medium', 'low', 'info'] as const

/** How urgent an alert is. */
export type Severity = (typeof severities)[number]
