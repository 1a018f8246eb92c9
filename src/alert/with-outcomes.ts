import { bySeverity } from '../rule/severity.js'
import type { Alert } from './alert.js'

/**
 * The alerts of one message, the most severe first: an alert whose outcome came later shows it in
 * its title and facts. The record about an outcome is no alert of its own, so that nothing is left
 * of one whose alert isn't among these.
 */
export function withOutcomes(alerts: readonly Alert[]): Alert[] {
  const outcomes = alerts.filter(isOutcome)
  return alerts
    .filter(alert => !isOutcome(alert))
    .map(alert => {
      const told = outcomes.find(({ of }) => of === alert.id)
      if (told === undefined) return alert
      const { title, outcome, facts } = told
      return { ...alert, title, outcome, facts: { ...alert.facts, what: facts.what! } }
    })
    .sort(bySeverity)
}

function isOutcome(alert: Alert): alert is Alert & { readonly outcome: string } {
  return alert.of !== undefined && alert.outcome !== undefined
}
