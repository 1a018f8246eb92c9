import type { Entry } from './entry/entry.js'
import { vaultFields } from './entry/vault-fields.js'
import type { CompiledRule } from './rule/compile-rule.js'

/** Alerts whose titles show an outcome that wasn't known when they were raised. */
export interface Outcomes {
  /** A rule has alerted on this entry: gives whether its title waits for the outcome. */
  await(rule: CompiledRule, id: string, entry: Entry): boolean
  /** The alerts whose outcome this entry tells; each is told of once. */
  of(entry: Entry): { rule: CompiledRule; id: string; outcome: string }[]
  /** Whether any is awaited. */
  readonly isAwaiting: boolean
  /** Whether the entry with this request's id may tell one; it is asked for only where one is awaited. */
  isAwaited(requestId: () => string | undefined): boolean
}

/** Requests to which no response comes must not pile up. */
const maxAwaited = 1_000

/** None is awaited so far. */
export function createOutcomes(): Outcomes {
  const awaited = new Map<string, { rule: CompiledRule; id: string }[]>()
  const outcomeOf = ({ fields }: Entry) =>
    vaultFields['outcome']!(fields) as string | undefined
  return {
    await(rule, id, entry) {
      if (!awaitsOutcome(rule) || outcomeOf(entry) !== undefined) return false
      const event = eventOf(entry)
      awaited.set(event, [...(awaited.get(event) ?? []), { rule, id }])
      if (awaited.size > maxAwaited) awaited.delete(awaited.keys().next().value!)
      return true
    },
    of(entry) {
      if (awaited.size === 0 || entry.log !== 'audit') return []
      const event = eventOf(entry)
      const alerts = awaited.get(event)
      const outcome = alerts && outcomeOf(entry)
      if (outcome === undefined) return []
      awaited.delete(event)
      return alerts!.map(alert => ({ ...alert, outcome }))
    },
    get isAwaiting() {
      return awaited.size > 0
    },
    isAwaited(requestId) {
      if (awaited.size === 0) return false
      const id = requestId()
      return id === undefined || awaited.has(JSON.stringify(['audit', id]))
    },
  }
}

/** Whether a rule's title says what came of the request. */
function awaitsOutcome({ rule }: CompiledRule): boolean {
  return rule.log === 'audit' && /\{\{\s*vault\.outcome\s*\}\}/.test(rule.title)
}

function eventOf({ identity }: Entry): string {
  return JSON.stringify(identity)
}
