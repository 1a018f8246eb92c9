import { exitCode } from '../exit-code.js'
import { formatFault } from '../fault.js'
import type { Options } from '../options.js'
import { readSetup } from '../setup.js'
import type { Shell } from '../shell.js'

/**
 * `check`: every fault of the ini and of every rule file, on stdout, in the order of the files, and
 * warnings of exceptions that have expired.
 */
export async function check(options: Options, shell: Shell): Promise<number> {
  const { stdout } = shell
  const { rules, configFaults, ruleFaults, warnings } = await readSetup(
    options,
    shell,
    'all rules',
  )
  const faults = [...configFaults, ...ruleFaults].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column,
  )
  for (const fault of faults) stdout.write(`${formatFault(fault)}\n`)
  for (const { message, ...place } of warnings) {
    stdout.write(`${formatFault({ ...place, message: `warning: ${message}` })}\n`)
  }
  if (faults.length > 0) return exitCode.config
  stdout.write(`no faults in ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}\n`)
  return exitCode.ok
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
