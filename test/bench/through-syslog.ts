import { createReadStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../e2e/free-ports.js'
import { shippedFile, withDefines } from '../e2e/shipped-file.js'
import { serverMainConfig } from '../e2e/site-config.js'
import { SyslogDaemon } from '../e2e/syslog-daemon.js'
import type { Corpus } from './corpora.js'

/**
 * The seconds from the first byte on the log server's audit port until all lines are written to the program that stands
 * where the audit log's handler does: real syslog-ng with the shipped file, which stores the lines, too.
 */
export async function secondsThroughSyslog(
  { file, lines }: Corpus,
  program: (dir: string) => string,
): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'through-'))
  const [audit = 0, messages = 0] = await freePorts(2)
  const daemon = new SyslogDaemon(
    join(dir, 'server'),
    serverMainConfig(join(dir, 'server')),
  )
  mkdirSync(join(dir, 'log'))
  writeFileSync(
    join(dir, 'server/log-server.conf'),
    withDefines(shippedFile('syslog-ng/log-server.conf'), {
      'vault-log-bind': '127.0.0.1',
      'vault-log-audit-port': audit,
      'vault-log-messages-port': messages,
      'vault-log-dir': join(dir, 'log'),
      'vault-log-audit-handler': program(dir),
      'vault-log-messages-handler': '/bin/cat',
      'vault-log-buffer-dir': daemon.bufferDir,
    }),
  )
  await daemon.start()
  try {
    const start = performance.now()
    await pipeline(createReadStream(file), connect({ host: '127.0.0.1', port: audit }))
    while ((await daemon.counter('d_vault_log_audit_handler', 'written')) < lines) {
      await sleep(50)
    }
    return (performance.now() - start) / 1_000
  } finally {
    await daemon.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}
