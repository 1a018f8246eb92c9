import type { CompiledRule } from '../rule/compile-rule.js'
import type { Correlator } from './correlator.js'
import { createCorrelator } from './create-correlator.js'
import { createThrottle, type Throttle } from './throttle.js'

/** What a rule in force remembers. */
export interface RunningRule {
  /** What that depends on. */
  readonly clause: string
  /** It tells what is missing, and so must have seen every entry. */
  readonly seesGaps: boolean
  readonly correlator: Correlator | undefined
  readonly throttle: Throttle | undefined
}

/**
 * Those of the rules that remember something, by their ids, with nothing seen so far. `since`, epoch
 * milliseconds, is given where the clock fires deadlines too.
 */
export function startRules(
  rules: readonly CompiledRule[],
  since: number | undefined,
): Map<string, RunningRule> {
  return new Map(
    rules
      .filter(({ clause, throttle }) => clause !== undefined || throttle !== undefined)
      .map(rule => {
        const { clause, throttle } = rule
        return [
          rule.rule.id,
          {
            clause: clauseText(rule),
            seesGaps:
              clause?.kind === 'absence' ||
              (clause?.kind === 'sequence' && clause.absent !== undefined),
            correlator: clause && createCorrelator(clause, rule, since),
            throttle: throttle && createThrottle(throttle.forMs),
          },
        ]
      }),
  )
}

function clauseText({ rule }: CompiledRule): string {
  const { threshold, sequence, absence, firstSeen, throttle } = rule
  return JSON.stringify({ threshold, sequence, absence, firstSeen, throttle })
}
