import { noEntry } from '../entry/entry.js'
import type { Clause } from '../rule/compile-clause.js'
import type { CompiledRule } from '../rule/compile-rule.js'
import { createAbsence } from './absence.js'
import type { Correlator } from './correlator.js'
import { createFirstSeen } from './first-seen.js'
import { createSequence } from './sequence.js'
import { createThreshold } from './threshold.js'

/**
 * The state machine of a rule's clause, which has seen nothing so far. `startedAt`, epoch
 * milliseconds, is given where the clock fires deadlines too.
 */
export function createCorrelator(
  clause: Clause,
  { title }: CompiledRule,
  startedAt: number | undefined,
): Correlator {
  switch (clause.kind) {
    case 'threshold':
      return createThreshold(clause)
    case 'sequence':
      return createSequence(clause)
    case 'absence':
      return createAbsence(clause, startedAt, title(noEntry))
    case 'firstSeen':
      return createFirstSeen(clause)
  }
}
