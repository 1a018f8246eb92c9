import { serverFieldNames, type Entry, type Log } from '../entry/entry.js'
import { parseFieldPath, someElement, valueAt } from '../entry/field-path.js'
import { isEmpty, isJsonObject } from '../entry/json-object.js'
import { vaultFields } from '../entry/vault-fields.js'
import { suggest } from './did-you-mean.js'
import { OperandError, operators, type ElementTest } from './operators.js'
import type { Pointer, ReportFault } from './report-fault.js'
import { singleValues } from './single-values.js'
import type { Condition, Lists, Matcher, Operators, Scalar } from './rule.js'

/** Whether an entry is what is asked for. Never throws; linear in the entry's size. */
export type Predicate = (entry: Entry) => boolean

/** What compiling works with. */
export interface RuleContext {
  readonly log: Log
  readonly lists: Lists
  readonly report: ReportFault
}

/** A condition ready to run, which can also be looked into. */
export interface CompiledCondition {
  readonly holds: Predicate
  /** `field` is a matcher on one field; the others combine `parts`. */
  readonly kind: 'field' | 'all' | 'any' | 'not'
  readonly parts: readonly CompiledCondition[]
  /** A matcher as it is written: `request.path {"startsWith":"sys/"}`; "" for the others. */
  readonly text: string
  /** What the matcher looks at. */
  readonly value: (entry: Entry) => unknown
  /** Where it stands in the rule. */
  readonly at: Pointer
  /** Of a matcher that takes several values, one for each; compiled only when it is asked for. */
  readonly alternatives: () => readonly CompiledCondition[]
}

/** Compiles a condition; what is wrong with it goes to `report`, and never throws. */
export function compileCondition(
  condition: Condition,
  at: Pointer,
  context: RuleContext,
): CompiledCondition {
  const parts = Object.entries(condition).map(([key, value]) => {
    const here = [...at, key]
    if (key === 'all' || key === 'any') {
      const branches = value as readonly Condition[]
      const compiled = branches.map((branch, i) =>
        compileCondition(branch, [...here, i], context),
      )
      return combine(key, compiled, here)
    }
    if (key === 'not') {
      return combine('not', [compileCondition(value as Condition, here, context)], here)
    }
    return compileFieldMatcher(key, value as Matcher, here, context)
  })
  return combine('all', parts, at)
}

function combine(
  kind: 'all' | 'any' | 'not',
  parts: readonly CompiledCondition[],
  at: Pointer,
): CompiledCondition {
  const tests = parts.map(({ holds }) => holds)
  const [only] = tests
  const holds: Record<typeof kind, Predicate> = {
    all: entry => tests.every(test => test(entry)),
    any: entry => tests.some(test => test(entry)),
    not: entry => !only!(entry),
  }
  const isOnlyPart = parts.length === 1 && kind !== 'not'
  return {
    kind,
    parts,
    text: '',
    at,
    value: () => undefined,
    alternatives: () => [],
    holds: isOnlyPart ? only! : holds[kind],
  }
}

function compileFieldMatcher(
  path: string,
  matcher: Matcher,
  at: Pointer,
  context: RuleContext,
): CompiledCondition {
  const value = compileField(path, at, context)
  const test = compileMatcher(matcher, at, context)
  return {
    kind: 'field',
    parts: [],
    text: `${path} ${JSON.stringify(matcher)}`,
    at,
    value,
    holds: entry => test(value(entry)),
    alternatives: () =>
      singleValues(matcher).map(([place, one]) =>
        compileFieldMatcher(path, one, [...at, ...place], context),
      ),
  }
}

/** A getter for a field path; `line`, `time` and `vault.*` are ours, all else is the entry's. */
export function compileField(
  text: string,
  at: Pointer,
  context: RuleContext,
): (entry: Entry) => unknown {
  const path = parseFieldPath(text)
  if (path === undefined) {
    context.report(at, `a field path has no empty parts, got "${text}"`)
    return () => undefined
  }
  const [head, name] = path
  if (path.length === 1 && head === 'line') return entry => entry.line
  if (path.length === 1 && head === 'time') return entry => entry.time
  if (head === 'vault' && context.log === 'audit') {
    const derive =
      typeof name === 'string' && Object.hasOwn(vaultFields, name)
        ? vaultFields[name]
        : undefined
    if (derive !== undefined && path.length === 2) return entry => derive(entry.fields)
    reportField(
      text,
      Object.keys(vaultFields).map(known => `vault.${known}`),
      at,
      context,
    )
  } else if (
    context.log === 'server' &&
    !(serverFieldNames as readonly unknown[]).includes(head)
  ) {
    reportField(text, [...serverFieldNames, 'line', 'time'], at, context)
  }
  return entry => valueAt(entry.fields, path)
}

function reportField(
  text: string,
  known: string[],
  at: Pointer,
  context: RuleContext,
): void {
  context.report(
    at,
    `no such field of the ${context.log} log, got "${text}"${suggest(text, known)}`,
  )
}

/** A test of a whole field: an array passes when one element passes all that looks at elements. */
function compileMatcher(
  matcher: Matcher,
  at: Pointer,
  context: RuleContext,
): (value: unknown) => boolean {
  if (Array.isArray(matcher)) return onElements([operators.in(matcher)])
  if (!isJsonObject(matcher)) return onElements([operators.equals(matcher as Scalar)])
  const { exists, not, ...rest } = matcher as Operators
  const tests: ((value: unknown) => boolean)[] = []
  if (exists !== undefined) tests.push(value => isEmpty(value) !== exists)
  if (not !== undefined) {
    const negated = compileMatcher(not, [...at, 'not'], context)
    tests.push(value => !negated(value))
  }
  const elementTests = Object.entries(rest).map(([name, operand]) =>
    compileOperator(name as keyof typeof operators, operand, [...at, name], context),
  )
  if (elementTests.length > 0) tests.push(onElements(elementTests))
  return value => tests.every(test => test(value))
}

function onElements(tests: readonly ElementTest[]): (value: unknown) => boolean {
  const [only] = tests
  if (tests.length === 1) return value => someElement(value, only!)
  return value => someElement(value, element => tests.every(test => test(element)))
}

function compileOperator(
  name: keyof typeof operators,
  operand: unknown,
  at: Pointer,
  context: RuleContext,
): ElementTest {
  // The schema tells of operators that don't exist.
  if (!Object.hasOwn(operators, name)) return () => false
  try {
    const build = operators[name] as (operand: unknown) => ElementTest
    if (!takesTexts.has(name)) return build(operand)
    const values = texts(name, operand, context.lists)
    return namesList(name, operand)
      ? fromList(operand, () => build(values))
      : build(values)
  } catch (error) {
    if (!(error instanceof OperandError)) throw error
    context.report(at, error.message)
    return () => false
  }
}

/** Says which list a value that is at fault comes from. */
function fromList<T>(list: string, build: () => T): T {
  try {
    return build()
  } catch (error) {
    if (!(error instanceof OperandError)) throw error
    throw new OperandError(`${error.message}, from list ${list}`)
  }
}

/** A single string of these is any-of-one, or `@name`: the values of a list. */
const takesTexts = new Set([
  'in',
  'startsWith',
  'endsWith',
  'contains',
  'matches',
  'path',
  'cidr',
])

/** Not of `matches`: a pattern may begin with @. */
function namesList(name: string, operand: unknown): operand is string {
  return typeof operand === 'string' && operand.startsWith('@') && name !== 'matches'
}

function texts(name: string, operand: unknown, lists: Lists): readonly Scalar[] {
  if (!namesList(name, operand)) {
    return typeof operand === 'string' ? [operand] : (operand as readonly Scalar[])
  }
  const list = lists.get(operand.slice(1))
  if (list === undefined) {
    const known = suggest(
      operand,
      [...lists.keys()].map(key => `@${key}`),
    )
    throw new OperandError(`there is no list ${operand.slice(1)}.json in lists/${known}`)
  }
  if (name !== 'in' && list.some(value => typeof value !== 'string')) {
    throw new OperandError(
      `"${name}" takes strings, but list ${operand} holds other values`,
    )
  }
  return list
}
