import type { JournalEntry } from '../log-system.js'
import { alertingEvent } from './alerting-event.js'
import { auditLines } from './audit-lines.js'
import type { Random } from './seeded-random.js'

/** What is to be written now. */
export interface Due {
  readonly audit: readonly string[]
  readonly journal: readonly JournalEntry[]
  /** How many of the events in it must alert. */
  readonly alerting: number
}

/** A known load: mostly lines that no rule matches, and among them events that must alert. */
export interface Traffic {
  /** The lines from the last call up to `elapsedMs` after the start. */
  due(elapsedMs: number): Due
  /** The key of each alert that there must be, with the clock's time of its line. */
  readonly expected: ReadonlyMap<string, number>
  /** Lines so far. */
  readonly written: number
  readonly auditCount: number
  readonly journalCount: number
}

const burstEvents = 100
/** One in so many ordinary lines is of the server log. */
const journalShare = 20

/** The load of a run of `seconds`, at `linesPerSecond` over both logs. */
export function createTraffic(
  random: Random,
  seconds: number,
  linesPerSecond: number,
): Traffic {
  const start = Date.now()
  const expected = new Map<string, number>()
  const times = eventTimes(random, seconds * 1_000)
  let events = 0
  let ordinary = 0
  let auditCount = 0
  let journalCount = 0

  return {
    expected,
    get written() {
      return auditCount + journalCount
    },
    get auditCount() {
      return auditCount
    },
    get journalCount() {
      return journalCount
    },
    due(elapsedMs) {
      const audit: string[] = []
      const journal: JournalEntry[] = []
      const before = events
      while ((times[0] ?? Infinity) <= elapsedMs) {
        times.shift()
        events += 1
        // Two events of the server log are told apart by their times only.
        const event = alertingEvent(random, events, timeOf(start + events))
        audit.push(...event.audit)
        journal.push(...event.journal)
        for (const key of event.alerts) expected.set(key, Date.now())
      }
      const wanted = Math.floor((elapsedMs / 1_000) * linesPerSecond)
      const written = () => auditCount + journalCount + audit.length + journal.length
      while (written() < wanted) {
        ordinary += 1
        if (ordinary % journalShare === 0) journal.push(ordinaryEntry(ordinary))
        else audit.push(...ordinaryLines(ordinary))
      }
      auditCount += audit.length
      journalCount += journal.length
      return { audit, journal, alerting: events - before }
    },
  }
}

/** Quiet and busy times in turn, as chance has it, some of which end in a burst. */
function eventTimes(random: Random, lengthMs: number): number[] {
  const times: number[] = []
  for (let at = 1_000; at < lengthMs;) {
    const isBusy = random.chance(0.4)
    const end = at + random.between(4_000, 12_000)
    while (at < end) {
      times.push(at)
      at += isBusy ? random.between(200, 1_000) : random.between(2_000, 5_000)
    }
    if (random.chance(0.2)) times.push(...Array.from({ length: burstEvents }, () => at))
  }
  return times.filter(time => time < lengthMs)
}

function ordinaryLines(number: number): string[] {
  const path = `secret/data/app-${number % 50}/config`
  return auditLines({ id: `ordinary-${number}`, time: timeOf(Date.now()), path })
}

function ordinaryEntry(number: number): JournalEntry {
  const message = `${timeOf(Date.now())} [INFO]  expiration: revoked lease: lease_id=auth/approle/login/${number}`
  return { program: 'vault', pid: 812, message }
}

function timeOf(epoch: number): string {
  return new Date(epoch).toISOString()
}
