import { readConfig } from '../config/config.js'
import { watchDeadLetters } from '../delivery/dead-letters.js'
import { exitCode } from '../exit-code.js'
import { formatFault } from '../fault.js'
import { liveOutput } from '../live-output.js'
import type { Options } from '../options.js'
import type { Shell } from '../shell.js'

/**
 * `redrive [NAME]`: puts the messages that a destination refused back into its outbox, and sends
 * them, or lets the running filter do so. Ends with 1 where something is unsent then, or refused again.
 */
export async function redrive(options: Options, shell: Shell): Promise<number> {
  const { configFile, isConfigNamed, operand } = options
  const { diagnostics, stdout } = shell
  const { config, faults } = readConfig(configFile, isConfigNamed, shell.env)
  for (const fault of faults) diagnostics.error(formatFault(fault))
  if (faults.length > 0) return exitCode.config
  const chosen = config.destinations.filter(
    ({ name, kind }) => operand === undefined || operand === name || operand === kind,
  )
  if (chosen.length === 0) {
    diagnostics.error(
      `no destination${operand ? ` named ${operand}` : ''} in ${configFile}`,
    )
    return exitCode.config
  }
  const live = liveOutput(options, shell, { isPatient: true })
  live.configure(chosen)
  for (const { name } of chosen) {
    const count = live.requeue(name)
    stdout.write(`${name}: ${count} messages queued again\n`)
  }
  const refused = watchDeadLetters(
    options.stateDir,
    chosen.map(({ name }) => name),
  )
  const unsent = await live.drain()
  const again = refused()
  stdout.write(`${unsent} messages unsent, ${again} refused again\n`)
  return unsent + again > 0 ? exitCode.failed : exitCode.ok
}
