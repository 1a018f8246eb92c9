import { hash } from 'node:crypto'

/**
 * The id of a rule's alert on an event: 32 hex digits, the same in every run over the same log. It
 * depends on the rule's id but nothing else of the rule, so that editing one re-alerts nothing.
 */
export function alertId(ruleId: string, identity: readonly string[]): string {
  return hash('sha256', JSON.stringify([ruleId, ...identity])).slice(0, 32)
}
