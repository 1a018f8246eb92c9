// Writes docs/rules.md from the packaged rules: `npm run docs`. test/docs.test.ts checks that it was.
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { format, resolveConfig } from 'prettier'
import type { Log } from '../src/entry/entry.js'
import { loadRules } from '../src/rule/load-rules.js'
import type { Rule } from '../src/rule/rule.js'
import { severities } from '../src/rule/severity.js'

/** The page. */
export const rulesPage = new URL('../docs/rules.md', import.meta.url)

/** A packaged rule with what is for people. */
interface Documented extends Rule {
  readonly description: string
  readonly falsePositives: readonly string[]
  readonly references: readonly string[]
  readonly attack?: readonly string[]
  readonly runbook: string
}

/** The page's text, from the rules as they are. */
export async function renderRulesPage(): Promise<string> {
  const { rules } = await loadRules([])
  const all = rules.map(({ rule }) => rule as Documented)
  const logs: [Log, string][] = [
    ['audit', 'Audit log'],
    ['server', 'Server log'],
  ]
  const text = [
    '# The packaged rules',
    '',
    'Made from the rule files by `npm run docs`; change these instead. Rules that are off wait for a list',
    'to be filled or are noisy in daily use: their last sentence says which. Turn one on, or change its',
    'severity, by an override ([tuning.md](tuning.md)).',
    '',
    'A title says what was asked for. What was denied, or failed, alerts as well: an attempt is news. The',
    'message says so under `what`, if the line that raised it knows; for a title that waits for the',
    'response there is `vault.outcome` ([rule-language.md](rule-language.md)).',
    '',
    'What no entry tells, the handlers alert on themselves: lines that are no entries, entries whose time',
    'is far off, and more ([reliability.md](reliability.md#alerts-of-the-handlers-own)).',
    '',
    'ATT&CK ids name what an attacker who causes or uses such an event is after, so that it is found with',
    'others of that kind; most events have a harmless cause. A rule without one tells of a fault or of',
    'housekeeping that no technique fits.',
    ...logs.flatMap(([log, name]) =>
      section(name, sorted(all.filter(r => r.log === log))),
    ),
  ].join('\n')
  const options = await resolveConfig(rulesPage)
  return format(text, { ...options, parser: 'markdown' })
}

function sorted(rules: readonly Documented[]): Documented[] {
  const rank = (rule: Rule) => severities.indexOf(rule.severity)
  return rules.toSorted((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1))
}

function section(name: string, rules: readonly Documented[]): string[] {
  const on = rules.filter(({ enabled }) => enabled !== false)
  return [
    '',
    `## ${name}`,
    '',
    `${rules.length} rules, ${on.length} of them on.`,
    '',
    '| Rule | Severity | | Alerts with |',
    '| --- | --- | --- | --- |',
    ...rules.map(
      ({ id, severity, enabled, title }) =>
        `| [${id}](#${anchor(id)}) | ${severity} | ${enabled === false ? 'off' : 'on'} | ${code(title)} |`,
    ),
    ...rules.flatMap(details),
  ]
}

function details(rule: Documented): string[] {
  const {
    id,
    severity,
    enabled,
    description,
    falsePositives,
    attack,
    references,
    runbook,
  } = rule
  return [
    '',
    `### ${id}`,
    '',
    `${severity}${enabled === false ? ', off' : ''}${overTime(rule)}. ${description}`,
    '',
    ...falsePositives.map(text => `- Normal: ${text}`),
    ...(attack ? [`- ATT&CK: ${attack.map(attackLink).join(', ')}`] : []),
    `- References: ${references.map(link => `<${link}>`).join(', ')}`,
    '',
    ...runbook.split('\n'),
  ]
}

function overTime({ threshold, sequence, absence, firstSeen }: Rule): string {
  const by = (fields: string | readonly string[] | undefined) =>
    fields === undefined ? '' : ` by ${[fields].flat().map(code).join(' and ')}`
  if (threshold !== undefined) {
    const { count, within, distinct } = threshold
    const of = distinct === undefined ? 'times' : `different ${code(distinct)}`
    return `; ${count} ${of} within ${within}${by(threshold.by)}`
  }
  if (sequence !== undefined) {
    return `; ${sequence.steps.length} steps within ${sequence.within}${by(sequence.by)}`
  }
  if (absence !== undefined) return `; nothing for ${absence.within}${by(absence.by)}`
  if (firstSeen === undefined) return ''
  const { value, within, learning } = firstSeen
  return `; ${code(value)} not seen for ${within}${by(firstSeen.by)}, after ${learning} of learning`
}

function attackLink(id: string): string {
  return `[${id}](https://attack.mitre.org/techniques/${id.replace('.', '/')}/)`
}

/** As GitHub makes them. */
function anchor(id: string): string {
  return id.toLowerCase().replace(/[^\w-]/g, '')
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(rulesPage, await renderRulesPage())
}
