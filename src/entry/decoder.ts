import { decodeAuditEntry } from './audit-entry.js'
import type { Decode, Log } from './entry.js'
import { createServerDecoder } from './server-entry.js'

/** The decoder of one log's lines, in the order in which they were written. */
export function decoderOf(log: Log): Decode {
  return log === 'audit' ? decodeAuditEntry : createServerDecoder()
}
