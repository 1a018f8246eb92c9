// What the first boot of the Terraform machines reaches: a network of two machines, AWS's metadata service, S3 and
// SSM, which check signatures, Slack, HashiCorp's packages, and a way to the distribution's.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {
  createServer as createHttp,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { awsSignature } from '../fixtures/aws-stand-in.js'
import { credentials, vaultLogCa } from './certificates.js'
import { must, type DebianRoot } from './debian-root.js'

export const region = 'eu-central-1'
export const bucketHost = `packages.s3.${region}.amazonaws.com`
export const slackUrl = 'https://hooks.slack.com/services/T01aa/B0bbb/fgxDccc'
export const slackParameter = '/vault-log-handler/slack-url'

const gateway = '10.77.0.1'
const metadataAddress = '169.254.169.254'
const hosts = [
  bucketHost,
  `ssm.${region}.amazonaws.com`,
  'hooks.slack.com',
  'apt.releases.hashicorp.com',
]
const identity = {
  accessKeyId: 'ASIAMACHINE',
  secretAccessKey: 'machine/secret',
  sessionToken: 'machine-session==',
}

/** The running cloud. */
export interface Cloud {
  /** The fingerprint of the key that signs HashiCorp's packages here. */
  readonly hashicorpKey: string
  /** The bodies that Slack has taken. */
  readonly slackMessages: readonly string[]
  /** What was refused, and why: nothing should be. */
  readonly refused: readonly string[]
  /** Connects a root, and lets it trust the cloud's certificate; NODE_EXTRA_CA_CERTS names the CA's file in it. */
  join(root: DebianRoot, address: string): void
  close(): Promise<void>
}

export const caFile = '/usr/local/share/ca-certificates/stand-in.crt'

/** Starts it, with these files in the bucket. Takes root. */
export async function startCloud(files: readonly string[]): Promise<Cloud> {
  const dir = mkdtempSync(join(tmpdir(), 'cloud-'))
  vaultLogCa(join(dir, 'ca'), 'log-server', ...hosts)
  const { key, cert, ca } = credentials(join(dir, 'ca'), hosts[0]!)
  const hashicorp = makeRepository(join(dir, 'repository'))
  const slackMessages: string[] = []
  const refused: string[] = []
  ip('link add vlog-cloud type bridge')
  for (const address of [`${gateway}/24`, `${metadataAddress}/32`]) {
    ip(`addr add ${address} dev vlog-cloud`)
  }
  ip('link set vlog-cloud up')

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    for await (const part of request.setEncoding('utf8')) body += String(part)
    const { method = '', url = '', headers } = request
    const host = headers.host ?? ''
    const refuse = (why: string) => {
      refused.push(`${method} ${host}${url}: ${why}`)
      response.writeHead(403).end(why)
    }
    if (host === 'apt.releases.hashicorp.com') {
      const file = join(dir, 'repository', url.replaceAll('..', ''))
      try {
        response.end(readFileSync(file))
      } catch {
        response.writeHead(404).end()
      }
    } else if (host === 'hooks.slack.com') {
      if (method !== 'POST' || `https://${host}${url}` !== slackUrl) return refuse('path')
      slackMessages.push(body)
      response.end('ok')
    } else {
      const service = host === bucketHost ? 's3' : 'ssm'
      const fault = signatureFault(request, body, service)
      if (fault) return refuse(fault)
      const file = files.find(file => url === `/${basename(file)}`)
      const isRead = headers['x-amz-target'] === 'AmazonSSM.GetParameter'
      if (service === 's3' && method === 'GET' && file) response.end(readFileSync(file))
      else if (service === 'ssm' && method === 'POST' && isRead) {
        const asked = JSON.parse(body) as { Name?: string; WithDecryption?: boolean }
        if (asked.Name !== slackParameter) return refuse('AccessDeniedException')
        const value = asked.WithDecryption ? slackUrl : 'AQICAHencrypted'
        response.end(
          JSON.stringify({ Parameter: { Type: 'SecureString', Value: value } }),
        )
      } else refuse('AccessDenied')
    }
  }
  const servers = [
    await listen(
      createHttps({ key, cert }, (...args) => void serve(...args)),
      gateway,
      443,
    ),
    await listen(createHttp(serveMetadata), metadataAddress, 80),
    await listen(createHttp(proxyAptRequest), gateway, 3128),
  ]

  return {
    hashicorpKey: hashicorp,
    slackMessages,
    refused,
    join(root, address) {
      const end = `vlog${address.split('.').at(-1)}`
      ip(`link add ${end} type veth peer name eth0 netns ${root.pid}`)
      ip(`link set ${end} master vlog-cloud up`)
      must(
        root.run(`ip addr add ${address}/24 dev eth0 && ip link set eth0 up &&
          ip route add default via ${gateway}`),
      )
      const names = hosts.map(host => `${gateway} ${host}\n`).join('')
      writeFileSync(join(root.dir, 'etc/hosts'), `127.0.0.1 localhost\n${names}`)
      writeFileSync(
        join(root.dir, 'etc/apt/apt.conf.d/90cloud'),
        `Acquire::http::Proxy "http://${gateway}:3128";\nAcquire::https::Proxy "DIRECT";\n`,
      )
      writeFileSync(join(root.dir, caFile), ca)
      must(root.run('update-ca-certificates'))
    },
    async close() {
      for (const server of servers) server.close()
      ip('link del vlog-cloud')
      rmSync(dir, { recursive: true })
    },
  }
}

/** IMDSv2: nothing without a session. */
function serveMetadata(
  { method, url, headers }: IncomingMessage,
  response: ServerResponse,
) {
  const answers: Record<string, string> = {
    '/latest/meta-data/iam/security-credentials/': 'machine',
    '/latest/meta-data/iam/security-credentials/machine': JSON.stringify({
      Code: 'Success',
      AccessKeyId: identity.accessKeyId,
      SecretAccessKey: identity.secretAccessKey,
      Token: identity.sessionToken,
    }),
  }
  if (url === '/latest/api/token') {
    const isAsked = method === 'PUT' && 'x-aws-ec2-metadata-token-ttl-seconds' in headers
    response.writeHead(isAsked ? 200 : 400).end('imds-session')
  } else if (headers['x-aws-ec2-metadata-token'] !== 'imds-session') {
    response.writeHead(401).end()
  } else {
    response.writeHead(answers[url!] === undefined ? 404 : 200).end(answers[url!])
  }
}

/** An HTTP proxy for apt: the machine's own network is not there in the roots. */
function proxyAptRequest(request: IncomingMessage, response: ServerResponse) {
  const { method, url = '', headers } = request
  httpRequest(url, { method, headers }, answer => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
    .on('error', () => response.writeHead(502).end())
    .end()
}

function signatureFault(
  { method = '', url = '', headers }: IncomingMessage,
  body: string,
  service: string,
): string | undefined {
  const [, id, scope = '', signed = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\S+), ?SignedHeaders=(\S+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? []
  const names = signed.split(';')
  const needed = ['host', 'x-amz-date', 'x-amz-security-token']
  if (id !== identity.accessKeyId) return 'InvalidClientTokenId'
  if (headers['x-amz-security-token'] !== identity.sessionToken) return 'InvalidToken'
  if (needed.some(name => !names.includes(name))) return 'a header is not signed'
  // https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html: S3 wants it told.
  const hash = createHash('sha256').update(body).digest('hex')
  if (service === 's3' && headers['x-amz-content-sha256'] !== hash) return 'no body hash'
  const time = String(headers['x-amz-date'])
  if (scope !== `${time.slice(0, 8)}/${region}/${service}/aws4_request`) return 'scope'
  const request = { method, path: url, headers, names, body }
  return awsSignature(request, time, scope, identity) === signature
    ? undefined
    : 'SignatureDoesNotMatch'
}

/** A signed repository with a package of the stand-in for Vault; gives the key's fingerprint. */
function makeRepository(dir: string): string {
  const tree = join(dir, 'tree')
  const pool = join(dir, 'dists/noble/main/binary-amd64')
  for (const folder of ['DEBIAN', 'usr/bin', 'etc/vault.d', 'opt/vault/data']) {
    mkdirSync(join(tree, folder), { recursive: true })
  }
  mkdirSync(pool, { recursive: true })
  const standIn = fileURLToPath(new URL('../fixtures/vault-stand-in', import.meta.url))
  copyFileSync(standIn, join(tree, 'usr/bin/vault'))
  writeFileSync(
    join(tree, 'DEBIAN/control'),
    'Package: vault\nVersion: 1.20.0-1\nArchitecture: amd64\nMaintainer: nobody <nobody@stand-in.invalid>\nDescription: stand-in\n',
  )
  writeFileSync(
    join(tree, 'DEBIAN/postinst'),
    '#!/bin/sh\nuseradd --system --user-group --no-create-home vault\nchown -R vault: /opt/vault\n',
  )
  chmodSync(join(tree, 'DEBIAN/postinst'), 0o755)
  shell(
    `dpkg-deb --root-owner-group -b tree vault.deb &&
    dpkg-scanpackages . > ${pool}/Packages`,
    dir,
  )
  const packages = readFileSync(join(pool, 'Packages'))
  const hash = createHash('sha256').update(packages).digest('hex')
  writeFileSync(
    join(dir, 'dists/noble/Release'),
    `Origin: stand-in\nCodename: noble\nArchitectures: amd64\nComponents: main\nDate: ${new Date().toUTCString().replace('GMT', 'UTC')}\nSHA256:\n ${hash} ${packages.length} main/binary-amd64/Packages\n`,
  )
  const home = 'GNUPGHOME=$PWD/gnupg'
  shell(
    `mkdir -m 0700 gnupg
    ${home} gpg --batch --quiet --passphrase '' --quick-gen-key packages@stand-in.invalid rsa3072 sign
    ${home} gpg --batch --quiet --clearsign -o dists/noble/InRelease dists/noble/Release
    ${home} gpg --batch --armor --export > gpg
    ${home} gpgconf --kill all`,
    dir,
  )
  const listed = shell(`${home} gpg --show-keys --with-colons gpg`, dir)
  return /^fpr:+([0-9A-F]{40}):/m.exec(listed)![1]!
}

function shell(script: string, cwd: string): string {
  const { status, stdout, stderr } = spawnSync('bash', ['-euc', script], {
    cwd,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${script}: ${stderr}`)
  return stdout
}

function ip(args: string): void {
  const { status, stderr } = spawnSync('ip', args.split(' '), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args}: ${stderr}`)
}

function listen<S extends Server>(server: S, host: string, port: number): Promise<S> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}
