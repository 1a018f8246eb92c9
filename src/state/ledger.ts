// Which alerts an alert log has. Text files with a record a line, `id seconds`, of rules over time
// `id seconds series first last`; the newest file is appended to, the oldest are deleted whole.
// Everything here is called with the state lock held, but for `has`.

import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { makeFolder } from '../make-folder.js'
import type { OngoingAlert } from '../alert/alert.js'
import { createIdSet, type IdSet } from '../alert/id-set.js'
import { alertLogName } from './alert-log-name.js'
import { setAside } from './set-aside.js'
import { createSpans, type Spans } from './spans.js'
import type { StateEvents } from './state-events.js'
import { writeWhole } from './write-whole.js'

/** What makes an alert one, in the ledger. */
export interface Recorded {
  /** 32 hex digits. */
  readonly id: string
  /** Of a rule over time: its rule and key (32 hex digits), and when its window was, epoch ms. */
  readonly span?: {
    readonly series: string
    readonly first: number
    readonly last: number
  }
}

/** An alert as the ledger knows it. */
export function recordedOf({ id, series, first, last }: OngoingAlert): Recorded {
  if (series === undefined) return { id }
  return { id, span: { series, first: Date.parse(first!), last: Date.parse(last!) } }
}

/** The alerts that an alert log has. */
export interface Ledger {
  /**
   * Whether an alert is recorded, as far as was read. One over time is, too, where a window of the
   * same series is that it overlaps: a replay that begins elsewhere finds other ends of it.
   */
  has(recorded: Recorded): boolean
  /** Reads what other processes have added. Throws errors of the file system. */
  refresh(): void
  /**
   * Adds alerts that were recorded at `now`, in epoch milliseconds; they are known even where it
   * throws since they can't be written, and are written with the next ones.
   */
  add(recorded: readonly Recorded[], now: number): void
  /** The windows of alerts that it has reach further. Throws errors of the file system. */
  extend(recorded: readonly Recorded[], now: number): void
}

/** 35 days: the archives of a month, and some days to notice. */
const maxAgeMs = 35 * 24 * 3_600_000
const idsPerFile = 50_000
const maxFiles = 20
/** 32 hex digits, a blank, ten digits of epoch seconds, a newline. */
const recordBytes = 44
const record = /^[0-9a-f]{32} \d{10}(?: [0-9a-f]{32} \d{13} \d{13})?$/
/** What a kill or a full disk leaves of one. */
const halfRecord =
  /^(?:[0-9a-f]{0,32}|[0-9a-f]{32} \d{0,10}|[0-9a-f]{32} \d{10} (?:[0-9a-f]{0,32}|[0-9a-f]{32} \d{0,13}|[0-9a-f]{32} \d{13} \d{0,13}))$/

interface File {
  readonly number: number
  readonly ids: IdSet
  /** How much of it was read. */
  bytes: number
  /** Epoch milliseconds of its newest id. */
  newest: number
}

/** The ledger of an alert log in a state folder. Reads nothing before the first `refresh`. */
export function openLedger(
  stateDir: string,
  alertLog: string,
  events: StateEvents,
): Ledger {
  const dir = join(stateDir, 'ledger', alertLogName(alertLog))
  const fileOf = (number: number) => join(dir, String(number).padStart(6, '0'))
  let files: File[] = []
  let unwritten: Recorded[] = []
  const unwrittenIds = new Set<string>()
  const spans = createSpans()

  /** Deletes files that are too old, or too many. */
  const drop = (now: number) => {
    for (let oldest; files.length > 1 && (oldest = files[0]); files.shift()) {
      const isExpired = oldest.newest < now - maxAgeMs
      if (!isExpired && files.length <= maxFiles) return
      if (!isExpired) events.evicted(oldest.ids.size)
      rmSync(fileOf(oldest.number), { force: true })
    }
  }

  const write = (alerts: readonly Recorded[], now: number) => {
    const last = files.at(-1)
    if (last === undefined || last.bytes >= idsPerFile * recordBytes) {
      files.push(newFile((last?.number ?? 0) + 1))
      drop(now)
    }
    const file = files.at(-1)!
    append(fileOf(file.number), file, alerts, now)
    for (const { id } of alerts) file.ids.add(id)
  }

  return {
    has: ({ id, span }) =>
      unwrittenIds.has(id) ||
      files.some(file => file.ids.has(id)) ||
      (span !== undefined && spans.overlaps(span)),
    refresh() {
      const last = files.at(-1)?.number ?? 0
      for (const number of list(dir).filter(found => found >= last)) {
        if (number > last) files.push(newFile(number))
        readRecords(fileOf(number), files.at(-1)!, spans, events)
      }
    },
    add(alerts, now) {
      for (const alert of alerts) {
        const isThere = files.some(file => file.ids.has(alert.id))
        if (isThere || unwrittenIds.has(alert.id)) continue
        unwrittenIds.add(alert.id)
        unwritten.push(alert)
        if (alert.span !== undefined) spans.add(alert.span)
      }
      if (unwritten.length === 0) return
      write(unwritten, now)
      unwritten = []
      unwrittenIds.clear()
    },
    extend(alerts, now) {
      const known = alerts.filter(({ id }) => files.some(file => file.ids.has(id)))
      for (const { span } of known) if (span !== undefined) spans.add(span)
      if (known.length > 0) write(known, now)
    },
  }
}

function newFile(number: number): File {
  return { number, ids: createIdSet(idsPerFile), bytes: 0, newest: 0 }
}

function list(dir: string): number[] {
  try {
    return readdirSync(dir)
      .filter(name => /^\d{6,}$/.test(name))
      .map(Number)
      .sort((a, b) => a - b)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Reads what has been added to a file. Half a record at its end is a dead process's, and cut off. */
function readRecords(path: string, file: File, spans: Spans, events: StateEvents): void {
  const fd = openSync(path, 'r+')
  try {
    // Shorter than it was: another process has put it aside.
    if (fstatSync(fd).size < file.bytes) file.bytes = 0
    const text = textFrom(fd, file.bytes)
    const end = text.lastIndexOf('\n') + 1
    const isHalf = halfRecord.test(text.slice(end))
    if (isHalf && end < text.length) ftruncateSync(fd, file.bytes + end)
    const lines = text.slice(0, end).split('\n').slice(0, -1)
    const whole = lines.filter(line => record.test(line))
    for (const line of whole) {
      const [id, seconds, series, first, last] = line.split(' ')
      file.ids.add(id!)
      file.newest = Number(seconds) * 1_000
      if (series !== undefined) {
        spans.add({ series, first: Number(first), last: Number(last) })
      }
    }
    file.bytes += end
    if (isHalf && whole.length === lines.length) return
    const rest = textFrom(fd, 0)
      .split('\n')
      .filter(line => record.test(line))
      .map(line => `${line}\n`)
      .join('')
    events.corrupt(path, setAside(path, rest))
    file.bytes = rest.length
  } finally {
    closeSync(fd)
  }
}

function textFrom(fd: number, position: number): string {
  const bytes = Buffer.alloc(fstatSync(fd).size - position)
  readSync(fd, bytes, 0, bytes.length, position)
  return bytes.toString('latin1')
}

function openForAppend(path: string): number {
  try {
    return openSync(path, 'a', 0o640)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    makeFolder(dirname(path))
    return openSync(path, 'a', 0o640)
  }
}

function append(
  path: string,
  file: File,
  alerts: readonly Recorded[],
  now: number,
): void {
  const seconds = String(Math.floor(now / 1_000)).padStart(10, '0')
  const lines = alerts.map(({ id, span }) =>
    span === undefined
      ? `${id} ${seconds}\n`
      : `${id} ${seconds} ${span.series} ${millis(span.first)} ${millis(span.last)}\n`,
  )
  const fd = openForAppend(path)
  try {
    file.bytes += writeWhole(fd, lines.join(''), file.bytes)
    file.newest = now
  } finally {
    closeSync(fd)
  }
}

function millis(epoch: number): string {
  return String(Math.max(0, epoch)).padStart(13, '0')
}
