import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fewRules } from '../fixtures/few-rules.js'
import { freePorts } from './free-ports.js'
import { LineWriter, type Written } from './line-writer.js'
import { processesNaming } from './processes.js'
import {
  handlerCommand,
  nodeMainConfig,
  type Ports,
  serverMainConfig,
  type TlsDirs,
  writeNodeConfig,
  writeServerConfig,
} from './site-config.js'
import { SyslogDaemon } from './syslog-daemon.js'
import { until } from './until.js'

/** An entry of the journal. */
export interface JournalEntry {
  /** The unit is named after it: "vault" writes as "vault.service". */
  program: string
  pid: number
  message: string
}

/** What tests read of an alert's record. */
export interface AlertRecord {
  id: string
  rule: string
  title: string
  entry?: { request: { id: string } }
  line?: string
}

/**
 * A Vault node and a log server in miniature: two real syslog-ng with the shipped files, of which
 * only values of the `@define` block are others, and both handlers; all on loopback, in one folder.
 */
export class LogSystem {
  readonly dir: string
  readonly ports: Ports
  /** Where the log server keeps logs and alert logs. */
  readonly logDir: string
  /** The name that the node's own log lines bear. */
  readonly nodeHost = 'vault-node-1'
  readonly node: SyslogDaemon
  readonly server: SyslogDaemon
  readonly #audit: LineWriter
  readonly #journal: LineWriter

  private constructor(
    dir: string,
    ports: Ports,
    rules: readonly string[],
    tls: TlsDirs | undefined,
  ) {
    this.dir = dir
    this.ports = ports
    this.logDir = join(dir, 'log')
    const serverDir = join(dir, 'server')
    const nodeDir = join(dir, 'node')
    this.server = new SyslogDaemon(serverDir, serverMainConfig(serverDir))
    this.node = new SyslogDaemon(nodeDir, nodeMainConfig(nodeDir))
    writeServerConfig(serverDir, ports, this.logDir, rules, tls)
    writeNodeConfig(nodeDir, ports, tls)
    this.#audit = new LineWriter({ host: '127.0.0.1', port: ports.nodeAudit })
    this.#journal = new LineWriter({ path: join(nodeDir, 'journal') })
  }

  /**
   * Starts all of it; `ini` is the text of the handlers' ini, `rules` their options for rules. With
   * `tls` the node connects over TLS.
   */
  static async start(
    ini: string,
    rules: readonly string[] = fewRules,
    tls?: TlsDirs,
  ): Promise<LogSystem> {
    const [nodeAudit = 0, audit = 0, messages = 0] = await freePorts(3)
    // In /tmp, whatever TMPDIR says: the path of a Unix socket has 107 bytes at most.
    const dir = mkdtempSync('/tmp/vault-log-')
    writeFileSync(join(dir, 'handler.ini'), ini, { mode: 0o600 })
    const system = new LogSystem(dir, { nodeAudit, audit, messages }, rules, tls)
    try {
      await system.server.start()
      await system.node.start()
      await system.untilConnected()
    } catch (fault) {
      await system.close()
      throw fault
    }
    return system
  }

  /** Writes audit lines to the node's socket, as Vault does. */
  sendAudit(lines: Iterable<string | Buffer>): Promise<Written> {
    return this.#audit.write(lines)
  }

  /** Writes entries into what stands for the node's journal. */
  sendJournal(entries: JournalEntry[]): Promise<Written> {
    const now = new Date().toISOString()
    return this.#journal.write(
      entries.map(
        ({ program, pid, message }) =>
          `<30>${now} ${this.nodeHost} ${program}[${pid}]: ${message}`,
      ),
    )
  }

  /** The text of a file in the log folder; "" where there is none yet. */
  read(name: string): string {
    const file = join(this.logDir, name)
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }

  /** The bytes of a file in the log folder. */
  size(name: string): number {
    return statSync(join(this.logDir, name), { throwIfNoEntry: false })?.size ?? 0
  }

  /** The records of an alert log, those that are whole. */
  alerts(name: 'audit.alert' | 'messages.alert'): AlertRecord[] {
    const lines = this.read(name).split('\n').slice(0, -1)
    return lines.map(line => JSON.parse(line) as AlertRecord)
  }

  /**
   * The process of the one handler, as soon as syslog-ng itself, and no shell of it, runs it; `not`
   * is one that it must not be.
   */
  handlerPid(log: 'audit' | 'server', not?: number): Promise<number> {
    return until(`syslog-ng runs the ${log} handler`, () => {
      const found = this.#handlers().filter(
        ({ pid, parent, command }) =>
          pid !== not &&
          parent === this.server.pid &&
          command.startsWith(handlerCommand(log)),
      )
      return found.length === 1 && found[0]?.pid
    })
  }

  /** Resolves when the node has both its connections to the log server. */
  untilConnected(): Promise<boolean> {
    return until('the node is connected', () => this.#connections() === 2)
  }

  /** Resolves when the node has noticed that the log server is away. */
  untilCutOff(): Promise<boolean> {
    return until('the node is cut off', () => this.#connections() === 0)
  }

  /** Ends all of it, the handlers too; the folder stays. */
  async stop(): Promise<void> {
    await Promise.all([this.#audit.close(), this.#journal.close()])
    await this.node.stop()
    await this.server.stop()
    // A handler reads on to the end of its input, and then sends what is unsent.
    await until('the handlers end', () => this.#handlers().length === 0)
  }

  /** Ends all of it, and removes the folder. */
  async close(): Promise<void> {
    await this.stop()
    rmSync(this.dir, { recursive: true, force: true })
  }

  /** What both syslog-ng and the handlers said about themselves. */
  ownLogs(): string[] {
    const files = ['node/own.log', 'server/own.log', 'state/audit-log-handler.log']
    return [...files, 'state/server-log-handler.log']
      .map(file => join(this.dir, file))
      .filter(existsSync)
      .map(file => `${file}:\n${readFileSync(file, 'utf8').slice(-4000)}`)
  }

  #handlers() {
    return processesNaming(`${this.dir}/handler.ini`)
  }

  #connections(): number {
    const log = this.node.ownLog
    const sinceStart = log.slice(log.lastIndexOf('syslog-ng starting up'))
    const count = (event: RegExp) => sinceStart.match(event)?.length ?? 0
    // Both events are told of connections to a server and from a client.
    return (
      count(/Syslog connection established; .*server=/g) -
      count(/Syslog connection (?:closed|broken); .*server=/g)
    )
  }
}
