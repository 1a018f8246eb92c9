import { decodeAuditEntry } from './audit-entry.js'
import type { Decoder, Log } from './entry.js'
import { createServerDecoder } from './server-entry.js'

/** The decoder of one log's lines, in the order in which they were written. */
export function decoderOf(log: Log): Decoder {
  return log === 'audit' ? { decode: decodeAuditEntry } : createServerDecoder()
}
