import type { Entry } from '../entry/entry.js'
import { isEmpty } from '../entry/json-object.js'
import { boundedText } from '../text/bounded-text.js'
import {
  compileCondition,
  compileField,
  type CompiledCondition,
  type RuleContext,
} from './compile-condition.js'
import { durationMs } from './duration.js'
import { fieldText } from './field-text.js'
import type { Pointer } from './report-fault.js'
import type { Fields, Rule, Step, Throttle } from './rule.js'

/** The values of the fields that a rule counts by, each under its field's path; `-` where missing. */
export type Key = Readonly<Record<string, string>>

/** A step of a sequence: so many entries that match. */
export interface CompiledStep {
  readonly condition: CompiledCondition
  readonly count: number
}

/** A clause over time, ready to run; durations in milliseconds. */
export type Clause = {
  readonly keyOf: (entry: Entry) => Key
  readonly withinMs: number
} & (
  | {
      readonly kind: 'threshold'
      readonly count: number
      /** Undefined where entries are counted, not values. */
      readonly distinct: ((entry: Entry) => string | undefined) | undefined
    }
  | {
      readonly kind: 'sequence'
      readonly steps: readonly CompiledStep[]
      /** What must not follow the steps; then their alert comes when the time is over. */
      readonly absent: CompiledCondition | undefined
    }
  | { readonly kind: 'absence'; readonly isByKey: boolean }
  | {
      readonly kind: 'firstSeen'
      /** The path of the value's field. */
      readonly field: string
      readonly value: (entry: Entry) => string | undefined
      readonly learningMs: number
    }
)

/** What holds messages back. */
export interface Throttling {
  readonly keyOf: (entry: Entry) => Key
  readonly forMs: number
}

/** Longer than entries may be late, so that nothing late makes a value known twice. */
const leastKnownMs = 10 * 60_000

/** Undefined for a rule on one entry. What is wrong goes to the context's `report`. */
export function compileClause(rule: Rule, context: RuleContext): Clause | undefined {
  const { threshold, sequence, absence, firstSeen } = rule
  if (threshold !== undefined) {
    const { count, distinct } = threshold
    return {
      kind: 'threshold',
      ...window(threshold, 'threshold', context),
      count,
      distinct:
        distinct === undefined
          ? undefined
          : compileValue(distinct, ['threshold', 'distinct'], context),
    }
  }
  if (sequence !== undefined) {
    const last = sequence.steps.at(-1)
    return {
      kind: 'sequence',
      ...window(sequence, 'sequence', context),
      steps: sequence.steps.flatMap((step, i) =>
        compileStep(step, i, sequence.steps.length, context),
      ),
      absent:
        last !== undefined && 'not' in last
          ? compileCondition(
              last.not,
              ['sequence', 'steps', sequence.steps.length - 1, 'not'],
              context,
            )
          : undefined,
    }
  }
  if (absence !== undefined) {
    reportTitleFields(rule, absence.by, context)
    return {
      kind: 'absence',
      ...window(absence, 'absence', context),
      isByKey: absence.by !== undefined,
    }
  }
  if (firstSeen !== undefined) {
    for (const name of ['within', 'learning'] as const) {
      if ((durationMs(firstSeen[name]) ?? Infinity) >= leastKnownMs) continue
      const message = `must be at least 10m, got "${firstSeen[name]}"`
      context.report(['firstSeen', name], message)
    }
    return {
      kind: 'firstSeen',
      field: firstSeen.value,
      ...window(firstSeen, 'firstSeen', context),
      value: compileValue(firstSeen.value, ['firstSeen', 'value'], context),
      learningMs: duration(firstSeen.learning, ['firstSeen', 'learning'], context),
    }
  }
  return undefined
}

/** Compiles a rule's throttle. */
export function compileThrottle(throttle: Throttle, context: RuleContext): Throttling {
  return {
    keyOf: compileKey(throttle.by, ['throttle', 'by'], context),
    forMs: duration(throttle.for, ['throttle', 'for'], context),
  }
}

function window(
  clause: { readonly within: string; readonly by?: Fields },
  name: string,
  context: RuleContext,
) {
  return {
    keyOf: compileKey(clause.by, [name, 'by'], context),
    withinMs: duration(clause.within, [name, 'within'], context),
  }
}

function compileStep(
  step: Step,
  i: number,
  steps: number,
  context: RuleContext,
): CompiledStep[] {
  if ('when' in step === 'not' in step || ('not' in step && 'count' in step)) {
    context.report(['sequence', 'steps', i], 'a step has "when", with a count, or "not"')
    return []
  }
  if ('when' in step) {
    const at = ['sequence', 'steps', i, 'when']
    return [
      { condition: compileCondition(step.when, at, context), count: step.count ?? 1 },
    ]
  }
  if (i === 0 || i < steps - 1) {
    context.report(
      ['sequence', 'steps', i],
      '"not" stands in the last step, after others',
    )
  }
  return []
}

/** Where no entry came, a title can show nothing but the key. */
function reportTitleFields(
  rule: Rule,
  by: Fields | undefined,
  context: RuleContext,
): void {
  const known = by === undefined ? [] : [by].flat()
  for (const [, field = ''] of rule.title.matchAll(/\{\{(.*?)\}\}/g)) {
    if (known.includes(field.trim())) continue
    context.report(
      ['title'],
      `the title of an absence can show the fields of "by" only, got "${field.trim()}"`,
    )
  }
}

function duration(text: string, at: Pointer, context: RuleContext): number {
  const ms = durationMs(text)
  if (ms === undefined)
    context.report(at, `must be a time such as 30s, 5m, 24h or 7d, got "${text}"`)
  return ms ?? 1
}

function compileKey(
  by: Fields | undefined,
  at: Pointer,
  context: RuleContext,
): (entry: Entry) => Key {
  if (by === undefined) return () => ({})
  const fields = [by].flat().map((path, i) => {
    const here = typeof by === 'string' ? at : [...at, i]
    return [path, compileValue(path, here, context)] as const
  })
  return entry =>
    Object.fromEntries(fields.map(([path, value]) => [path, value(entry) ?? '-']))
}

/** A field's value as text; undefined where it is missing. */
function compileValue(
  path: string,
  at: Pointer,
  context: RuleContext,
): (entry: Entry) => string | undefined {
  const get = compileField(path, at, context)
  return entry => {
    const value = get(entry)
    return isEmpty(value) ? undefined : boundedText(fieldText(value))
  }
}
