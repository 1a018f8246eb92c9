import type { Alert } from '../alert/alert.js'
import { withMaskedEntry } from '../alert/outgoing.js'
import { auditText } from '../entry/audit-entry.js'
import type { Decode } from '../entry/entry.js'
import { isUndecodable } from '../entry/entry.js'
import { epochOf } from '../entry/rfc3339.js'
import { vaultFields } from '../entry/vault-fields.js'
import { mask } from '../text/mask.js'
import { oneLine } from '../text/one-line.js'

/** Each field of an entry that stands in a column is at most this long. */
const maxChars = 300

/** The parts of an entry that a report has columns for; each on one line, missing ones left out. */
export interface ReportedFields {
  /** Who did it: the display name with the entity id, or the address; of the server log the host. */
  readonly actor?: string
  /** What was done: the operation; of the server log the level. */
  readonly action?: string
  /** What it was done to: the path; of the server log the module. */
  readonly path?: string
  /** Audit: the remote address. */
  readonly address?: string
  /** Audit: the namespace's path. */
  readonly namespace?: string
  /** Audit: `request.id`. */
  readonly request?: string
  /** Audit: `succeeded`, `denied` or `failed`, where the entry tells it. */
  readonly outcome?: string
}

/** An alert as a report shows it: masked, since a report is handed on. */
export interface Reported {
  /** Without its entry where that is over 64 KiB; it is in the alert log. */
  readonly alert: Alert
  readonly fields: ReportedFields
}

/** Looks into the alert's entry by the decoder of its log. Never throws. */
export function reported(unmasked: Alert, decode: Decode): Reported {
  const alert = withMaskedEntry(unmasked)
  // That an entry is too large to be shown must not hide who wrote it.
  const text = unmasked.entryJson ?? unmasked.line
  const decoded = text === undefined ? undefined : decode(text, epochOf(alert.time))
  if (decoded === undefined || isUndecodable(decoded)) return { alert, fields: {} }
  const { fields } = decoded
  const raw = alert.log === 'audit' ? auditFields(fields) : serverFields(fields)
  const shown = Object.entries(raw)
    .filter(([, value]) => typeof value === 'string' && value !== '')
    .map(([name, value]) => [name, oneLine(mask(value as string), maxChars)])
  return { alert, fields: Object.fromEntries(shown) as ReportedFields }
}

type RawFields = Readonly<Partial<Record<keyof ReportedFields, unknown>>>

function auditFields(entry: Readonly<Record<string, unknown>>): RawFields {
  const address = auditText(entry, 'request', 'remote_address')
  return {
    actor: actor(entry) ?? address,
    action: auditText(entry, 'request', 'operation'),
    path: auditText(entry, 'request', 'path'),
    address,
    namespace: auditText(entry, 'request', 'namespace', 'path'),
    request: auditText(entry, 'request', 'id'),
    outcome: vaultFields['outcome']!(entry),
  }
}

/** A display name is readable, but several entities may have it. Accessors say nothing to a reader. */
function actor(entry: Readonly<Record<string, unknown>>): string | undefined {
  const name = auditText(entry, 'auth', 'display_name')
  const entity = auditText(entry, 'auth', 'entity_id')
  if (name === undefined) return entity
  return entity === undefined ? name : `${name} (${entity})`
}

function serverFields({
  host,
  level,
  module,
}: Readonly<Record<string, unknown>>): RawFields {
  return { actor: host, action: level, path: module }
}
