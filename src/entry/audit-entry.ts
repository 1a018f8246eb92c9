import { hash } from 'node:crypto'
import type { Entry, Undecodable } from './entry.js'
import { valueAt } from './field-path.js'
import { isJsonObject, type JsonObject } from './json-object.js'
import { epochOf } from './rfc3339.js'

/**
 * Decodes one line of the audit log: a JSON object in any key order, of any version (1.1 and 1.2
 * of Vault's entry schema are all optional here), after any prefix that the audit device's
 * `prefix` option put before it. Never throws.
 */
export function decodeAuditEntry(line: string): Entry | Undecodable {
  const start = line.indexOf('{')
  if (start === -1) return { undecodable: 'no JSON object' }
  const json = start === 0 ? line : line.slice(start)
  let fields: unknown
  try {
    fields = JSON.parse(json)
  } catch {
    return { undecodable: 'not valid JSON, or cut off' }
  }
  // What begins with { parses to an object or not at all.
  return auditEntry(line, json.trimEnd(), fields as JsonObject)
}

function auditEntry(line: string, json: string, fields: JsonObject): Entry {
  const { time } = fields
  return {
    log: 'audit',
    line,
    json,
    fields,
    // Anything else would make a record that its schema refuses.
    time: typeof time === 'string' && !Number.isNaN(epochOf(time)) ? time : undefined,
    identity: identityOf(fields),
  }
}

/**
 * Request and response, their copies by other devices and nodes, and repeats have one request.id.
 * Entries of KMIP and old `help` requests have none: then type, time, path, operation and the
 * remote end stand for it.
 */
function identityOf(fields: JsonObject): readonly string[] {
  const request = isJsonObject(fields['request']) ? fields['request'] : {}
  const { id } = request
  if (typeof id === 'string' && id !== '') return ['audit', id]
  const substitute = [
    fields['type'],
    fields['time'],
    request['path'],
    request['operation'],
    request['remote_address'],
    request['remote_port'],
  ].map(part =>
    typeof part === 'string' || typeof part === 'number' ? String(part) : '',
  )
  return ['audit', '', hash('sha256', JSON.stringify(substitute))]
}

/** A field of an audit entry as text, or undefined where it is missing or no string. */
export function auditText(fields: JsonObject, ...path: string[]): string | undefined {
  const value = valueAt(fields, path)
  return typeof value === 'string' && value !== '' ? value : undefined
}
