import { join } from 'node:path'
import { becomeOwnerOf } from './become-owner.js'
import { createCounters } from './counters.js'
import { createDiagnostics, diagnosticsWriter, type Diagnostics } from './diagnostics.js'
import type { Log } from './entry/entry.js'
import { exitCode } from './exit-code.js'
import { parseOptions, type Options } from './options.js'
import type { Shell } from './shell.js'
import type { Signals } from './signals.js'
import { keepHeapSmall } from './small-heap.js'
import { isStdinPipe, stdin } from './stdin.js'

/**
 * Does what the process's own arguments ask for, with its own streams, and gives the exit status.
 * What a command needs is imported when it is asked for: start-up counts, in cron and at each start
 * by syslog-ng.
 */
export async function runCommandLine(log: Log, signals: Signals): Promise<number> {
  // Alert logs and diagnostics are 0640, their folders 0750, whatever umask we were given.
  process.umask(0o027)
  const options = parseOptions(process.argv.slice(2), log, Date.now())
  const ownerFault =
    isRecording(options) || options.command === 'redrive'
      ? becomeOwnerOf(options.stateDir)
      : undefined
  const fallback = join(options.stateDir, `${log}-log-handler.log`)
  const write = diagnosticsWriter(
    options.diagnosticsFile,
    options.isPlainFilter ? fallback : undefined,
  )
  const diagnostics = createDiagnostics(write, Date.now, options.debug)
  if (ownerFault !== undefined) diagnostics.warn(ownerFault)
  const isStdoutBroken = watchStdout(diagnostics)
  if (options.help) {
    const { helpText } = await import('./help.js')
    process.stdout.write(helpText(options))
    return exitCode.ok
  }
  if (options.version) {
    const { version } = await import('./command/version.js')
    process.stdout.write(`${log}-log-handler ${version()}\n`)
    return exitCode.ok
  }
  const isPipe = isStdinPipe()
  if (options.faults.length > 0 && !(options.isPlainFilter && isPipe)) {
    for (const fault of options.faults) diagnostics.error(fault)
    diagnostics.error(`see ${log}-log-handler --help`)
    return exitCode.usage
  }
  const shell: Shell = {
    stdin,
    isStdinPipe: isPipe,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    now: Date.now,
    diagnostics,
    counters: createCounters(),
    signals,
  }
  const status = await run(options, shell)
  return isStdoutBroken() ? exitCode.failed : status
}

/**
 * A reader of stdout that has gone, as `head` does, is no fault; a disk that is full is one. The
 * error may come before the exit status is known or after it.
 */
function watchStdout(diagnostics: Diagnostics): () => boolean {
  let isBroken = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || isBroken) return
    isBroken = true
    process.exitCode = exitCode.failed
    diagnostics.error(`writing to stdout failed: ${error.code ?? error.message}`)
  })
  return () => isBroken
}

function isReading({ command }: Options): boolean {
  return command === undefined || command === 'replay'
}

function isRecording(options: Options): boolean {
  return isReading(options) && !options.dryRun
}

async function run(options: Options, shell: Shell): Promise<number> {
  if (!isReading(options)) shell.signals.release()
  // Of a dry run, in a pipeline, the start counts: it waits until all is loaded.
  if (isRecording(options)) keepHeapSmall()
  // A replay is to end at once, and say how far it came.
  if (options.command === 'replay') shell.signals.drainMs = 0
  switch (options.command) {
    case 'replay':
      return (await import('./command/replay.js')).replay(options, shell)
    case 'redrive':
      return (await import('./command/redrive.js')).redrive(options, shell)
    case 'check':
      return (await import('./command/check.js')).check(options, shell)
    case 'test':
      return (await import('./command/test.js')).test(options, shell)
    case 'explain':
      return (await import('./command/explain.js')).explain(options, shell)
    case 'notify-test':
      return (await import('./command/notify-test.js')).notifyTest(options, shell)
    case undefined: {
      if (!shell.isStdinPipe) shell.signals.drainMs = 0
      return (await import('./command/filter.js')).filter(options, shell)
    }
  }
}
