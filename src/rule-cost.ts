import { isCounting } from './prefilter.js'
import type { CompiledRule } from './rule/compile-rule.js'
import { rarity, type Literal } from './rule/literals.js'

/** Which lines a rule costs time on, the dearest first. */
const classes = [
  'every line, decoded',
  'most lines, decoded',
  'every line, searched',
  'every line, its time',
  'lines that have it',
] as const

/** What a rule costs, and what it looks for before a line is decoded, in words. */
export interface RuleCost {
  readonly rule: string
  readonly on: (typeof classes)[number]
  readonly looksFor: string
}

/** The cost of each rule, the dearest first. */
export function ruleCosts(rules: readonly CompiledRule[]): RuleCost[] {
  return rules
    .map(compiled => ({
      rule: compiled.rule.id,
      on: classOf(compiled),
      looksFor: compiled.literals.map(group => inWords(group)).join('; and '),
    }))
    .sort((a, b) => classes.indexOf(a.on) - classes.indexOf(b.on))
}

function classOf(compiled: CompiledRule): RuleCost['on'] {
  if (isCounting(compiled)) return 'every line, its time'
  const [rarest] = compiled.literals
  if (rarest === undefined) return 'every line, decoded'
  const grade = rarity(rarest)
  if (grade === 0) return 'most lines, decoded'
  return grade === 1 ? 'every line, searched' : 'lines that have it'
}

function inWords(group: readonly Literal[]): string {
  const words = group.slice(0, shownLiterals).map(({ text, at, isWhole, under }) => {
    const quoted = JSON.stringify(text)
    if (at === 'key') return `key ${quoted}`
    if (at !== 'value')
      return under === undefined ? `${quoted} anywhere` : `${under} holds ${quoted}`
    const name = under === undefined ? 'a value' : under
    return isWhole ? `${name} is ${quoted}` : `${name} begins with ${quoted}`
  })
  const more = group.length - words.length
  return words.join(' or ') + (more > 0 ? ` or ${more} more` : '')
}

/** Of a group, so many are shown. */
const shownLiterals = 4
