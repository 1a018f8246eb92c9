import { maskJson } from '../text/mask-json.js'
import { mask } from '../text/mask.js'
import type { Alert } from './alert.js'

/** An entry or line beyond this stays in the alert log; the largest message of any channel is 256 KiB. */
const maxEntryChars = 64 * 1024

/** The alert as it may leave the host: without the entry, which is unmasked and may be large. */
export function withoutEntry({
  entryJson: _entryJson,
  line: _line,
  ...alert
}: Alert): Alert {
  return alert
}

/**
 * The alert as it may leave the host, with the entry or line masked; without it where it is large,
 * or nested beyond the stack.
 */
export function withMaskedEntry(alert: Alert): Alert {
  const { entryJson, line } = alert
  try {
    return {
      ...withoutEntry(alert),
      ...(entryJson !== undefined && { entryJson: maskedEntry(entryJson) }),
      ...(line !== undefined && { line: maskedLine(line) }),
    }
  } catch {
    return omitEntry(alert)
  }
}

/** The alert without its entry or line, but with the size of it. */
export function omitEntry(alert: Alert): Alert {
  const { entryJson, line, omitted } = alert
  return {
    ...withoutEntry(alert),
    omitted: {
      ...omitted,
      ...(entryJson !== undefined && { entry: Buffer.byteLength(entryJson) }),
      ...(line !== undefined && { line: Buffer.byteLength(line) }),
    },
  }
}

function maskedEntry(json: string): string {
  return bounded(maskJson(bounded(json)))
}

/** With log_format=json the line is JSON after its header, in which escapes could hide a token. */
function maskedLine(line: string): string {
  const start = bounded(line).indexOf('{')
  if (start < 0) return mask(line)
  try {
    return mask(line.slice(0, start)) + maskedEntry(line.slice(start))
  } catch (error) {
    if (error instanceof SyntaxError) return mask(line)
    throw error
  }
}

function bounded(text: string): string {
  if (text.length > maxEntryChars) throw new RangeError('too large to be sent')
  return text
}
