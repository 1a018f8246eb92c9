import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { shippedFile, withDefines } from './shipped-file.js'

/** The loopback ports of one log system. */
export interface Ports {
  nodeAudit: number
  audit: number
  messages: number
}

/** How the command line of a handler begins; `rules` are options for other rules than the packaged ones. */
export function handlerCommand(
  log: 'audit' | 'server',
  rules: readonly string[] = [],
): string {
  const file = fileURLToPath(new URL(`../../bin/${log}-log-handler`, import.meta.url))
  return [process.execPath, file, ...rules].join(' ')
}

/** What the main config of the log server holds; the shipped file stands beside it. */
export function serverMainConfig(dir: string): string {
  // keep-hostname(no) and mark-freq() as a site may have them: the shipped file must not care.
  return `@version: current
options { keep-hostname(no); mark-freq(1); };
@include "${join(dir, 'log-server.conf')}"
`
}

/**
 * What the main config of the node holds. In place of the distribution's journal source stands one
 * of the same name that reads a socket, and gives each entry the unit that the journal would name.
 * The site has a use of its own for the audit log, with "-- MARK --" lines while that is idle.
 */
export function nodeMainConfig(dir: string): string {
  return `@version: current
options { keep-hostname(yes); mark-freq(1); };
source s_src {
    channel {
        source { unix-stream("${join(dir, 'journal')}" flags(expect-hostname)); };
        rewrite { set("\${PROGRAM}.service" value(".journald._SYSTEMD_UNIT")); };
    };
};
log {
    source(s_vault_node_audit);
    destination { program("exec cat >> ${join(dir, 'site.log')}"); };
};
@include "${join(dir, 'vault-node.conf')}"
`
}

/** The folders with the certificates of both roles. */
export interface TlsDirs {
  readonly server: string
  readonly node: string
}

/** Puts the shipped log-server.conf into `dir`, with the values of this system; over TLS if it has `tls`. */
export function writeServerConfig(
  dir: string,
  ports: Ports,
  logDir: string,
  rules: readonly string[],
  tls?: TlsDirs,
): void {
  const site = join(dir, '..')
  const handler = (log: 'audit' | 'server', alertLog: string) =>
    [
      handlerCommand(log, rules),
      `-c ${join(site, 'handler.ini')}`,
      `--alert-log ${join(logDir, alertLog)}`,
      `--state-dir ${join(site, 'state')}`,
    ].join(' ')
  const config = withDefines(shippedFile('syslog-ng/log-server.conf'), {
    'vault-log-bind': '127.0.0.1',
    'vault-log-audit-port': ports.audit,
    'vault-log-messages-port': ports.messages,
    'vault-log-dir': logDir,
    'vault-log-audit-handler': handler('audit', 'audit.alert'),
    'vault-log-messages-handler': handler('server', 'messages.alert'),
    'vault-log-buffer-dir': join(dir, 'buffer'),
    ...(tls && {
      'vault-log-transport': '`vault-log-over-tls`',
      'vault-log-tls-dir': tls.server,
    }),
  })
  writeFileSync(join(dir, 'log-server.conf'), config)
}

/** Puts the shipped vault-node.conf into `dir`, with the values of this system; over TLS if it has `tls`. */
export function writeNodeConfig(dir: string, ports: Ports, tls?: TlsDirs): void {
  const config = withDefines(shippedFile('syslog-ng/vault-node.conf'), {
    'vault-node-log-server': '127.0.0.1',
    'vault-node-log-server-audit-port': ports.audit,
    'vault-node-log-server-messages-port': ports.messages,
    'vault-node-audit-port': ports.nodeAudit,
    'vault-node-buffer-dir': join(dir, 'buffer'),
    ...(tls && {
      'vault-node-transport': '`vault-node-over-tls`',
      'vault-node-tls-dir': tls.node,
    }),
  })
  writeFileSync(join(dir, 'vault-node.conf'), config)
}
