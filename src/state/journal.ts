// The journal: what is being recorded, written before anything else is done about it, so that a
// process that was killed in between leaves it to the next one. Blocks of lines: a header, then
// the record of each alert as it goes into the alert log. Called with the state lock held.

import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  statSync,
  renameSync,
  rmSync,
  truncateSync,
} from 'node:fs'
import type { Alert } from '../alert/alert.js'
import type { Recorded } from './ledger.js'
import type { OutboxPlace } from './outbox-files.js'
import { areAlerts } from './outbox-line.js'
import { writeWhole } from './write-whole.js'

/** What one event leads to. */
export interface Block {
  readonly alertLog: string
  /** The alert log's inode and size before; 0 where there was none. */
  readonly inode: number
  readonly size: number
  /** What makes each alert one, and its record in the alert log. */
  readonly records: readonly (Recorded & { readonly text: string })[]
  /** The messages of each destination, and where they go. */
  readonly events: readonly OutboxEvent[]
}

/** Messages on their way into an outbox. */
export interface OutboxEvent {
  readonly destination: string
  readonly place: OutboxPlace
  /** The alerts of each message. */
  readonly messages: readonly (readonly Alert[])[]
}

/** More than this is not kept for an alert log that can't be written. */
const maxBytes = 256 * 1024 * 1024
/** How each header begins, and half of one. */
const blockStart = '{"alertLog":"'

/** How large the journal is, in bytes: 0 where nothing is under way. */
export function journalSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/**
 * Appends a block, and gives the journal's size before: cut back to that, it is as it was. Throws
 * errors of the file system, such as ENOSPC; nothing is appended then.
 */
export function appendBlock(file: string, block: Block): number {
  const { records, ...rest } = block
  const header = JSON.stringify({
    ...rest,
    records: records.map(({ text, ...recorded }) => ({
      ...recorded,
      bytes: Buffer.byteLength(text),
    })),
  })
  const lines = [header, ...records.map(({ text }) => text)]
    .map(line => `${line}\n`)
    .join('')
  const fd = openSync(file, 'a', 0o640)
  const { size } = fstatSync(fd)
  try {
    if (size + Buffer.byteLength(lines) > maxBytes) throw full()
    writeWhole(fd, lines, size)
    return size
  } finally {
    closeSync(fd)
  }
}

/**
 * The blocks that are whole. What comes after them was being written when its process was killed,
 * and nothing else was done about it (`isHalf`); `isCorrupt` where it is something else.
 */
export function readBlocks(file: string): {
  blocks: Block[]
  isCorrupt: boolean
  isHalf: boolean
} {
  const bytes = readFileSync(file)
  const blocks: Block[] = []
  let at = 0
  const line = () => {
    const end = bytes.indexOf(10, at)
    if (end < 0) return undefined
    const text = bytes.toString('utf8', at, end)
    at = end + 1
    return text
  }
  for (;;) {
    const start = at
    const block = readBlock(line)
    if (typeof block === 'string') {
      const rest = bytes.toString('latin1', start, start + blockStart.length)
      const isCorrupt = block === 'corrupt' || !blockStart.startsWith(rest)
      return { blocks, isCorrupt, isHalf: start < bytes.length }
    }
    blocks.push(block)
  }
}

/** Takes back what was appended since the journal had this size. */
export function cutJournal(file: string, size: number): void {
  truncateSync(file, size)
}

/** Leaves these blocks in the journal and no others. */
export function keepBlocks(file: string, blocks: readonly Block[]): void {
  if (blocks.length === 0) return cutJournal(file, 0)
  const next = `${file}.next`
  rmSync(next, { force: true })
  for (const block of blocks) appendBlock(next, block)
  renameSync(next, file)
}

function readBlock(line: () => string | undefined): Block | 'end' | 'corrupt' {
  const header = line()
  if (header === undefined) return 'end'
  try {
    const block: unknown = JSON.parse(header)
    if (!isHeader(block)) return 'corrupt'
    const { records, ...rest } = block
    const texts: (Recorded & { text: string })[] = []
    for (const { bytes, ...recorded } of records) {
      const text = line()
      if (text === undefined) return 'end'
      if (Buffer.byteLength(text) !== bytes) return 'corrupt'
      texts.push({ ...recorded, text })
    }
    return { ...rest, records: texts }
  } catch {
    return 'corrupt'
  }
}

/** A block with its records' sizes in place of their texts. */
interface Header extends Omit<Block, 'records'> {
  readonly records: readonly (Recorded & { readonly bytes: number })[]
}

/** What something else has written here must not stop the completion of what is whole. */
function isHeader(value: unknown): value is Header {
  const { alertLog, inode, size, records, events } = value as Partial<Header>
  return (
    typeof alertLog === 'string' &&
    Number.isSafeInteger(inode) &&
    Number.isSafeInteger(size) &&
    Array.isArray(records) &&
    records.every(({ id, bytes }) => typeof id === 'string' && Number.isInteger(bytes)) &&
    Array.isArray(events) &&
    events.every(isOutboxEvent)
  )
}

function isOutboxEvent({ destination, place, messages }: Partial<OutboxEvent>): boolean {
  return (
    typeof destination === 'string' &&
    typeof place?.file === 'string' &&
    Number.isSafeInteger(place.size) &&
    Array.isArray(messages) &&
    messages.every(alerts => areAlerts(alerts))
  )
}

function full(): Error {
  return Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
}
