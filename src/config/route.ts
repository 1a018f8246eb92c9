import { rankOf, severities, type Severity } from '../rule/severity.js'
import type { Alert } from '../alert/alert.js'
import { oneOf, type IniKey, type IniValue } from './ini-value.js'

/** Which alerts go to a destination. */
export interface Route {
  /** The least severe that goes there. */
  readonly minSeverity: Severity
  /** Ids of rules, and tags: one of them must fit, unless both are empty. */
  readonly rules: readonly string[]
  readonly tags: readonly string[]
}

/** The keys of a destination's section that say what goes there. */
export const routeKeys: Readonly<Record<'min_severity' | 'rules' | 'tags', IniKey>> = {
  min_severity: { parse: oneOf(...severities) },
  rules: { parse: names },
  tags: { parse: names },
}

/** The route of a section with these values; by default everything goes. */
export function routeOf(settings: Readonly<Record<string, string>>): Route {
  const { min_severity = 'info', rules = '', tags = '' } = settings
  return {
    minSeverity: min_severity as Severity,
    rules: namesIn(rules),
    tags: namesIn(tags),
  }
}

/** Whether an alert goes there. */
export function isRouted(
  { severity, rule, tags }: Alert,
  { minSeverity, rules: wantedRules, tags: wantedTags }: Route,
): boolean {
  if (rankOf(severity) > rankOf(minSeverity)) return false
  if (wantedRules.length === 0 && wantedTags.length === 0) return true
  return wantedRules.includes(rule) || tags.some(tag => wantedTags.includes(tag))
}

function names(text: string): IniValue {
  return namesIn(text).length > 0
    ? { value: text }
    : `must be names, separated by commas or blanks, got "${text.slice(0, 40)}"`
}

/** Names that are separated by commas or blanks. */
export function namesIn(text: string): string[] {
  return text.split(/[\s,]+/).filter(word => word !== '')
}
