import { setFlagsFromString } from 'node:v8'
import type { Log } from './entry/entry.js'
import { takeSignals } from './signals.js'

/**
 * Runs one of the two executables and gives its exit status. The signals are taken before anything
 * else is loaded: a SIGTERM that finds none taken would end us with lines still in the pipe.
 */
export async function main(log: Log): Promise<number> {
  const signals = takeSignals()
  // What a line leaves is garbage at once, and little else lives: a heap that grows reluctantly does
  // as well, and keeps a burst of alerts from taking 60 MB more of a small log server for good
  // (docs/reliability.md). Node 26 also takes some 10 MB less where it optimises less, for 3 % of the speed.
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=20')
  setFlagsFromString('--optimize-for-size')
  setFlagsFromString('--no-maglev')
  const { runCommandLine } = await import('./cli.js')
  return runCommandLine(log, signals)
}
