import { everyMember, parseFieldPath } from '../entry/field-path.js'
import type { Log } from '../entry/entry.js'
import { isJsonObject } from '../entry/json-object.js'
import { policyFields } from '../entry/vault-fields.js'
import type { Condition, Lists, Rule } from './rule.js'

/** A text that a matching entry must hold, and where. */
export interface Literal {
  readonly text: string
  /**
   * In an audit entry's JSON: a key, the start of a value, or anywhere in one. In any line: anywhere
   * (`line`). But for the last, JSON may have to escape it. In the server log all are anywhere.
   */
  readonly at: 'key' | 'value' | 'anywhere' | 'line'
  /** It is the whole key or value. */
  readonly isWhole?: boolean
  /** Of a value: the key that it stands under; in an array it may stand under any. */
  readonly under?: string
}

/**
 * Literals that a matching entry must hold: one of each group (a conjunction of disjunctions), the
 * group first that is the rarest. No group means that nothing can be told.
 */
export type LiteralGroups = readonly (readonly Literal[])[]

/** Derives a rule's literals from what its `when`, and each step of a sequence, asks for. */
export function literalsOf(rule: Rule, lists: Lists): LiteralGroups {
  const when = ofCondition(rule.when ?? {}, rule.log, lists)
  const steps = rule.sequence?.steps.map(step => ('when' in step ? step.when : step.not))
  const ofSteps = steps === undefined ? [] : ofCondition({ any: steps }, rule.log, lists)
  return rarestFirst([...when, ...ofSteps])
}

function ofCondition(condition: Condition, log: Log, lists: Lists): LiteralGroups {
  return Object.entries(condition).flatMap(([key, value]) => {
    if (key === 'not') return []
    if (key === 'all')
      return (value as Condition[]).flatMap(part => ofCondition(part, log, lists))
    if (key === 'any') return ofBranches(value as Condition[], log, lists)
    if (key === 'line')
      return ofMatcher(value, lists).map(group =>
        group.map(({ text }) => ({ text, at: 'line' as const })),
      )
    return log === 'audit'
      ? ofAuditField(key, value, lists)
      : verbatimServerFields.includes(key)
        ? ofMatcher(value, lists).map(group => group.map(anywhere))
        : []
  })
}

/** Of each branch one group must be seen, and every group that all have; one without any rules nothing out. */
function ofBranches(parts: readonly Condition[], log: Log, lists: Lists): LiteralGroups {
  const branches = parts.map(part => rarestFirst(ofCondition(part, log, lists)))
  const rarest = branches.map(([first]) => first)
  if (!rarest.every(group => group !== undefined)) return []
  const isSame = (one: readonly Literal[], other: readonly Literal[]) =>
    JSON.stringify(one) === JSON.stringify(other)
  const shared = branches[0]!.filter(group =>
    branches.every(branch => branch.some(other => isSame(group, other))),
  )
  return rarest.every(group => isSame(group, rarest[0]!))
    ? shared
    : [rarest.flat(), ...shared]
}

function rarestFirst(groups: LiteralGroups): LiteralGroups {
  return [...groups].sort((a, b) => rarity(b) - rarity(a))
}

/**
 * How likely a group is to rule a line out, among others: its most common literal tells. 0 is what
 * every other line has, 1 what may be anywhere in a line, and the more the rarer.
 */
export function rarity(group: readonly Literal[]): number {
  const rarities = group.map(({ text, at, under }) => {
    if (at === 'line' || (at === 'anywhere' && under === undefined)) return 1
    if (everyday.has(text)) return 0
    return at === 'key' ? 2 : 2 + text.length
  })
  return Math.min(...rarities)
}

/** Keys and values that every other line has. */
const everyday = new Set(
  `request response create read update list
  auth client_token accessor policies id path operation data`.split(/\s+/),
)

/** Fields that the decoder takes from the line as they stand; others of the server log it derives. */
const verbatimServerFields = ['host', 'pid', 'message']

function ofAuditField(field: string, matcher: unknown, lists: Lists): LiteralGroups {
  if (Object.hasOwn(derivedFields, field)) {
    return isSatisfiedByNothing(matcher)
      ? []
      : derivedFields[field]!(ofMatcher(matcher, lists))
  }
  const path = parseFieldPath(field) ?? []
  if (field === 'time' || path[0] === 'vault') return []
  const names = path.filter(part => part !== everyMember)
  const name = names.at(-1)
  if (name === undefined || isSatisfiedByNothing(matcher)) return []
  const values = ofMatcher(matcher, lists).map(group =>
    group.map(literal =>
      path.at(-1) !== everyMember ? { ...literal, under: name } : literal,
    ),
  )
  // What stands under the key has it with it.
  const isKeyKnown = values.some(group => group.every(({ under }) => under === name))
  return isKeyKnown ? values : [...values, [{ text: name, at: 'key', isWhole: true }]]
}

/** What the fields that are derived from an audit entry need, given what is asked of their text. */
const derivedFields: Readonly<Record<string, (groups: LiteralGroups) => LiteralGroups>> =
  {
    'vault.actor': groups => groups,
    // As elements of arrays, they may stand under any key.
    'vault.policies': groups =>
      groups.map(group =>
        group.flatMap(literal => policyFields.map(under => ({ ...literal, under }))),
      ),
    // A path begins with its mount, which may lack its last slash there.
    'vault.mount': groups =>
      groups
        .map(group =>
          group.map(({ text, at }) => ({
            text: text.replace(/\/$/, ''),
            at,
            under: 'path',
          })),
        )
        .filter(group => group.every(({ text }) => text !== '')),
    'vault.subpath': groups =>
      groups.map(group =>
        group.map(({ text }) => ({ text, at: 'anywhere', under: 'path' })),
      ),
    'vault.login': groups => [
      [{ text: 'auth/', at: 'value', under: 'path' }],
      [{ text: 'response', at: 'anywhere', under: 'type' }],
      ...groups.flatMap(group => becauseOf(group, { failed: errorKeys })),
    ],
    'vault.outcome': groups =>
      groups.flatMap(group =>
        becauseOf(group, { failed: errorKeys, denied: [...errorKeys, notAllowed] }),
      ),
  }

const errorKeys = ['error', 'errors'].map((text): Literal => ({
  text,
  at: 'key',
  isWhole: true,
}))
const notAllowed: Literal = {
  text: 'false',
  at: 'value',
  isWhole: true,
  under: 'allowed',
}

/** The literals that each of these outcomes has; none where one may come without any. */
function becauseOf(
  outcomes: readonly Literal[],
  literals: Readonly<Record<string, readonly Literal[]>>,
): LiteralGroups {
  const causes = outcomes.map(({ text, isWhole }) =>
    isWhole && Object.hasOwn(literals, text) ? literals[text] : undefined,
  )
  return causes.every(cause => cause !== undefined) ? [causes.flat()] : []
}

function anywhere({ text }: Literal): Literal {
  return { text, at: 'anywhere' }
}

/** Whether a missing field may pass too. */
function isSatisfiedByNothing(matcher: unknown): boolean {
  if (!isJsonObject(matcher)) return false
  const names = Object.keys(matcher).filter(name => name !== 'not' && name !== 'exists')
  return matcher['exists'] !== true && names.length === 0
}

function ofMatcher(matcher: unknown, lists: Lists): LiteralGroups {
  if (!isJsonObject(matcher)) return group([matcher].flat(), lists, wholeValue)
  return Object.entries(matcher).flatMap(([operator, operand]) => {
    switch (operator) {
      case 'path':
        return aclLiterals(operand, lists)
      case 'equals':
        return group([operand], lists, wholeValue)
      case 'in':
        return group(operand, lists, wholeValue)
      case 'startsWith':
        return group(operand, lists, text => ({ text, at: 'value' }))
      case 'endsWith':
      case 'contains':
        return group(operand, lists, text => ({ text, at: 'anywhere' }))
      default:
        return []
    }
  })
}

function wholeValue(text: string): Literal {
  return { text, at: 'value', isWhole: true }
}

function group(
  operand: unknown,
  lists: Lists,
  literalOf: (text: string) => Literal,
): LiteralGroups {
  const values = valuesOf(operand, lists)
  // A number may be written in many ways.
  return values.every(
    value => typeof value !== 'number' && value !== null && value !== '',
  )
    ? [values.map(value => literalOf(String(value)))]
    : []
}

/** What stands before the first wildcard of each pattern, and the longest run between wildcards. */
function aclLiterals(operand: unknown, lists: Lists): LiteralGroups {
  const runs = valuesOf(operand, lists).map(pattern =>
    String(pattern).split(/(?<=^|\/)\+(?=\/|$)|\*$/),
  )
  const starts = runs.map(([start = '', ...others]): Literal => ({
    text: start,
    at: 'value',
    ...(others.length === 0 && { isWhole: true }),
  }))
  const longest = runs.map((parts): Literal => ({
    text: parts.reduce((a, b) => (b.length > a.length ? b : a)),
    at: 'anywhere',
  }))
  const isSame = starts.every(({ text }, i) => text === longest[i]!.text)
  return (isSame ? [starts] : [starts, longest]).filter(group =>
    group.every(({ text }) => text !== ''),
  )
}

function valuesOf(operand: unknown, lists: Lists): readonly unknown[] {
  if (typeof operand !== 'string') return Array.isArray(operand) ? operand : [operand]
  return operand.startsWith('@') ? (lists.get(operand.slice(1)) ?? []) : [operand]
}
