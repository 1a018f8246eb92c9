// `npm run package [x64|arm64]`: the log server's and the Vault node's package for Debian and Ubuntu,
// and the log server's files as a plain archive, into packages/.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Processor } from './carried-node.js'
import { makeDeb } from './deb.js'
import { edited } from './edited.js'
import { makeLogServerTree } from './log-server-tree.js'
import { projectFile, put, readProject } from './tree.js'

const debianNames: Readonly<Record<Processor, string>> = { x64: 'amd64', arm64: 'arm64' }

const processor = process.argv[2] ?? process.arch
if (!isProcessor(processor)) {
  console.error(`there is a package for x64 and arm64, got "${processor}"`)
  process.exit(64)
}
process.umask(0o022)
const { version } = JSON.parse(readProject('package.json')) as { version: string }
const outDir = projectFile('packages')
mkdirSync(outDir, { recursive: true })
const work = mkdtempSync(join(tmpdir(), 'package-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))

const logServer = join(work, 'log-server')
makeLogServerTree(logServer, processor, join(work, 'node'))
const archive = join(outDir, `vault-log-handler-${version}-linux-${processor}.tar.gz`)
const owner = ['--owner=root:0', '--group=root:0', '--mode=u=rwX,go=rX']
execFileSync('tar', ['-czf', archive, ...owner, '-C', logServer, '.'])

const vaultNode = join(work, 'vault-node')
put(
  vaultNode,
  'etc/syslog-ng/conf.d/vault-node.conf',
  edited(readProject('syslog-ng/vault-node.conf'), {
    '@define vault-node-buffer-dir "/var/lib/syslog-ng"':
      '@define vault-node-buffer-dir "/var/lib/vault-log-forwarder"',
  }),
)
// Names of its own: both packages may be on one machine.
const nodeMetrics = '/usr/lib/vault-log-forwarder/vault-log-metrics'
put(vaultNode, nodeMetrics, readProject('syslog-ng/vault-log-metrics'), 0o755)
put(
  vaultNode,
  'etc/cron.d/vault-node-metrics',
  edited(readProject('logrotate/cron.d/vault-metrics'), {
    ' vault-log-metrics /': ` ${nodeMetrics} /`,
  }),
)
put(vaultNode, 'usr/share/doc/vault-log-forwarder/copyright', readProject('LICENSE'))

const debs = [
  makeDeb(
    logServer,
    'log-server',
    { package: 'vault-log-handler', version, architecture: debianNames[processor] },
    outDir,
  ),
  makeDeb(
    vaultNode,
    'vault-node',
    { package: 'vault-log-forwarder', version, architecture: 'all' },
    outDir,
  ),
]
for (const file of [...debs, archive]) console.log(file)

function isProcessor(name: string): name is Processor {
  return Object.hasOwn(debianNames, name)
}
