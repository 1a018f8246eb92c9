// `npm run test:terraform`, after `npm run package`: the user data of both machines, as Terraform renders it, run to
// its end in fresh roots of Ubuntu 24.04; at the end an entry on the node's port is an alert on the log server.

import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import {
  bucketHost,
  caFile,
  region,
  slackParameter,
  slackUrl,
  startCloud,
} from './aws-cloud.js'
import { makeDebianRoot, must, type DebianRoot } from './debian-root.js'
import { until } from './until.js'

const project = fileURLToPath(new URL('../..', import.meta.url))
const terraform = join(project, 'terraform')

const hasTerraform = spawnSync('terraform', ['version']).status === 0
const skip = hasTerraform ? false : 'NOT TESTED: terraform is not on this machine'

t.test('the files are formatted', { skip }, async t => {
  const { status, stdout } = spawnSync('terraform', [
    'fmt',
    '-check',
    '-recursive',
    terraform,
  ])
  t.equal(status, 0, String(stdout))
})

/** In the place of systemd, which doesn't run in a root. */
const systemctl = `#!/bin/sh
case $* in
    'restart syslog-ng')
        pkill -x syslog-ng
        while pgrep -r D,R,S -x syslog-ng > /dev/null; do sleep 0.1; done
        NODE_EXTRA_CA_CERTS=${caFile} syslog-ng
        ;;
    'enable --now vault') vault server ;;
    *) echo "systemctl $*?" >&2; exit 1 ;;
esac
`

t.test('both machines boot, and an entry becomes an alert', { skip }, async t => {
  const packages = join(project, 'packages')
  const file = (pattern: RegExp) =>
    join(
      packages,
      readdirSync(packages).find(name => pattern.test(name))!,
    )
  const handler = file(/^vault-log-handler_.*_amd64\.deb$/)
  const forwarder = file(/^vault-log-forwarder_.*_all\.deb$/)
  const cloud = await startCloud([handler, forwarder])
  t.teardown(() => cloud.close())
  const common = (file: string) => ({
    region,
    aws: readFileSync(join(terraform, 'user-data/aws.sh'), 'utf8'),
    package: basename(file),
    url: `https://${bucketHost}/${basename(file)}`,
    sha256: createHash('sha256').update(readFileSync(file)).digest('hex'),
  })

  const [server, node] = [await machine('10.77.0.2'), await machine('10.77.0.3')]
  async function machine(address: string): Promise<DebianRoot> {
    const root = await makeDebianRoot('noble')
    t.teardown(() => root.remove())
    must(
      root.install(
        'apt-get update -q && apt-get install -qy --no-install-recommends ca-certificates rsyslog',
      ),
    )
    cloud.join(root, address)
    for (const [name, script] of [
      ['systemctl', systemctl],
      ['snap', '#!/bin/sh\n[ "$*" = "install aws-cli --classic" ]\n'],
    ]) {
      writeFileSync(join(root.dir, 'usr/local/bin', name!), script!)
      chmodSync(join(root.dir, 'usr/local/bin', name!), 0o755)
    }
    return root
  }
  const boot = (root: DebianRoot, script: string) => {
    writeFileSync(join(root.dir, 'root/user-data'), script)
    return root.runBeside(
      `PATH=/usr/local/bin:$PATH NODE_EXTRA_CA_CERTS=${caFile} bash /root/user-data`,
    )
  }
  const read = (root: DebianRoot, path: string) =>
    readFileSync(join(root.dir, path), 'utf8')

  const serverData = rendered('log-server', {
    ...common(handler),
    slack_parameter: slackParameter,
    archive_bucket: 'logs-of-mine',
  })
  t.notMatch(serverData, slackUrl, 'no secret is in the user data')
  const said = must(await boot(server, serverData))
  t.match(said, /slack: delivered: answered 200 ok[^]*The log server is ready\.\n/)
  t.notMatch(said, /fgxDccc|machine\/secret|machine-session/, 'nor in what it says')
  t.equal(
    must(server.run('stat -c "%U:%G %a" /etc/vault-log-handler/slack-url')),
    'root:vault-log 640\n',
  )
  t.match(
    read(server, 'etc/cron.d/vault-archive-s3'),
    /^PATH=.*:\/snap\/bin\n15 .* s3:\/\/logs-of-mine\/archive --storage-class STANDARD_IA\n$/m,
  )

  const nodeData = (hashicorp_key: string) =>
    rendered('vault-node', {
      ...common(forwarder),
      log_server: '10.77.0.2',
      hashicorp_key,
    })
  t.match(
    must(await boot(node, nodeData(cloud.hashicorpKey))),
    /DEMO:[^]*The Vault node is ready\.\n/,
  )
  t.equal(must(node.run('stat -c %a /root/vault-init.json')), '600\n')
  const alerts = () => {
    const log = read(server, 'var/log/vault/audit.alert')
    return log
      .split('\n')
      .slice(0, -1)
      .map(line => (JSON.parse(line) as { rule: string }).rule)
  }
  await until(
    'the new devices have alerted',
    () => alerts().filter(rule => rule === 'audit-device-enabled').length === 2,
  )

  must(
    node.run(`VAULT_ADDR=http://127.0.0.1:8200 VAULT_TOKEN="$(jq -r .root_token /root/vault-init.json)" \
      vault operator generate-root -init`),
  )
  await until('the alert', () => alerts().includes('root-token-generation-started'))
  await until('Slack has it', () =>
    cloud.slackMessages.some(text => text.includes('generate-root')),
  )
  t.strictSame(cloud.refused, [])

  const stranger = await machine('10.77.0.4')
  const refusal = await boot(stranger, nodeData('0'.repeat(40)))
  t.not(refusal.status, 0)
  t.match(
    refusal.text,
    "the key of HashiCorp's packages is not 000",
    'with another key it stops',
  )
})

/** What `templatefile` makes of a role's user data. */
function rendered(role: string, values: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'values-'))
  writeFileSync(join(dir, 'values.json'), JSON.stringify(values))
  const template = join(terraform, 'user-data', `${role}.sh.tftpl`)
  const text = execFileSync('terraform', ['console'], {
    cwd: dir,
    input: `base64encode(templatefile("${template}", jsondecode(file("values.json"))))`,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  rmSync(dir, { recursive: true })
  return Buffer.from(text.trim().replaceAll('"', ''), 'base64').toString()
}
