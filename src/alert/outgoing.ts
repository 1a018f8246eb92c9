import { maskJson } from '../text/mask-json.js'
import { mask } from '../text/mask.js'
import type { Alert } from './alert.js'

/** An entry beyond this stays in the alert log; the largest message of any channel is 256 KiB. */
const maxEntryChars = 64 * 1024

/** The alert as it may leave the host: without the entry, which is unmasked and may be large. */
export function withoutEntry({
  entryJson: _entryJson,
  line: _line,
  ...alert
}: Alert): Alert {
  return alert
}

/** The alert as it may leave the host, with the entry or line masked; without it where it is large. */
export function withMaskedEntry(alert: Alert): Alert {
  const { entryJson, line } = alert
  const masked = entryJson === undefined ? undefined : maskedEntry(entryJson)
  return {
    ...withoutEntry(alert),
    ...(masked !== undefined && { entryJson: masked }),
    ...(line !== undefined && { line: maskedLine(line) }),
  }
}

/** With log_format=json the line is JSON after its header, in which escapes could hide a token. */
function maskedLine(line: string): string {
  const start = line.indexOf('{')
  const masked = start < 0 ? undefined : maskedEntry(line.slice(start))
  return masked === undefined ? mask(line) : mask(line.slice(0, start)) + masked
}

function maskedEntry(json: string): string | undefined {
  if (json.length > maxEntryChars) return undefined
  try {
    const masked = maskJson(json)
    return masked.length > maxEntryChars ? undefined : masked
  } catch {
    // Nested beyond the stack.
    return undefined
  }
}
