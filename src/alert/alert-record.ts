import { wellFormedJson } from '../text/well-formed-json.js'
import type { Alert } from './alert.js'

/**
 * An alert as one JSON object on one line, without newline: rules/schema/alert.schema.json. An
 * audit entry goes in as it was written, but for halves of characters: parsing and writing it again
 * would round large numbers and overflow the stack on deep nesting.
 */
export function alertRecord(alert: Alert): string {
  const { id, time, raised, log, rule, severity, title, count, tags } = alert
  const { key, first, last, of, summary, outcome, line, entryJson } = alert
  const record = JSON.stringify({
    id,
    time,
    raised,
    log,
    rule,
    severity,
    title,
    count,
    key,
    first,
    last,
    of,
    summary,
    outcome,
    tags,
    line,
  })
  return wellFormedJson(
    entryJson === undefined ? record : `${record.slice(0, -1)},"entry":${entryJson}}`,
  )
}
