import type { Alert } from '../alert/alert.js'
import { bySeverity } from '../rule/severity.js'

/**
 * Divides alerts into as few messages as hold them all, the most severe first, of which each takes
 * `budget` and `maxAlerts` at most. `size` tells what an alert takes, its separator included, in the
 * unit of `budget`; one that takes more than the budget goes alone.
 */
export function chunksOf(
  alerts: readonly Alert[],
  size: (alert: Alert) => number,
  budget: number,
  maxAlerts: number,
): Alert[][] {
  const chunks: Alert[][] = []
  let room = 0
  for (const alert of alerts.toSorted(bySeverity)) {
    const needed = size(alert)
    const last = chunks.at(-1)
    if (last && last.length < maxAlerts && needed <= room) {
      last.push(alert)
      room -= needed
    } else {
      chunks.push([alert])
      room = budget - needed
    }
  }
  return chunks
}
