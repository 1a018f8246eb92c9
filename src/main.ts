import type { Log } from './entry/entry.js'
import { takeSignals } from './signals.js'

/**
 * Runs one of the two executables and gives its exit status. The signals are taken before anything
 * else is loaded: a SIGTERM that finds none taken would end us with lines still in the pipe.
 */
export async function main(log: Log): Promise<number> {
  const signals = takeSignals()
  const { runCommandLine } = await import('./cli.js')
  return runCommandLine(log, signals)
}
