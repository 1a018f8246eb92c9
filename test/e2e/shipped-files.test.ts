import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { shippedFile } from './shipped-file.js'
import { inSystemEnv } from './system-env.js'

const distribution = '/etc/syslog-ng/syslog-ng.conf'
const roles = ['syslog-ng/vault-node.conf', 'syslog-ng/log-server.conf']

/** What a command says, and how it ended. */
function said(command: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync('env', inSystemEnv(command, ...args), {
    encoding: 'utf8',
  })
  return { status, output: stdout + stderr }
}

t.test('syslog-ng has nothing to say about the shipped files', async t => {
  const source = 'source s_src { unix-dgram("log"); };'
  const plain = `@version: current\n${source}\n`
  const included = (files: string[]) => files.map(file => `@include "${file}"\n`).join('')
  for (const files of [...roles.map(role => [role]), roles]) {
    const dir = t.testdir({
      ...Object.fromEntries(files.map(file => [name(file), shippedFile(file)])),
      'main.conf': plain + included(files.map(file => `${t.testdirName}/${name(file)}`)),
    })
    const { status, output } = said(
      'syslog-ng',
      '--syntax-only',
      `--cfgfile=${dir}/main.conf`,
    )
    t.equal(status, 0)
    t.notMatch(output, /warning|error|deprecated|obsolete/i)
  }
})

t.test('they fit into the configuration of the distribution', async t => {
  if (!existsSync(distribution)) {
    t.pass(`no ${distribution} here`)
    return
  }
  const folder = '/etc/syslog-ng/conf.d/'
  const main = readFileSync(distribution, 'utf8')
  t.match(main, folder)
  const dir = t.testdir({
    'main.conf': main.replaceAll(folder, `${t.testdirName}/conf.d/`),
    'conf.d': Object.fromEntries(roles.map(role => [name(role), shippedFile(role)])),
  })
  const run = said('syslog-ng', '--syntax-only', `--cfgfile=${dir}/main.conf`)
  t.strictSame(run, { status: 0, output: '' })
})

t.test('a host, port, path or size of a site stands in a @define only', async t => {
  for (const role of roles) {
    const rest = shippedFile(role).replaceAll(/^@define .*$|#.*$/gm, '')
    t.notMatch(rest, /"[^"`]*\/[^"`]*"(?!\))/, 'no path')
    t.notMatch(rest, /\b(?:ip|port|dir|disk-buf-size)\("?\w/, 'no value')
    t.notMatch(rest, /hooks\.slack|password|token/i, 'no secret')
  }
})

t.test('logrotate and cron accept theirs', async t => {
  const file = 'logrotate/logrotate.d/vault-log-handler'
  const dir = t.testdir({ rotation: shippedFile(file) })
  const run = said('logrotate', '--debug', '--state', `${dir}/state`, `${dir}/rotation`)
  t.equal(run.status, 0)
  t.notMatch(run.output, /^(?:error|warning: (?!logrotate in debug mode))/m)

  const folder = new URL('../../logrotate/cron.d/', import.meta.url)
  for (const entry of readdirSync(folder)) {
    t.match(entry, /^[\w-]+$/, 'cron passes over a name with a dot')
    const lines = shippedFile(`logrotate/cron.d/${entry}`).split('\n')
    t.equal(lines.pop(), '', 'cron passes over a last line that has no end')
    for (const line of lines.filter(line => !line.startsWith('#'))) {
      t.match(line, /^(?:PATH=\S+$|(?:[\d*]+ ){5}root \S)/)
    }
  }
  t.match(
    shippedFile('logrotate/cron.d/vault-archive-s3'),
    /^#15 .* aws s3 sync /m,
    'off',
  )
})

t.test('logrotate leaves what others have set alone', async t => {
  const [, block = ''] = shippedFile('logrotate/logrotate.d/vault-log-handler').split(
    '\n{\n',
  )
  t.match(block, /^ +compress$/m)
  const outside =
    shippedFile('logrotate/logrotate.d/vault-log-handler').split('\n{\n')[0] ?? ''
  t.notMatch(outside.replaceAll(/^#.*$/gm, ''), /^[a-z]/m)
})

function name(file: string): string {
  return file.slice(file.indexOf('/') + 1)
}
