// The files of one destination's outbox, in a folder of its name. `000001.queue`: an event a line,
// as `outboxLine` has it; any process appends to the newest one, with the state lock
// held. `000001.done`: the offsets in it that are settled, written by the destination's sender
// alone. `000002.digest`: alerts that go out as one digest, written as `NAME.part` before.

import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  truncateSync,
} from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../make-folder.js'
import type { Alert } from '../alert/alert.js'
import { outboxLine } from './outbox-line.js'
import { readFileLines } from './read-lines.js'
import { readMarks } from './settled-marks.js'
import { writeWhole } from './write-whole.js'

/** A file is full at this size; a line may go beyond it. */
const fullBytes = 4 * 1024 * 1024
/** Half a gigabyte an outbox, with one more file that is new: over 100,000 alerts. */
export const maxFiles = 128

/** The place in an outbox where an event goes: the file's name, and its size before. */
export interface OutboxPlace {
  readonly file: string
  readonly size: number
}

/** The folder of a destination's outbox. */
export function outboxDir(stateDir: string, destination: string): string {
  return join(stateDir, 'outbox', destination)
}

/** The numbers of an outbox's files of one kind, the oldest first; none without the folder. */
export function outboxNumbers(dir: string, kind: 'queue' | 'digest'): number[] {
  return namesIn(dir)
    .filter(name => /^\d{6,}\./.test(name) && name.endsWith(`.${kind}`))
    .map(name => parseInt(name, 10))
    .sort((a, b) => a - b)
}

/** The path of one of an outbox's files. */
export function outboxFile(
  dir: string,
  number: number,
  kind: 'queue' | 'done' | 'digest',
): string {
  return join(dir, `${String(number).padStart(6, '0')}.${kind}`)
}

/** Where the next event goes: into `batch`'s own file, or else the newest queue file. */
export function nextPlace(dir: string, batch: string | undefined): OutboxPlace {
  if (batch !== undefined) return placeIn(dir, `${batch}.part`)
  const newest = outboxNumbers(dir, 'queue').at(-1)
  const place = placeIn(dir, queueName(newest ?? nextNumber(dir)))
  return place.size < fullBytes ? place : placeIn(dir, queueName(nextNumber(dir)))
}

/**
 * Appends messages at their place, each the alerts of one event, and deletes the oldest files where
 * there are too many. Gives where the next ones go, undefined where the file is full. Throws errors of the file system; nothing is appended then.
 */
export function appendMessages(
  dir: string,
  place: OutboxPlace,
  messages: readonly (readonly Alert[])[],
  onDropped: (events: number) => void,
): OutboxPlace | undefined {
  // Before, since nothing may fail once it is appended.
  if (place.size === 0) dropOldest(dir, onDropped)
  const fd = openForAppend(dir, place.file)
  let size = 0
  try {
    cutHalfLine(fd, place.size)
    const before = fstatSync(fd).size
    const lines = messages.map(alerts => `${outboxLine(alerts)}\n`).join('')
    size = before + writeWhole(fd, lines, before)
  } finally {
    closeSync(fd)
  }
  return size < fullBytes || place.file.endsWith('.part')
    ? { file: place.file, size }
    : undefined
}

function openForAppend(dir: string, file: string): number {
  try {
    return openSync(join(dir, file), 'a+', 0o640)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    makeFolder(dir)
    return openSync(join(dir, file), 'a+', 0o640)
  }
}

/** Those of the messages that were never appended at their place. */
export function missingMessages(
  dir: string,
  { file, size }: OutboxPlace,
  messages: readonly (readonly Alert[])[],
): (readonly Alert[])[] {
  const path = join(dir, file)
  // Only files that aren't the newest are ever deleted, when all in them is settled.
  const newest = outboxNumbers(dir, 'queue').at(-1) ?? 0
  if (!existsSync(path) && parseInt(file, 10) < newest) return []
  const missing = new Set(messages)
  for (const { bytes } of readFileLines(path, size)) {
    for (const message of missing) {
      if (bytes.includes(`"id":"${message[0]!.id}"`)) missing.delete(message)
    }
  }
  return [...missing]
}

/** Lets a batch's alerts go out, as one digest. Nothing happens where it has none. */
export function closeBatch(dir: string, batch: string): void {
  const part = join(dir, `${batch}.part`)
  if (existsSync(part)) renameSync(part, outboxFile(dir, nextNumber(dir), 'digest'))
}

/** Makes a batch that may go out a file of events like any others. Called with the state lock held. */
export function dissolveBatch(dir: string, number: number): void {
  const digest = outboxFile(dir, number, 'digest')
  renameSync(digest, outboxFile(dir, nextNumber(dir), 'queue'))
}

/** The batches that are being written, or were when their process was killed. */
export function openBatches(dir: string): string[] {
  return namesIn(dir)
    .filter(name => name.endsWith('.part'))
    .map(name => name.slice(0, -'.part'.length))
}

/** Cuts off what a full disk or a kill has left of a line; whole lines stay, whosoever they are. */
function cutHalfLine(fd: number, wholeBytes: number): void {
  const { size } = fstatSync(fd)
  // Something else may have shortened it.
  const start = size < wholeBytes ? 0 : wholeBytes
  const rest = Buffer.alloc(size - start)
  if (rest.length === 0) return
  readSync(fd, rest, 0, rest.length, start)
  ftruncateSync(fd, start + rest.lastIndexOf(10) + 1)
}

/** How many messages wait in an outbox, as its files say; for whoever isn't its sender. */
export function countWaiting(dir: string): number {
  const queued = outboxNumbers(dir, 'queue').map(number => {
    return countUnsettled(dir, number)
  })
  return queued.reduce((sum, count) => sum + count, outboxNumbers(dir, 'digest').length)
}

function countUnsettled(dir: string, number: number): number {
  const marks = readMarks(outboxFile(dir, number, 'done'))
  let count = 0
  for (const line of readFileLines(outboxFile(dir, number, 'queue'), 0)) {
    if (!marks.has(line)) count += 1
  }
  return count
}

/** Cuts off half a line at the end of a file, what a kill has left. Nothing where it is missing. */
export function cutHalfLineOf(path: string): void {
  if (existsSync(path)) truncateSync(path, wholeSize(path))
}

function placeIn(dir: string, file: string): OutboxPlace {
  return { file, size: wholeSize(join(dir, file)) }
}

/** For every event; one that is made anew each time is external memory until it is collected. */
const part = Buffer.allocUnsafeSlow(4_096)

/** Up to the last newline. */
function wholeSize(path: string): number {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
  try {
    for (let end = fstatSync(fd).size; end > 0; end -= part.length) {
      const start = Math.max(0, end - part.length)
      const length = readSync(fd, part, 0, end - start, start)
      const newline = part.subarray(0, length).lastIndexOf(10)
      if (newline >= 0) return start + newline + 1
    }
    return 0
  } finally {
    closeSync(fd)
  }
}

function dropOldest(dir: string, onDropped: (events: number) => void): void {
  const numbers = outboxNumbers(dir, 'queue')
  for (const number of numbers.slice(0, Math.max(0, numbers.length - maxFiles))) {
    const dropped = countUnsettled(dir, number)
    rmSync(outboxFile(dir, number, 'queue'), { force: true })
    rmSync(outboxFile(dir, number, 'done'), { force: true })
    if (dropped > 0) onDropped(dropped)
  }
}

function queueName(number: number): string {
  return `${String(number).padStart(6, '0')}.queue`
}

/** Of both kinds: the higher number came later. */
function nextNumber(dir: string): number {
  const numbers = [...outboxNumbers(dir, 'queue'), ...outboxNumbers(dir, 'digest')]
  return Math.max(0, ...numbers) + 1
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    throw error
  }
}
