import type { Config } from './config/config.js'
import { readConfig } from './config/config.js'
import type { Fault } from './fault.js'
import type { Options } from './options.js'
import type { CompiledRule } from './rule/compile-rule.js'
import { expired } from './rule/exception.js'
import { loadRules } from './rule/load-rules.js'
import type { Rule } from './rule/rule.js'
import type { Shell } from './shell.js'

/** The settings and rules that the options lead to, and all that is wrong with them. */
export interface Setup {
  readonly config: Config
  /**
   * Without their tests, those with a fault left out. Rules in force are those of the log that are
   * on; all rules are of both logs.
   */
  readonly rules: readonly CompiledRule[]
  readonly configFaults: readonly Fault[]
  readonly ruleFaults: readonly Fault[]
  /** The same without the site's tuning, and with their tests; if asked for. */
  readonly untuned: readonly CompiledRule[]
  /** Exceptions that have expired, and what else is in order, but hardly meant. */
  readonly warnings: readonly Fault[]
}

/** Reads the ini and the rules; `now` is epoch milliseconds. Never throws. */
export async function readSetup(
  options: Options,
  { env, now }: Pick<Shell, 'env' | 'now'>,
  needs: 'rules in force' | 'all rules' | 'tests' = 'rules in force',
): Promise<Setup> {
  const { configFile, isConfigNamed, siteFolder } = options
  const { config, faults: configFaults } = readConfig(configFile, isConfigNamed, env)
  const isNeeded = ({ log, enabled }: Rule) =>
    needs !== 'rules in force' || (log === options.log && enabled !== false)
  const loaded = await loadRules(options.rules, siteFolder, isNeeded)
  // Tests are most of a rule, and a handler would keep them, and rules that are off, in memory.
  const rules = loaded.rules
    .filter(({ rule }) => isNeeded(rule))
    .map(rule => ({ ...rule, rule: { ...rule.rule, tests: [] } }))
  const untuned = needs === 'tests' ? await loaded.untuned() : []
  const warnings = [...loaded.warnings, ...expired(loaded.rules, now())]
  return { config, rules, untuned, configFaults, ruleFaults: loaded.faults, warnings }
}
