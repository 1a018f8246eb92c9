import { ownAlertKinds, ownAlertTag } from '../alert/own-alert.js'
import { exposedSecrets } from '../config/exposed-secrets.js'
import { unknownRoutes, type KnownNames } from '../config/unknown-routes.js'
import { exitCode } from '../exit-code.js'
import { formatFault, formatWarning } from '../fault.js'
import type { Options } from '../options.js'
import { brokenByPartition } from '../partition.js'
import type { CompiledRule } from '../rule/compile-rule.js'
import { ruleCosts } from '../rule-cost.js'
import { readSetup } from '../setup.js'
import type { Shell } from '../shell.js'

/**
 * `check`: every fault and warning of the ini and of every rule file, on stdout, in the order of the
 * files. Warnings are no faults. With --cost also what each rule in force costs,
 * with --partition those that break where lines are divided among handlers.
 */
export async function check(options: Options, shell: Shell): Promise<number> {
  const { stdout } = shell
  const { configFile } = options
  const { rules, configFaults, ruleFaults, warnings } = await readSetup(
    options,
    shell,
    'all rules',
  )
  const faults = [...configFaults, ...ruleFaults]
  const told = [
    ...faults.map(fault => ({ ...fault, text: formatFault(fault) })),
    ...[
      ...warnings,
      ...exposedSecrets(configFile),
      ...unknownRoutes(configFile, namesOf(rules)),
    ].map(warning => ({
      ...warning,
      text: formatWarning(warning),
    })),
  ].sort((a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column)
  for (const { text } of told) stdout.write(`${text}\n`)
  if (faults.length > 0) return exitCode.config
  stdout.write(`no faults in ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}\n`)
  const ours = rules.filter(
    ({ rule }) => rule.log === options.log && rule.enabled !== false,
  )
  if (options.cost) {
    for (const { rule, on, looksFor } of ruleCosts(ours)) {
      stdout.write(`${rule}: ${on}${looksFor === '' ? '' : `: ${looksFor}`}\n`)
    }
  }
  if (options.partition !== undefined) {
    const broken = brokenByPartition(ours, options.partition)
    for (const { rule, why } of broken) stdout.write(`${rule}: ${why}\n`)
    const field = options.partition
    stdout.write(
      `${broken.length} of ${ours.length} rules in force break where lines are divided by ${field}\n`,
    )
  }
  return exitCode.ok
}

/** Of the rules, and of what the handlers alert on themselves. */
function namesOf(rules: readonly CompiledRule[]): KnownNames {
  return {
    rules: [...rules.map(({ rule }) => rule.id), ...ownAlertKinds],
    tags: [...new Set([...rules.flatMap(({ rule }) => rule.tags ?? []), ownAlertTag])],
  }
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
