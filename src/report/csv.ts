import type { Reported } from './reported.js'

const columns: Readonly<Record<string, (of: Reported) => string | number | undefined>> = {
  time: ({ alert }) => alert.time,
  severity: ({ alert }) => alert.severity,
  rule: ({ alert }) => alert.rule,
  title: ({ alert }) => alert.title,
  actor: ({ fields }) => fields.actor,
  action: ({ fields }) => fields.action,
  path: ({ fields }) => fields.path,
  address: ({ fields }) => fields.address,
  namespace: ({ fields }) => fields.namespace,
  outcome: ({ alert, fields }) => alert.outcome ?? fields.outcome,
  count: ({ alert }) => alert.count,
  key: ({ alert }) => alert.key && JSON.stringify(alert.key),
  first: ({ alert }) => alert.first,
  last: ({ alert }) => alert.last,
  tags: ({ alert }) => alert.tags.join(' '),
  request: ({ fields }) => fields.request,
  id: ({ alert }) => alert.id,
  of: ({ alert }) => alert.of,
}

/** The names of the columns as the first line of a CSV file, RFC 4180, with its line break. */
export const csvHeader = `${Object.keys(columns).join(',')}\r\n`

/** An alert as a line of a CSV file, RFC 4180, with its line break. */
export function csvLine(of: Reported): string {
  return `${Object.values(columns)
    .map(value => cell(value(of)))
    .join(',')}\r\n`
}

/**
 * A spreadsheet takes a text that begins like a formula for one, and runs it; an apostrophe before
 * it makes it text again. In some countries a semicolon or a tab begins another cell (OWASP, "CSV
 * Injection").
 */
function cell(value: string | number | undefined): string {
  if (typeof value !== 'string') return String(value ?? '')
  const text = value.replace(/(^|[;\t])(?=[=+\-@\t\r])/g, "$1'")
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
