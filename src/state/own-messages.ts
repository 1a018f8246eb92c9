import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isOwnAlert, type OwnAlertKind } from '../alert/own-alert.js'
import { readJson } from './read-json.js'
import type { StateEvents } from './state-events.js'

/** A message of the handler's own that wants to go out. */
export interface OwnMessage {
  readonly kind: OwnAlertKind
  readonly title: string
  /** The destination that is not to get it, being what it is about. */
  readonly except?: string | undefined
}

/** Keeps the handler's own messages few; their records are all in the alert log. Nothing throws. */
export interface OwnMessages {
  /**
   * Whether a message may go out: one of a kind an hour, over all processes and starts. Gives how
   * many were held back since the last one, or undefined where this one is.
   */
  admit(message: OwnMessage, now: number): number | undefined
  /** Whether there may be any of those that `overdue` gives; the lock isn't needed for this. */
  isAnyOverdue(now: number): boolean
  /**
   * The last one of each kind that was held back, where the hour is over and nothing else of its kind
   * has gone out, so far as somebody gets it: these may go out now.
   */
  overdue(now: number, isHeard: (message: OwnMessage) => boolean): OverdueMessage[]
}

/** What was held back long enough. */
export interface OverdueMessage extends OwnMessage {
  /** How many more of its kind were. */
  readonly more: number
}

const intervalMs = 3_600_000

interface Kind {
  /** When the last one went, epoch milliseconds. */
  readonly last: number
  /** How many were held back since. */
  readonly held: number
  /** Of the latest of these. */
  readonly title?: string
  readonly except?: string | undefined
}

type Kinds = Readonly<Record<string, Kind>>

/**
 * Called with the state lock held. Where the state folder can't be used, it counts in memory. A file
 * that holds something else is put aside, and told.
 */
export function openOwnMessages(
  stateDir: string,
  events: Pick<StateEvents, 'corrupt'>,
): OwnMessages {
  const file = join(stateDir, 'own-messages.json')
  let kinds: Kinds = {}
  const refresh = () => {
    kinds = newest(kinds, readJson(file, isKinds, '{}', events) ?? {})
  }
  const keep = (kind: string, value: Kind) => {
    kinds = { ...kinds, [kind]: value }
    write(file, JSON.stringify(kinds))
  }
  const waiting = (now: number): OwnMessage[] =>
    Object.entries(kinds).flatMap(([kind, { last, title, except }]) =>
      title !== undefined && isOver(last, now) && isOwnAlert(kind)
        ? [{ kind, title, except }]
        : [],
    )
  return {
    admit({ kind, title, except }, now) {
      refresh()
      const { last, held } = kinds[kind] ?? { last: -Infinity, held: 0 }
      if (!isOver(last, now)) {
        keep(kind, { last, held: held + 1, title, except })
        return undefined
      }
      keep(kind, { last: now, held: 0 })
      return held
    },
    isAnyOverdue(now) {
      refresh()
      return waiting(now).length > 0
    },
    overdue(now, isHeard) {
      refresh()
      const heard = waiting(now).filter(isHeard)
      return heard.map(message => {
        const { held } = kinds[message.kind]!
        keep(message.kind, { last: now, held: 0 })
        return { ...message, more: held - 1 }
      })
    },
  }
}

/** A clock that was set back must not hold messages back for longer. */
function isOver(last: number, now: number): boolean {
  return now - last >= intervalMs || now < last
}

/** What could not be written to a full disk is newer than the file. */
function newest(memory: Kinds, file: Kinds): Kinds {
  const kept = Object.entries(memory).filter(([kind, { last, held }]) => {
    const other = file[kind]
    return !other || last > other.last || (last === other.last && held > other.held)
  })
  return { ...file, ...Object.fromEntries(kept) }
}

function isKinds(value: unknown): value is Kinds {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every(
      (kind: Partial<Kind> | null) =>
        typeof kind?.last === 'number' &&
        typeof kind.held === 'number' &&
        isTextOrNone(kind.title) &&
        isTextOrNone(kind.except),
    )
  )
}

function isTextOrNone(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function write(file: string, text: string): void {
  try {
    writeFileSync(`${file}.next`, text, { mode: 0o640 })
    renameSync(`${file}.next`, file)
  } catch {
    // A full disk is told by what comes after: the journal can't be written either.
  }
}
