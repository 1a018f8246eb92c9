import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inSystemEnv } from './system-env.js'
import { until } from './until.js'

const run = promisify(execFile)

/** One syslog-ng with everything that it keeps in a folder of its own. */
export class SyslogDaemon {
  readonly dir: string
  readonly #mainConfig: string
  #process: ChildProcess | undefined

  /** `mainConfig` is the text that stands for /etc/syslog-ng/syslog-ng.conf. */
  constructor(dir: string, mainConfig: string) {
    this.dir = dir
    this.#mainConfig = mainConfig
    mkdirSync(this.bufferDir, { recursive: true })
  }

  get bufferDir(): string {
    return join(this.dir, 'buffer')
  }

  get pid(): number {
    const pid = this.#process?.pid
    if (pid === undefined) throw new Error(`${this.dir}: syslog-ng doesn't run`)
    return pid
  }

  /** All that syslog-ng said about itself, over all its starts. */
  get ownLog(): string {
    return readFileSync(join(this.dir, 'own.log'), 'utf8')
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    writeFileSync(join(this.dir, 'syslog-ng.conf'), this.#mainConfig)
    const log = openSync(join(this.dir, 'own.log'), 'a')
    const before = this.ownLog.length
    const syslogNg = spawn('env', inSystemEnv('syslog-ng', ...this.#arguments()), {
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    await once(syslogNg, 'spawn')
    this.#process = syslogNg
    // What ends us early must not leave it behind.
    const end = () => syslogNg.kill('SIGKILL')
    process.once('exit', end)
    syslogNg.once('exit', () => process.off('exit', end))
    await until('syslog-ng starts', () => {
      if (syslogNg.exitCode !== null) throw new Error(this.ownLog.slice(before))
      return this.ownLog.includes('syslog-ng starting up', before)
    })
  }

  /** Ends it as `systemctl stop` does. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** Ends it as a crash does. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** Runs `syslog-ng-ctl` on it, and returns what that prints. */
  async ctl(...args: string[]): Promise<string> {
    const all = [...args, this.controlOption]
    return (await run('env', inSystemEnv('syslog-ng-ctl', ...all))).stdout
  }

  get controlOption(): string {
    return `--control=${join(this.dir, 'control')}`
  }

  /** The sum of a counter, such as "dropped", over all destinations whose id has `part`. */
  async counter(part: string, counter: string): Promise<number> {
    const rows = (await this.ctl('stats')).split('\n').map(row => row.split(';'))
    return rows
      .filter(row => row[0]?.startsWith('dst.') && row[1]?.includes(part))
      .filter(row => row[4] === counter)
      .reduce((sum, row) => sum + Number(row[5]), 0)
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const syslogNg = this.#process
    if (!syslogNg) return
    this.#process = undefined
    if (syslogNg.exitCode !== null || syslogNg.signalCode !== null) return
    syslogNg.kill(signal)
    await once(syslogNg, 'exit')
  }

  #arguments(): string[] {
    return [
      '--foreground',
      '--stderr',
      '--no-caps',
      `--cfgfile=${join(this.dir, 'syslog-ng.conf')}`,
      `--persist-file=${join(this.dir, 'persist')}`,
      `--pidfile=${join(this.dir, 'pid')}`,
      this.controlOption,
    ]
  }
}
