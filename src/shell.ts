import type { Writable } from 'node:stream'
import type { Counters } from './counters.js'
import type { Diagnostics } from './diagnostics.js'
import type { Input } from './input.js'
import type { ProgressStream } from './progress.js'
import type { Signals } from './signals.js'

/** What the program touches of the world, besides the files that its options name. */
export interface Shell {
  readonly stdin: Input
  /** A pipe or socket, as syslog-ng's program() gives: the filter must live until its end. */
  readonly isStdinPipe: boolean
  readonly stdout: Writable
  /** For what a command's user looks at; diagnostics go elsewhere. */
  readonly stderr: ProgressStream
  readonly env: NodeJS.ProcessEnv
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly diagnostics: Diagnostics
  readonly counters: Counters
  readonly signals: Signals
}
