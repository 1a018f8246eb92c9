// `SUITES='bookworm trixie noble' npm run test:packages`: the packages in a fresh Debian or Ubuntu, installed by
// apt, run by its own syslog-ng, upgraded, removed and purged.

import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { makeDebianRoot, must, type DebianRoot } from './debian-root.js'
import { until } from './until.js'

const packages = fileURLToPath(new URL('../../packages/', import.meta.url))
const suites = (process.env['SUITES'] ?? 'bookworm').trim().split(' ')
const architecture = process.arch === 'x64' ? 'amd64' : process.arch
const debs = readdirSync(packages)
  .filter(name => name.endsWith('_all.deb') || name.endsWith(`_${architecture}.deb`))
  .sort()

/** A receiver of webhooks that keeps what it gets in a file, on the Node of the package. */
const receiver = `require('node:http').createServer((request, response) => {
  request.on('data', data => require('node:fs').appendFileSync('/tmp/received', data))
  request.on('end', () => response.end())
}).listen(8099)`

/** As the handlers run, by syslog-ng's configuration. */
const asHandler =
  'setpriv --reuid=vault-log --regid=vault-log --clear-groups --inh-caps=-all --bounding-set=-all'

for (const suite of suites) {
  t.test(`on ${suite}`, async t => {
    const root = await makeDebianRoot(suite)
    t.teardown(() => root.remove())
    must(root.install('apt-get update -q'))
    must(
      root.install(
        'apt-get install -qy --no-install-recommends syslog-ng-core logrotate zstd cron ca-certificates',
      ),
    )
    const before = filesOf(root)
    const files = debs.map(name => root.put(join(packages, name)))
    const said = must(
      root.install(`apt-get install -qy --no-install-recommends ${files.join(' ')}`),
    )
    t.match(said, 'name the log server in /etc/syslog-ng/conf.d/vault-node.conf')

    await t.test('a line on the node becomes an alert and a message', async t => {
      // Both roles on one machine: the node's port can't be the log server's.
      must(
        root.run(`sed -i 's/@define vault-node-audit-port 1515/@define vault-node-audit-port 2515/
          s/"log-server.internal"/"127.0.0.1"/' /etc/syslog-ng/conf.d/vault-node.conf
          printf '[webhook]\\nurl = http://127.0.0.1:8099/alerts\\n' >> /etc/vault-log-handler/vault-log-handler.ini`),
      )
      writeFileSync(join(root.dir, 'tmp/receiver.js'), receiver)
      must(
        root.run(
          'setsid /usr/lib/vault-log-handler/bin/node /tmp/receiver.js > /dev/null 2>&1 &',
        ),
      )
      t.match(must(root.run('audit-log-handler check')), 'no faults')
      must(root.run('syslog-ng'))
      await alertOn(t, root, 'first')
      await until('the message', () => read(root, 'tmp/received').includes('"first"'))
    })

    await t.test('the handlers can do what they need and nothing else', async t => {
      const handlers = root
        .run('pgrep -f /bin/[as].*-log-handler')
        .text.trim()
        .split('\n')
      t.equal(handlers.length, 2)
      for (const pid of handlers) {
        const status = must(root.run(`cat /proc/${pid}/status`))
        t.match(status, /^Uid:\t([1-9]\d*)\t\1\t\1\t\1$/m)
        t.match(status, /^Groups:\t\s*$/m)
        for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) {
          t.match(status, new RegExp(`^Cap${set}:\\t0+$`, 'm'), set)
        }
      }
      const may = (command: string) =>
        root.run(`${asHandler} sh -c '${command}' 2> /dev/null`).status === 0
      for (const command of [
        'cat /etc/vault-log-handler/vault-log-handler.ini',
        'cat /usr/local/etc/vault-log-handler.ini',
        'echo >> /var/log/vault/audit.alert',
        'echo >> /var/log/vault/messages.alert',
        'touch /var/lib/vault-log-handler/x && rm /var/lib/vault-log-handler/x',
      ]) {
        t.ok(may(command), command)
      }
      for (const command of [
        'cat /var/log/vault/audit',
        'ls /var/log/vault/archive',
        'echo >> /var/log/vault/audit',
        'touch /var/log/vault/x',
        'rm -f /var/log/vault/audit',
        'mv /var/log/vault/audit.alert /var/log/vault/x',
        'echo >> /etc/vault-log-handler/vault-log-handler.ini',
        'touch /etc/vault-log-handler/x',
        'echo >> /usr/lib/vault-log-handler/dist/bundle/main.js',
        'ls /var/lib/vault-log-buffer',
        'cat /etc/shadow',
        'kill -0 1',
      ]) {
        t.notOk(may(command), command)
      }
      const others = 'setpriv --reuid=nobody --regid=nogroup --clear-groups'
      for (const file of [
        '/etc/vault-log-handler/vault-log-handler.ini',
        '/var/log/vault/audit.alert',
        '/var/lib/vault-log-handler/journal',
      ]) {
        t.not(root.run(`${others} cat ${file} 2> /dev/null`).status, 0, `others: ${file}`)
      }
    })

    await t.test('rotated, the alert logs are there anew', async t => {
      must(root.run('logrotate -f -s /tmp/status /etc/logrotate.d/vault-log-handler'))
      const [owner] = must(
        root.run('stat -c "%U:%G %a" /var/log/vault/audit.alert'),
      ).split('\n')
      t.equal(owner, 'vault-log:adm 640')
      t.match(must(root.run('ls /var/log/vault/archive')), /audit\.alert-\d+_\d+\.zst/)
      await alertOn(t, root, 'second')
    })

    await t.test("a replay by cron is the handlers' own user", async t => {
      const lines = read(root, 'etc/cron.d/vault-replay').split('\n')
      const [command] = lines.filter(line => line.startsWith('20 * * * * root '))
      const path = lines.find(line => line.startsWith('PATH='))!
      const script = `${path}\n${command!.slice('20 * * * * root '.length)}\n`
      writeFileSync(join(root.dir, 'tmp/replay.sh'), script)
      t.equal(must(root.run('sh /tmp/replay.sh')), '')
      const foreign = 'find /var/lib/vault-log-handler ! -user vault-log'
      t.equal(must(root.run(foreign)), '', "nothing in the state folder is another's")
    })

    await t.test('a report of what is stored', async t => {
      const command = 'audit-log-handler replay -n --quiet --report /tmp/x.html'
      must(root.run(`${command} < /var/log/vault/audit > /dev/null`))
      t.match(read(root, 'tmp/x.html'), 'generate-root-accessed')
    })

    await t.test(
      "cron hands syslog-ng's counters to node_exporter, where it is",
      async t => {
        const folder = '/var/lib/prometheus/node-exporter'
        const run = (entry: string) => {
          const [line] = read(root, entry).match(/^\* \* \* \* \* root .*$/m) ?? []
          must(root.run(line!.slice('* * * * * root '.length)))
        }
        const entries = ['etc/cron.d/vault-metrics', 'etc/cron.d/vault-node-metrics']
        for (const entry of entries) run(entry)
        t.notOk(existsSync(join(root.dir, folder)))
        for (const entry of entries) {
          must(root.run(`mkdir -p ${folder}`))
          run(entry)
          const text = read(root, `${folder}/vault-log-syslog-ng.prom`)
          for (const name of ['d_vault_node_audit', 'd_vault_log_audit_handler']) {
            t.match(text, `vault_log_syslog_ng_dropped_total{destination="${name}"} 0\n`)
          }
          must(root.run('rm -r /var/lib/prometheus'))
        }
      },
    )

    await t.test('an upgrade keeps what the site has changed', async t => {
      const newer = files.map(file => newerDeb(root, file))
      const upgrade = `apt-get install -qy -o Dpkg::Options::=--force-confold ${newer.join(' ')}`
      must(root.install(upgrade))
      t.match(
        must(root.run('dpkg-query -W vault-log-handler vault-log-forwarder')),
        /9\.9\.9[^]*9\.9\.9/,
      )
      t.match(read(root, 'etc/syslog-ng/conf.d/vault-node.conf'), 'audit-port 2515')
      t.match(read(root, 'etc/vault-log-handler/vault-log-handler.ini'), '8099')
      t.match(
        read(root, 'etc/syslog-ng/conf.d/vault-log-server.conf'),
        '# changed by the newer version',
        'what the site has not changed is the newer one',
      )
      await restart(root)
      await alertOn(t, root, 'third')
    })

    await t.test('over TLS', async t => {
      must(root.install('apt-get install -qy --no-install-recommends openssl'))
      must(
        root.run(
          'cd /tmp && vault-log-ca log-server 127.0.0.1 && vault-log-ca vault-node vault-1',
        ),
      )
      switchToTls(root, 'vault-node.conf', 'vault-1')
      switchToTls(root, 'vault-log-server.conf', '127.0.0.1')
      await restart(root)
      await alertOn(t, root, 'over TLS')
      t.not(
        root.run('openssl s_client -connect 127.0.0.1:1515 < /dev/null 2>&1').status,
        0,
        'nobody is let in without a certificate',
      )
      // An idle node sends its "-- MARK --" lines meanwhile.
      await sleep(2_500)
      t.notMatch(read(root, 'var/log/vault/audit'), 'MARK')
    })

    await t.test('removed, the logs are still stored', async t => {
      must(root.install('dpkg --remove vault-log-handler'))
      await restart(root)
      send(root, 'fourth')
      await until('the line', () =>
        read(root, 'var/log/vault/audit').includes('"fourth"'),
      )
      t.notMatch(read(root, 'var/log/vault/audit.alert'), '"fourth"')
    })

    await t.test('purged, only logs are left', async t => {
      must(root.run('pkill -x syslog-ng; pkill -f [r]eceiver.js; true'))
      must(root.install('dpkg --purge vault-log-handler vault-log-forwarder'))
      const left = filesOf(root).filter(file => !before.includes(file))
      const logs = left.filter(file => file.startsWith('/var/log/'))
      t.ok(logs.includes('/var/log/vault/audit.alert'))
      // dpkg's, apt's and useradd's own, and syslog-ng's memory of what it has read.
      const known =
        /^\/(?:etc\/g?shadow-$|tmp|run|dev|proc|sys|var\/(?:log|cache|lib\/(?:dpkg|apt|syslog-ng)))(?:\/|$)/
      t.strictSame(
        left.filter(file => !known.test(file)),
        [],
      )
      t.not(root.run('getent passwd vault-log').status, 0)
      t.equal(must(root.run('find / -xdev -nouser')), '')
    })
  })
}

function read(root: DebianRoot, path: string): string {
  try {
    return readFileSync(join(root.dir, path), 'utf8')
  } catch {
    return ''
  }
}

function filesOf(root: DebianRoot): string[] {
  return must(root.install('find / -xdev')).trim().split('\n')
}

function send(root: DebianRoot, id: string): void {
  const time = new Date().toISOString()
  const request = { id, operation: 'update', path: 'sys/generate-root/attempt' }
  writeFileSync(
    join(root.dir, 'tmp/line'),
    `${JSON.stringify({ time, type: 'request', request })}\n`,
  )
  must(root.run('bash -c "cat /tmp/line > /dev/tcp/127.0.0.1/2515"'))
}

/** Sends an event to the node's port, and waits for its alert on the log server. */
async function alertOn(t: Test, root: DebianRoot, id: string): Promise<void> {
  await until('the node listens', () =>
    must(root.run('ss -Hltn')).includes('127.0.0.1:2515'),
  )
  await until('the log server listens', () =>
    must(root.run('ss -Hltn')).includes(':1515'),
  )
  send(root, id)
  await until('the alert', () =>
    read(root, 'var/log/vault/audit.alert').includes(`"${id}"`),
  )
  t.pass(`${id} alerted`)
}

/** As docs/security.md says, but that both roles, here on one machine, have their own certificates. */
function switchToTls(root: DebianRoot, name: string, host: string): void {
  const file = join(root.dir, 'etc/syslog-ng/conf.d', name)
  const config = readFileSync(file, 'utf8')
  const changed = config
    .replace(/^(@define [\w-]+-transport .*)-over-tcp`/m, '$1-over-tls`')
    .replace('"/etc/syslog-ng/vault-log-tls"', `"/tmp/vault-log-ca/${host}"`)
  writeFileSync(file, changed)
}

async function restart(root: DebianRoot): Promise<void> {
  must(root.run('pkill -x syslog-ng'))
  await until(
    'syslog-ng has ended',
    () => root.run('pgrep -r D,R,S -x syslog-ng').status !== 0,
  )
  must(root.run('syslog-ng'))
}

/** The same package as a later version, with another configuration file. */
function newerDeb(root: DebianRoot, file: string): string {
  const dir = `${file}.d`
  const config = `${dir}/etc/syslog-ng/conf.d/vault-log-server.conf`
  must(
    root.install(`dpkg-deb -R ${file} ${dir} && sed -i 's/^Version: .*/Version: 9.9.9/' ${dir}/DEBIAN/control
      [ ! -e ${config} ] || echo '# changed by the newer version' >> ${config}
      dpkg-deb --root-owner-group -Znone -b ${dir} ${dir}.deb`),
  )
  return `${dir}.deb`
}
