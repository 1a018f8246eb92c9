import { execFile } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { LogSystem } from './log-system.js'
import { shippedFile } from './shipped-file.js'
import { inSystemEnv } from './system-env.js'

const run = promisify(execFile)

/**
 * Runs the real logrotate with the shipped file, on the folder and the syslog-ng of this system, an
 * hour after it was run last.
 */
export async function rotate(system: LogSystem): Promise<void> {
  const config = join(system.dir, 'logrotate')
  const state = join(system.dir, 'logrotate.status')
  const shipped = shippedFile('logrotate/logrotate.d/vault-log-handler')
  const text = shipped
    .replaceAll('/var/log/vault', system.logDir)
    .replaceAll('/usr/sbin/syslog-ng-ctl reopen', `$& ${system.server.controlOption}`)
  writeFileSync(config, text, { mode: 0o644 })
  writeFileSync(state, lastRotatedYesterday(text), { mode: 0o600 })
  const { stderr } = await run('env', inSystemEnv('logrotate', '-s', state, config))
  if (stderr) throw new Error(stderr)
}

/** The archives of one log, the oldest first. */
export function archives(system: LogSystem, log: string): string[] {
  const folder = join(system.logDir, 'archive')
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter(name => name.startsWith(`${log}-`))
  return names.sort().map(name => join(folder, name))
}

/** What a log held over all rotations, from its archives and its file. */
export async function wholeLog(system: LogSystem, log: string): Promise<string> {
  const files = archives(system, log)
  const maxBuffer = 1 << 30
  const archived =
    files.length > 0 ? await run('zstdcat', files, { maxBuffer }) : undefined
  return `${archived?.stdout ?? ''}${system.read(log)}`
}

/** logrotate's own notes, by which each file was rotated a day ago. */
function lastRotatedYesterday(config: string): string {
  const day = new Date(Date.now() - 86_400_000)
  const date = `${day.getFullYear()}-${day.getMonth() + 1}-${day.getDate()}-${day.getHours()}:0:0`
  const files = config.split('\n').filter(line => line.startsWith('/'))
  return [
    'logrotate state -- version 2',
    ...files.map(file => `"${file}" ${date}`),
    '',
  ].join('\n')
}
