import type { Config } from './config/config.js'
import { readConfig } from './config/config.js'
import type { Fault } from './fault.js'
import type { Options } from './options.js'
import type { CompiledRule } from './rule/compile-rule.js'
import { loadRules } from './rule/load-rules.js'

/** The settings and rules that the options lead to, and all that is wrong with them. */
export interface Setup {
  readonly config: Config
  /** Of both logs; those with a fault left out. */
  readonly rules: readonly CompiledRule[]
  readonly configFaults: readonly Fault[]
  readonly ruleFaults: readonly Fault[]
}

/** Reads the ini and the rules. Never throws. */
export async function readSetup(
  options: Options,
  env: NodeJS.ProcessEnv,
): Promise<Setup> {
  const { configFile, isConfigNamed } = options
  const { config, faults: configFaults } = readConfig(configFile, isConfigNamed, env)
  const { rules, faults: ruleFaults } = await loadRules(options.rules)
  return { config, rules, configFaults, ruleFaults }
}
