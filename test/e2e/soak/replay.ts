import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fewRules } from '../../fixtures/few-rules.js'
import type { LogSystem } from '../log-system.js'
import { handlerCommand } from '../site-config.js'
import { inSystemEnv } from '../system-env.js'

/** What a replay came to. */
export interface Replayed {
  readonly status: number | null
  /** Alerts that it recorded. */
  readonly fresh: number
  /** Its summary, or what else it said. */
  readonly said: string
}

/** Runs `replay` as cron would, with the system's own settings, beside its handlers. */
export async function replay(
  system: LogSystem,
  log: 'audit' | 'server',
  input: Readable,
): Promise<Replayed> {
  const alertLog = log === 'audit' ? 'audit.alert' : 'messages.alert'
  const [program = '', ...args] = handlerCommand(log, fewRules).split(' ')
  args.push('replay', '--quiet', '-c', join(system.dir, 'handler.ini'))
  args.push('--alert-log', join(system.logDir, alertLog))
  args.push('--state-dir', join(system.dir, 'state'))
  const child = spawn('env', inSystemEnv(program, ...args), {
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  child.stdin.on('error', () => {})
  input.pipe(child.stdin)
  const [said, [status]] = await Promise.all([
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { status, fresh: Number(/, (\d+) new;/.exec(said)?.[1] ?? NaN), said }
}
