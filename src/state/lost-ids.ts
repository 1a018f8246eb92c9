// What a ledger has lost of its alert log: it was cut, or deleted with the state folder.

import { statSync } from 'node:fs'
import { readFileLines } from './read-lines.js'
import { idOfRecord, isWhole } from './record-id.js'

/** As much of an alert log's end is looked through: it is done with the state lock held. */
const maxBytes = 64 * 1024 * 1024
/** The last record is looked for in so much. */
const tailBytes = 64 * 1024

/**
 * Ids of an alert log that aren't known, where its last one isn't; none of an alert log that can't be
 * read, or whose end holds no record.
 */
export function* lostIds(
  alertLog: string,
  isKnown: (id: string) => boolean,
): Generator<string> {
  const last = lastRecord(alertLog)
  if (last === undefined || isKnown(last.id)) return
  for (const { bytes } of readFileLines(alertLog, Math.max(0, last.size - maxBytes))) {
    const id = idOfRecord(bytes)
    if (id !== undefined && !isKnown(id) && isWhole(bytes)) yield id
  }
}

function lastRecord(alertLog: string): { id: string; size: number } | undefined {
  try {
    const stat = statSync(alertLog)
    // Of a pipe, whoever opens it to read would wait for a writer.
    if (!stat.isFile()) return undefined
    let id: string | undefined
    for (const { bytes } of readFileLines(alertLog, Math.max(0, stat.size - tailBytes))) {
      id = isWhole(bytes) ? idOfRecord(bytes) : undefined
    }
    return id === undefined ? undefined : { id, size: stat.size }
  } catch {
    // Missing, or out of reach: then it can't be appended to either, and that is told.
    return undefined
  }
}
