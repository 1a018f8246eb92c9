/** What makes one request another. */
export interface AuditRequest {
  readonly id: string
  /** RFC 3339. */
  readonly time: string
  readonly path: string
  readonly namespace?: string
  readonly policies?: readonly string[]
}

/** What Vault writes about one request: the line of the request, and that of its response. */
export function auditLines({
  id,
  time,
  path,
  namespace = '',
  policies = ['default'],
}: AuditRequest): string[] {
  const entry = {
    time,
    auth: {
      accessor: `hmac-sha256:${'a1'.repeat(32)}`,
      client_token: `hmac-sha256:${'c2'.repeat(32)}`,
      display_name: 'approle',
      entity_id: '9a54c0de-0000-4000-8000-000000000001',
      policies,
      token_policies: policies,
      token_type: 'service',
    },
    request: {
      id,
      operation: 'update',
      namespace: { id: 'root', path: namespace },
      path,
      remote_address: '192.0.2.10',
      remote_port: 51820,
    },
  }
  return [
    JSON.stringify({ type: 'request', ...entry }),
    JSON.stringify({
      type: 'response',
      ...entry,
      response: { mount_type: 'kv', data: { version: 1 } },
    }),
  ]
}
