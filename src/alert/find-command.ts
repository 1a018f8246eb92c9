import { dirname } from 'node:path'
import { auditText } from '../entry/audit-entry.js'
import type { Entry } from '../entry/entry.js'

/** Safe between single quotes in a shell and in a jq string. */
const plain = /^[\w.:+-]{1,64}$/

/**
 * A command to paste on the log server. The log is the attacker's to write, so only plain ids and
 * times get into it; for others it finds the alert's own record, which holds the entry.
 */
export function findCommand(entry: Entry, id: string, alertLog: string): string {
  const log = alertLog.endsWith('.alert')
    ? alertLog.slice(0, -'.alert'.length)
    : undefined
  const request = auditText(entry.fields, 'request', 'id') ?? ''
  if (log !== undefined && entry.log === 'audit' && plain.test(request)) {
    return `jq -c 'select(.request.id == "${request}")' ${quote(log)}`
  }
  const stamp = entry.log === 'server' ? (entry.identity[4] ?? '') : ''
  if (log !== undefined && plain.test(stamp)) return `grep -F '${stamp}' ${quote(log)}`
  return findRecordCommand(id, alertLog)
}

/** A command that finds an alert's record, by its id, in the alert log. */
export function findRecordCommand(id: string, alertLog: string): string {
  return `grep -F ${id} ${quote(alertLog)}`
}

/**
 * A command that lists the records of the alerts whose ids stand in a file, from all alert logs
 * beside these and their archives.
 */
export function findRecordsCommand(
  idsFile: string,
  alertLogs: readonly string[],
): string {
  const dirs = [...new Set(alertLogs.map(log => quote(dirname(log))))]
  const logs = dirs.map(dir => `${dir}/archive/*.alert* ${dir}/*.alert`).join(' ')
  return `zstdcat -qf ${logs} | grep -Ff ${quote(idsFile)}`
}

/** The same without such a file: what was recorded from the first of the alerts to the last. */
export function findRangeCommand(
  first: string,
  last: string,
  alertLogs: readonly string[],
): string {
  return `sed -n '/${first}/,/${last}/p' ${alertLogs.map(quote).join(' ')}`
}

/** A path for the shell: the operator's own, but it may hold a space. */
function quote(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path)
    ? path
    : `'${path.replace(/'/g, String.raw`'\''`)}'`
}
