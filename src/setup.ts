import type { Config } from './config/config.js'
import { readConfig } from './config/config.js'
import type { Fault } from './fault.js'
import { siteRules, type Options } from './options.js'
import type { CompiledRule } from './rule/compile-rule.js'
import { loadRules } from './rule/load-rules.js'
import type { Shell } from './shell.js'

/** The settings and rules that the options lead to, and all that is wrong with them. */
export interface Setup {
  readonly config: Config
  /** Of both logs; those with a fault left out. */
  readonly rules: readonly CompiledRule[]
  readonly configFaults: readonly Fault[]
  readonly ruleFaults: readonly Fault[]
  /** The rules without the site's exceptions and overrides, as their own tests see them. */
  readonly untuned: readonly CompiledRule[]
  /** Exceptions that have expired. */
  readonly warnings: readonly Fault[]
}

/** Reads the ini and the rules; `now` is epoch milliseconds. Never throws. */
export async function readSetup(
  options: Options,
  { env, now }: Pick<Shell, 'env' | 'now'>,
): Promise<Setup> {
  const { configFile, isConfigNamed } = options
  const { config, faults: configFaults } = readConfig(configFile, isConfigNamed, env)
  const loaded = await loadRules(options.rules, siteRules)
  const { rules, untuned, faults: ruleFaults, expiries } = loaded
  const warnings = expiries
    .filter(({ until }) => until <= now())
    .map(({ warning }) => warning)
  return { config, rules, untuned, configFaults, ruleFaults, warnings }
}
