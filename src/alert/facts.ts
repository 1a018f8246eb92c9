import { auditText } from '../entry/audit-entry.js'
import { canonicalJson } from '../entry/canonical-json.js'
import type { Entry } from '../entry/entry.js'
import { isEmpty, type JsonObject } from '../entry/json-object.js'
import { vaultFields } from '../entry/vault-fields.js'
import type { Facts } from './alert.js'
import { findCommand } from './find-command.js'
import { mask } from '../text/mask.js'
import { oneLine } from '../text/one-line.js'

/** Each fact is at most this long. */
const maxFact = 300

/**
 * What a message tells about an entry. Masked, on one line and bounded, but not yet escaped for a
 * channel. `alertLog` is the alert log's path; the log itself stands beside it.
 */
export function factsOf(entry: Entry, id: string, alertLog: string): Facts {
  const facts =
    entry.log === 'audit' ? auditFacts(entry.fields) : serverFacts(entry.fields)
  const shown = Object.entries(facts)
    .filter(([, text]) => text !== undefined && text !== '')
    .map(([name, text]) => [name, oneLine(mask(text!), maxFact)])
  return {
    ...(Object.fromEntries(shown) as Omit<Facts, 'find' | 'alertLog'>),
    find: findCommand(entry, id, alertLog),
    alertLog,
  }
}

type RawFacts = Partial<
  Record<Exclude<keyof Facts, 'find' | 'alertLog'>, string | undefined>
>

function auditFacts(entry: JsonObject): RawFacts {
  const path = auditText(entry, 'request', 'path') ?? '-'
  const outcome = vaultFields['outcome']!(entry) as string | undefined
  const error = auditText(entry, 'error')
  const namespace = auditText(entry, 'request', 'namespace', 'path')
  return {
    who: who(entry),
    what: [
      `${auditText(entry, 'request', 'operation') ?? 'access'} ${path}`,
      ...(outcome === undefined ? [] : [outcome]),
      ...(error === undefined ? [] : [error]),
    ].join(', '),
    where: [
      auditText(entry, 'request', 'remote_address') ?? 'address unknown',
      ...(namespace === undefined ? [] : [`namespace ${namespace}`]),
    ].join(', '),
    request: auditText(entry, 'request', 'id'),
  }
}

/** Accessors stay out: with hmac_accessor=false they are in clear, and revoke tokens. */
function who(entry: JsonObject): string {
  const name = auditText(entry, 'auth', 'display_name')
  const entity = auditText(entry, 'auth', 'entity_id')
  const policies = vaultFields['policies']!(entry) as string[]
  if (name === undefined && entity === undefined && isEmpty(policies)) {
    return 'unauthenticated, or a token that Vault does not know'
  }
  return [
    name ?? 'no display name',
    ...(entity === undefined ? [] : [`entity ${entity}`]),
    ...(isEmpty(policies) ? [] : [`policies ${policies.slice(0, 20).join(' ')}`]),
  ].join(', ')
}

function serverFacts(fields: JsonObject): RawFacts {
  const text = (name: string) => {
    const value = fields[name]
    return typeof value === 'string' ? value : undefined
  }
  const pid = text('pid')
  const program = text('program')
  const [level, module] = [text('level'), text('module')]
  const details = isEmpty(fields['fields']) ? '' : ` ${canonicalJson(fields['fields'])}`
  return {
    who: program === undefined || pid === undefined ? program : `${program}[${pid}]`,
    what: [level && `${level} `, module && `${module}: `, text('message'), details].join(
      '',
    ),
    where: text('host'),
  }
}
