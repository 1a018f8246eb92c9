import type { JournalEntry } from '../e2e/log-system.js'

/** One thing that happens in the demo. */
export interface Scene {
  /** What the reader is told. */
  readonly says: string
  readonly audit?: readonly string[]
  readonly journal?: readonly JournalEntry[]
  /** How many messages the channel gets of it. */
  readonly messages: number
}

let second = 0

/** Request and response of one audited request, as Vault 1.19 writes them. */
function audited(id: string, request: object, auth: object): string[] {
  return ['request', 'response'].map(type =>
    JSON.stringify({
      time: new Date(Date.now() + second++).toISOString(),
      type,
      auth,
      request: {
        id,
        namespace: { id: 'root' },
        remote_address: '192.0.2.10',
        remote_port: 51820,
        ...request,
      },
      ...(type === 'response' ? { response: {} } : {}),
    }),
  )
}

function uuid(n: number): string {
  return `7c1f5a10-0000-4000-8000-${String(n).padStart(12, '0')}`
}

const alice = {
  display_name: 'oidc-alice',
  entity_id: uuid(1),
  policies: ['default', 'platform'],
  token_policies: ['default', 'platform'],
  token_type: 'service',
}
const nobody = { token_type: 'default' }

function hclog(text: string): string {
  return `${new Date(Date.now() + second++).toISOString()} [INFO]  ${text}`
}

/** Requests such as a Vault serves all day; they alert nobody. */
function ordinary(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    audited(uuid(from + i), { operation: 'read', path: `secret/data/app/${i}` }, alice),
  ).flat()
}

/** What happens while everything works. */
export const quietDay: readonly Scene[] = [
  {
    says: 'The node is started, and unsealed.',
    journal: [
      {
        program: 'vault',
        pid: 812,
        message: '==> Vault server started! Log data will stream in below:',
      },
      { program: 'vault', pid: 812, message: hclog('core: vault is unsealed') },
    ],
    messages: 1,
  },
  {
    says: '500 applications read their secrets: no alert.',
    audit: ordinary(1000, 500),
    messages: 0,
  },
  {
    says: 'Alice changes a policy.',
    audit: audited(
      uuid(2),
      { operation: 'update', path: 'sys/policies/acl/billing' },
      alice,
    ),
    messages: 1,
  },
  {
    says: 'Somebody without a token starts to generate a root token. The article’s own handler would miss it.',
    audit: audited(
      uuid(3),
      { operation: 'update', path: 'sys/generate-root/attempt' },
      nobody,
    ),
    journal: [
      {
        program: 'vault',
        pid: 812,
        message: hclog('core: root generation initialized: nonce=1b5d7a2e'),
      },
    ],
    messages: 2,
  },
]

/** What happens while the log server is down. */
export const outage: Scene = {
  says: 'Meanwhile 2,000 applications go on, and somebody reads a secret for emergencies.',
  audit: [
    ...ordinary(2000, 2000),
    ...audited(uuid(4), { operation: 'read', path: 'secret/data/emergency-only' }, alice),
  ],
  messages: 1,
}
