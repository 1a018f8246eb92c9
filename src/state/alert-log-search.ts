import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { readFileLines } from './read-lines.js'
import { idOfRecord, isWhole } from './record-id.js'

/**
 * Which of the ids are in an alert log, of what was written since it had this inode and size. Where
 * it was rotated since, the file of that inode is looked for, beside it and one folder below; once
 * that is compressed, it is not found.
 */
function idsInAlertLog(
  alertLog: string,
  inode: number,
  size: number,
  ids: ReadonlySet<string>,
): Set<string> {
  const isSame = inodeAndSize(alertLog).inode === inode
  const rotated = isSame || inode === 0 ? undefined : findInode(dirname(alertLog), inode)
  const found = new Set<string>()
  const search = (file: string, from: number) => {
    for (const { bytes } of readFileLines(file, from)) {
      const id = idOfRecord(bytes)
      if (id !== undefined && ids.has(id) && isWhole(bytes)) found.add(id)
    }
  }
  if (rotated !== undefined) search(rotated, size)
  search(alertLog, isSame ? size : 0)
  return found
}

/** Which of these blocks' ids are in their alert log, each since its own mark; one search a mark. */
export function idsOfBlocks(
  blocks: readonly {
    readonly alertLog: string
    readonly inode: number
    readonly size: number
    readonly records: readonly { readonly id: string }[]
  }[],
): Set<string> {
  const found = new Set<string>()
  for (const inode of new Set(blocks.map(block => block.inode))) {
    const same = blocks.filter(block => block.inode === inode)
    const size = same.reduce((least, block) => Math.min(least, block.size), Infinity)
    const ids = new Set(same.flatMap(({ records }) => records.map(({ id }) => id)))
    for (const id of idsInAlertLog(same[0]!.alertLog, inode, size, ids)) found.add(id)
  }
  return found
}

/** What an alert log is before something is appended, to find that again; 0 where there is none. */
export function fileMark(alertLog: string) {
  return { alertLog: resolve(alertLog), ...inodeAndSize(alertLog) }
}

function inodeAndSize(file: string): { inode: number; size: number } {
  try {
    const { ino, size } = statSync(file)
    return { inode: ino, size }
  } catch {
    // Missing, or out of reach: then it can't be appended to either, and that is told.
    return { inode: 0, size: 0 }
  }
}

function findInode(dir: string, inode: number): string | undefined {
  if (!existsSync(dir)) return undefined
  const entries = readdirSync(dir, { withFileTypes: true })
  const folders = entries.filter(entry => entry.isDirectory())
  const files = [
    ...entries.filter(entry => entry.isFile()).map(({ name }) => join(dir, name)),
    ...folders.flatMap(({ name }) => namesIn(join(dir, name))),
  ]
  return files.find(file => inodeAndSize(file).inode === inode)
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).map(name => join(dir, name))
  } catch {
    return []
  }
}
