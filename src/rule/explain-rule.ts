import type { Entry } from '../entry/entry.js'
import { epochOf } from '../entry/rfc3339.js'
import { mask } from '../text/mask.js'
import { oneLine } from '../text/one-line.js'
import type { CompiledCondition } from './compile-condition.js'
import type { CompiledRule } from './compile-rule.js'
import { countedAs, stepName, type Counted } from './counted.js'
import { exceptionTo, type Exception } from './exception.js'
import { fieldText } from './field-text.js'

/** A condition and whether it held. */
export interface Explained {
  readonly kind: CompiledCondition['kind']
  readonly holds: boolean
  /** A matcher as it is written in the rule. */
  readonly condition?: string
  /** What it saw: masked, on one line, `-` where the field is missing. */
  readonly saw?: string
  readonly parts?: readonly Explained[]
}

/** A step of a sequence, by its name. */
export interface ExplainedStep extends Explained {
  readonly step: string
}

/** An exception, by its file and last day. */
export interface ExplainedException extends Explained {
  readonly file: string
  readonly expires: string
}

/** Why a rule matches an entry, or why it doesn't. */
export interface Explanation {
  readonly rule: string
  readonly isOn: boolean
  /** For a rule over time: whether the entry is counted. */
  readonly matches: boolean
  /** The title of the alert that this entry raises, or may raise once enough are counted. */
  readonly title?: string
  readonly when: Explained
  readonly unless?: Explained
  /** The exception that excepts the entry. */
  readonly exception?: ExplainedException
  /** The one condition that would have to be otherwise; only where it doesn't match. */
  readonly failed?: { readonly condition: string; readonly saw: string }
  /** Of a sequence, each step, and what must not follow. */
  readonly steps?: readonly ExplainedStep[]
  /** Of a rule over time, what the entry counts for. */
  readonly counted?: Counted
}

const maxSaw = 200

/**
 * Asks the rule's own predicates, one by one. Never throws. `now` is the entry's time, or
 * where it has none the latest known.
 */
export function explainRule(
  compiled: CompiledRule,
  entry: Entry,
  now = epochOf(entry.time ?? ''),
): Explanation {
  const { rule } = compiled
  const when = explain(compiled.when, entry)
  const unless = compiled.unless && explain(compiled.unless, entry)
  const steps = explainSteps(compiled, entry)
  const held = steps?.flatMap(({ holds }, i) => (holds ? [i] : []))
  const exception = explainException(exceptionTo(compiled, entry, now), entry)
  const isLet =
    exception === undefined && when.holds && unless?.holds !== true && held?.length !== 0
  const counts = isLet ? countedAs(compiled, entry, held ?? []) : undefined
  const counted = counts !== undefined && 'as' in counts ? counts : undefined
  const failed =
    nearestFailure(when) ??
    (unless?.holds ? asUnless(unless) : undefined) ??
    (exception && asException(exception)) ??
    (held?.length === 0 ? nearest(steps!.map(nearestFailure)) : undefined) ??
    (counts !== undefined && 'saw' in counts ? counts : undefined)
  return {
    rule: rule.id,
    isOn: rule.enabled !== false,
    matches: failed === undefined,
    ...(failed === undefined &&
      !isOnlyUnwanted(compiled, held) && { title: compiled.title(entry) }),
    ...(failed !== undefined && {
      failed: { condition: failed.condition, saw: oneLine(failed.saw, maxSaw) },
    }),
    when,
    ...(unless !== undefined && { unless }),
    ...(exception !== undefined && { exception }),
    ...(steps !== undefined && { steps }),
    ...(counted !== undefined && { counted }),
  }
}

function explainSteps(
  { clause }: CompiledRule,
  entry: Entry,
): ExplainedStep[] | undefined {
  if (clause?.kind !== 'sequence') return undefined
  const counts = clause.steps.map(({ count }) => count)
  return [...clause.steps.map(({ condition }) => condition), clause.absent]
    .filter(condition => condition !== undefined)
    .map((condition, i) => ({ step: stepName(counts, i), ...explain(condition, entry) }))
}

/** Whether the entry is only what must not follow, which no alert is about. */
function isOnlyUnwanted({ clause }: CompiledRule, held: readonly number[] = []): boolean {
  return clause?.kind === 'sequence' && held[0] === clause.steps.length
}

function explain(condition: CompiledCondition, entry: Entry): Explained {
  const { kind, parts, text, value, holds } = condition
  return kind === 'field'
    ? {
        kind,
        holds: holds(entry),
        condition: text,
        saw: oneLine(mask(fieldText(value(entry))), maxSaw),
      }
    : { kind, holds: holds(entry), parts: parts.map(part => explain(part, entry)) }
}

interface Failure {
  readonly condition: string
  readonly saw: string
  /** How many matchers would have to be otherwise. */
  readonly distance: number
  /** How many hold beside them. */
  readonly held: number
}

/**
 * The first matcher for which a condition fails; of alternatives, in the one that fails for the
 * fewest, and of these holds the most. Undefined for a condition that holds.
 */
function nearestFailure(explained: Explained): Failure | undefined {
  const { kind, holds, parts = [], condition = '', saw = '' } = explained
  if (holds) return undefined
  if (kind === 'field') return { condition, saw, distance: 1, held: 0 }
  if (kind === 'not')
    return { ...asUnless(parts[0]!), condition: `not ${textOf(firstHeld(parts[0]!))}` }
  const failures = parts.map(nearestFailure).filter(failure => failure !== undefined)
  if (kind === 'any') return nearest(failures)
  const distance = failures.reduce((sum, failure) => sum + failure.distance, 0)
  const heldIn = failures.reduce((sum, failure) => sum + failure.held, 0)
  const held = parts.filter(part => part.holds).flatMap(seenIn).length + heldIn
  return { ...failures[0]!, distance, held }
}

function nearest(failures: readonly (Failure | undefined)[]): Failure | undefined {
  const [first] = failures
    .filter(failure => failure !== undefined)
    .sort((a, b) => a.distance - b.distance || b.held - a.held)
  return first
}

/** A condition that holds and should not: of alternatives, the first that does. */
function asUnless(explained: Explained): Failure {
  const held = firstHeld(explained)
  return {
    condition: `unless ${textOf(held)}`,
    saw: seenIn(held).join(', '),
    distance: 1,
    held: 0,
  }
}

function firstHeld(explained: Explained): Explained {
  const { kind, holds, parts = [] } = explained
  if (kind === 'any' && holds) return firstHeld(parts.find(part => part.holds)!)
  return kind === 'all' ? { ...explained, parts: parts.map(firstHeld) } : explained
}

function explainException(
  exception: Exception | undefined,
  entry: Entry,
): ExplainedException | undefined {
  if (exception === undefined) return undefined
  const { file, expires, unless } = exception
  return { file, expires, ...explain(unless, entry) }
}

function asException(exception: ExplainedException): Failure {
  const { file, expires } = exception
  const { condition, ...failure } = asUnless(exception)
  return { ...failure, condition: `exception ${file} until ${expires}: ${condition}` }
}

function textOf({ kind, condition, parts = [] }: Explained): string {
  if (kind === 'field') return condition!
  const texts = parts.map(textOf)
  if (kind === 'not') return `not ${texts[0]}`
  return texts.length === 1 ? texts[0]! : `${kind} of (${texts.join('; ')})`
}

function seenIn({ saw, parts = [] }: Explained): string[] {
  return saw === undefined ? parts.flatMap(seenIn) : [saw]
}
