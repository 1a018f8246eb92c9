/** A record of an alert log begins with its id. */
const start = /^\{"id":"([0-9a-f]{32})"/

/** The id with which a line of an alert log begins; undefined for what is no record. */
export function idOfRecord(line: Buffer): string | undefined {
  return start.exec(line.toString('latin1', 0, 48))?.[1]
}

/** Half a record is what a full disk or a kill has left, with a newline of the next one's. */
export function isWhole(record: Buffer): boolean {
  try {
    JSON.parse(record.toString())
    return true
  } catch {
    return false
  }
}
