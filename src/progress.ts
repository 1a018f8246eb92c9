import type { Counters } from './counters.js'

/** A terminal or a file that a person looks at. */
export interface ProgressStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** On a terminal one line, written over; elsewhere a line now and then, for cron's mail and logs. */
const terminalMs = 500
const plainMs = 30_000

/**
 * Shows how far a long run is: lines, megabytes, the rate since the last time, alerts. `now` is
 * epoch milliseconds. Gives what ends it.
 */
export function startProgress(
  stream: ProgressStream,
  counters: Counters,
  now: () => number,
): () => void {
  const isTerminal = stream.isTTY === true
  let last = { bytes: 0, time: now() }
  const show = () => {
    const bytes = counters.get('bytes')
    const time = now()
    const rate = (bytes - last.bytes) / 1e6 / Math.max(0.001, (time - last.time) / 1_000)
    last = { bytes, time }
    const line =
      `${counters.get('lines')} lines, ${(bytes / 1e6).toFixed(0)} MB ` +
      `at ${rate.toFixed(0)} MB/s, ${counters.get('alerts')} alerts`
    // Erases what a longer line before has left (ECMA-48, EL).
    stream.write(isTerminal ? `\r${line}\x1b[K` : `${line}\n`)
  }
  const timer = setInterval(show, isTerminal ? terminalMs : plainMs)
  return () => {
    clearInterval(timer)
    if (isTerminal) stream.write('\r\x1b[K')
  }
}
