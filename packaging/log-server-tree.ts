import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fetchNode, type Processor } from './carried-node.js'
import { edited } from './edited.js'
import { projectFile, put, readProject } from './tree.js'

const home = '/usr/lib/vault-log-handler'
const commands = ['audit-log-handler', 'server-log-handler']

const { files } = JSON.parse(readProject('package.json')) as { files: readonly string[] }

/** The program itself, of all that npm packs. */
const programFiles = [
  ...files.filter(file => file === 'bin' || file === 'rules' || file.startsWith('dist/')),
  'package.json',
]

/** Puts the files of a log server below `root`; `work` is a folder for what is fetched. */
export function makeLogServerTree(
  root: string,
  processor: Processor,
  work: string,
): void {
  const node = fetchNode(processor, work)
  for (const file of programFiles) {
    // The times of the rule files tell that they are what the build has validated.
    cpSync(projectFile(file), join(root, home, file), {
      recursive: true,
      preserveTimestamps: true,
    })
  }
  cpSync(join(node, 'bin/node'), join(root, home, 'bin/node'))
  const prepare = readProject('packaging/log-server/prepare-host')
  put(root, `${home}/prepare-host`, prepare, 0o755)
  put(
    root,
    'usr/bin/vault-log-metrics',
    readProject('syslog-ng/vault-log-metrics'),
    0o755,
  )
  installDependencies(join(root, home))
  for (const command of commands) putCommand(root, command)
  put(root, 'usr/bin/vault-log-ca', readProject('syslog-ng/vault-log-ca'), 0o755)
  putConfiguration(root)
  putDocuments(root, join(node, 'LICENSE'))
}

/** Exactly what the lock file says, and no script of theirs runs. */
function installDependencies(folder: string): void {
  cpSync(projectFile('package-lock.json'), join(folder, 'package-lock.json'))
  const args = [
    'ci',
    '--omit=dev',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--silent',
  ]
  execFileSync('npm', args, { cwd: folder, stdio: 'inherit' })
  rmSync(join(folder, 'package-lock.json'))
  rmSync(join(folder, 'node_modules/.package-lock.json'))
}

/** With the Node that comes along, whatever is on the PATH. */
function putCommand(root: string, command: string): void {
  const script = edited(readProject(`bin/${command}`), {
    '#!/usr/bin/env node': `#!${home}/bin/node`,
  })
  put(root, `${home}/bin/${command}`, script, 0o755)
  mkdirSync(join(root, 'usr/bin'), { recursive: true })
  symlinkSync(`../lib/vault-log-handler/bin/${command}`, join(root, 'usr/bin', command))
}

/**
 * syslog-ng runs as root, the handlers don't. Not --no-new-privs: where sendmail is Postfix, it needs
 * the group of its mail queue.
 */
const asUser =
  '/usr/bin/setpriv --reuid=vault-log --regid=vault-log --clear-groups --inh-caps=-all --bounding-set=-all'

function putConfiguration(root: string): void {
  put(
    root,
    'etc/vault-log-handler/vault-log-handler.ini',
    readProject('packaging/log-server/vault-log-handler.ini'),
  )
  put(
    root,
    'etc/syslog-ng/conf.d/vault-log-server.conf',
    edited(readProject('syslog-ng/log-server.conf'), {
      '"/usr/local/bin/audit-log-handler"': `"${asUser} /usr/bin/audit-log-handler"`,
      '"/usr/local/bin/server-log-handler"': `"${asUser} /usr/bin/server-log-handler"`,
      '@define vault-log-buffer-dir "/var/lib/syslog-ng"':
        '@define vault-log-buffer-dir "/var/lib/vault-log-buffer"',
    }),
  )
  put(
    root,
    'etc/logrotate.d/vault-log-handler',
    logrotateFile(readProject('logrotate/logrotate.d/vault-log-handler')),
  )
  for (const name of ['vault-logrotate', 'vault-metrics', 'vault-replay']) {
    put(root, `etc/cron.d/${name}`, readProject(`logrotate/cron.d/${name}`))
  }
}

/** The alert logs by themselves: logrotate makes them anew, since their writers can't. */
function logrotateFile(shipped: string): string {
  const logs = edited(shipped, {
    '/var/log/vault/audit.alert\n': '',
    '/var/log/vault/messages.alert\n': '',
  })
  const body = shipped.slice(shipped.indexOf('\n{\n') + 1)
  const postrotate = body.slice(
    body.indexOf('\n        # Once for all four'),
    body.indexOf('\n}'),
  )
  const alerts = edited(body, {
    '        # The writers make the new file themselves.\n        nocreate\n':
      '        # The handlers may write into these, but make none.\n        create 0640 vault-log adm\n',
    [postrotate]: '',
  })
  return `${logs}\n/var/log/vault/audit.alert\n/var/log/vault/messages.alert\n${alerts}`
}

function putDocuments(root: string, nodeLicense: string): void {
  const doc = 'usr/share/doc/vault-log-handler'
  for (const file of ['README.md', 'CHANGELOG.md', 'docs']) {
    cpSync(projectFile(file), join(root, doc, file), { recursive: true })
  }
  cpSync(projectFile('LICENSE'), join(root, doc, 'copyright'))
  cpSync(nodeLicense, join(root, doc, 'node-license'))
  const example = 'logrotate/cron.d/vault-archive-s3'
  cpSync(projectFile(example), join(root, doc, 'examples/vault-archive-s3'))
  for (const page of [
    'audit-log-handler.1',
    'server-log-handler.1',
    'vault-log-rules.5',
  ]) {
    const file = `usr/share/man/man${page.at(-1)}/${page}`
    put(root, file, readProject(`packaging/man/${page}`))
    execFileSync('gzip', ['-9n', join(root, file)])
  }
}
