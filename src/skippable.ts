/** What syslog-ng writes to programs when mark-freq() is on: nothing before it but date and host. */
const markLine = /^(?:<\d{1,3}> ?)?(?:[\w.:+-]+ +){0,4}-- MARK --$/

/** Blank lines and MARK lines, neither of which is an entry. */
export function skippable(line: string): 'blank' | 'marks' | undefined {
  if (line.length > 256) return undefined
  const text = line.trim()
  if (text === '') return 'blank'
  return markLine.test(text) ? 'marks' : undefined
}
