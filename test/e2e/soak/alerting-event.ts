// Events that packaged rules alert on, with the alerts that they must lead to.

import type { JournalEntry } from '../log-system.js'
import { auditLines } from './audit-lines.js'
import type { Random } from './seeded-random.js'

/** What is written to the logs for one event. */
export interface AlertingEvent {
  readonly audit: readonly string[]
  readonly journal: readonly JournalEntry[]
  /** The key of each alert (see `alertKey`). */
  readonly alerts: readonly string[]
}

/** What tells an alert from all others of a run: its rule, and its event's own mark. */
export function alertKey(rule: string, mark: string): string {
  return `${rule} ${mark}`
}

interface AuditKind {
  readonly rules: readonly string[]
  readonly path: string
  readonly namespace?: string
  readonly policies?: readonly string[]
}

/** A path may be chosen by whoever wants an alert to go unread. */
const hostile = '`<!channel>*_~<https://192.0.2.1|x> %s \\u202e\u001b[31m'

const auditKinds: readonly AuditKind[] = [
  { rules: ['generate-root-accessed'], path: 'sys/generate-root/update' },
  { rules: ['generate-root-accessed'], path: `sys/generate-root/${hostile}` },
  {
    rules: ['generate-root-accessed', 'break-glass-namespace-used'],
    path: 'sys/generate-root/update',
    namespace: 'break-glass/a/',
  },
  {
    rules: ['break-glass-namespace-used'],
    path: 'secret/data/x',
    namespace: 'break-glass/a/',
  },
  {
    rules: ['watched-policy-used'],
    path: 'auth/token/create',
    policies: ['some-other-policy'],
  },
  { rules: ['acl-policy-changed'], path: `sys/policies/acl/${hostile}` },
  { rules: ['password-policy-changed'], path: 'sys/policies/password/long' },
  { rules: ['sensitive-path-accessed'], path: 'secret/data/emergency-only/x' },
]

const serverKinds: Readonly<Record<string, string>> = {
  'srv-sealed': 'core: vault is sealed',
  'srv-unsealed': 'core: vault is unsealed',
  'srv-rekeyed': 'core: security barrier rekeyed: stored=1 shares=5 threshold=3',
  'srv-auth-enabled':
    'core: enabled credential backend: path=userpass/ type=userpass version=""',
}

/** An event of any kind. `number` is its own; `time` is RFC 3339, and its own as well. */
export function alertingEvent(
  random: Random,
  number: number,
  time: string,
): AlertingEvent {
  if (random.chance(0.25)) {
    const [rule, message] = random.pick(Object.entries(serverKinds))
    const entry = { program: 'vault', pid: 812, message: `${time} [INFO]  ${message}` }
    return { audit: [], journal: [entry], alerts: [alertKey(rule, time)] }
  }
  const { rules, ...request } = random.pick(auditKinds)
  const id = `alerting-${number}`
  const lines = auditLines({ id, time, ...request })
  // Some events have no response: the handler must alert on the request alone.
  const audit = random.chance(0.3) ? lines.slice(0, 1) : lines
  return { audit, journal: [], alerts: rules.map(rule => alertKey(rule, id)) }
}
