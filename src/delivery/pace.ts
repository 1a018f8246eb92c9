// When which message may go to a destination: a pure decision on what waits and what was sent.

/** What was sent to a destination, in epoch milliseconds. Kept in the state folder. */
export interface Pace {
  /** The last attempt, and when it ended: earlier where that is unknown. */
  readonly lastAttempt: number
  readonly lastEnd: number
  /** Critical events delivered one by one, within the last minute. */
  readonly criticals: readonly number[]
  /** Until then, only critical events go out one by one; after a digest others gather for the next. */
  readonly gatherUntil: number
  /** Digests in a row, each of which was due as soon as the one before it let it. */
  readonly digests: number
  /** Nothing is sent before: the destination asked for it. */
  readonly notBefore: number
  /** Those by which it was reached when it asked: see `Way`. */
  readonly settings?: string
}

/** A destination to which nothing was sent yet. */
export const freshPace: Pace = {
  lastAttempt: 0,
  lastEnd: 0,
  criticals: [],
  gatherUntil: 0,
  digests: 0,
  notBefore: 0,
}

/** Numbers of events that wait. */
export interface Waiting {
  readonly critical: number
  readonly others: number
  readonly batches: number
  /** Whether something was set apart, to be tried by itself, and whether it is its turn. */
  readonly apart?: 'none' | 'waits' | 'is next'
  /** After a failure it isn't tried before. */
  readonly apartHeldUntil?: number
  /** The same for everything else but a critical event by itself. */
  readonly heldUntil?: number
}

/** What a channel bears. */
export interface Limits {
  /** Between two messages, in milliseconds. */
  readonly intervalMs: number
  /** With more events than this waiting, they go as a digest. */
  readonly digestOver: number
}

/** What goes next: `event` is the oldest of the most severe, `batch` a replay's digest. */
export type Next =
  | { readonly what: 'event' | 'digest' | 'batch' | 'apart' }
  /** Nothing before `at` (epoch milliseconds), unless something else comes in; Infinity for never. */
  | { readonly what: 'nothing'; readonly at: number }

const minuteMs = 60_000
const maxCriticals = 10
const firstGatherMs = 5_000
const maxGatherMs = 60_000
/** Attempts that take longer are given up. */
const longestAttemptMs = 60_000

/** What may be sent now. */
export function nextMessage(
  waiting: Waiting,
  pace: Pace,
  { intervalMs, digestOver }: Limits,
  now: number,
): Next {
  const { critical, others, batches } = waiting
  const { apart = 'none', apartHeldUntil = 0, heldUntil = 0 } = waiting
  const total = critical + others
  const last = Math.max(pace.lastAttempt, pace.lastEnd)
  const earliest = Math.max(last + intervalMs, pace.notBefore)
  const isAnything = total + batches > 0 || apart !== 'none'
  if (now < earliest) return { what: 'nothing', at: isAnything ? earliest : Infinity }
  const singles = recent(pace.criticals, now)
  if (critical > 0 && (singles.length < mostSingles(pace, intervalMs) || total === 1))
    return { what: 'event' }
  const dueAt = total > 0 ? Math.max(pace.gatherUntil, heldUntil) : Infinity
  const apartAt = apart === 'none' ? Infinity : apartHeldUntil
  const batchAt = batches > 0 ? heldUntil : Infinity
  const isApartNext = apart === 'is next' || now < dueAt
  if (now >= apartAt && isApartNext) return { what: 'apart' }
  if (now >= dueAt) {
    return { what: critical > 0 || total > digestOver ? 'digest' : 'event' }
  }
  if (now >= batchAt) return { what: 'batch' }
  const nextSingle = critical > 0 ? singles[0]! + minuteMs : Infinity
  return { what: 'nothing', at: Math.min(dueAt, apartAt, batchAt, nextSingle) }
}

/**
 * How many critical events may go one by one within a minute: half of what the destination takes,
 * going by its last answer, so that the others have their turn, too.
 */
function mostSingles({ lastAttempt, lastEnd }: Pace, intervalMs: number): number {
  const messageMs = intervalMs + Math.max(0, lastEnd - lastAttempt)
  return Math.min(maxCriticals, Math.max(1, Math.floor(minuteMs / 2 / messageMs)))
}

/** The pace after an attempt at `now`, which is counted whatever becomes of it. */
export function attempted(pace: Pace, now: number): Pace {
  return { ...pace, lastAttempt: now }
}

/** The pace after that attempt: it may have been long on its way, and the next one may not be. */
export function ended(pace: Pace, now: number): Pace {
  return { ...pace, lastEnd: now }
}

/**
 * The pace for a sender that goes on after another: one that was killed in an attempt may have
 * reached the destination just before.
 */
export function takenOver(kept: Pace, now: number): Pace {
  const pace = setBack(kept, Math.max(kept.lastAttempt, kept.lastEnd) - now)
  const isUnknown = pace.lastEnd < pace.lastAttempt
  return isUnknown && now - pace.lastAttempt < longestAttemptMs ? ended(pace, now) : pace
}

/** The pace for these settings: what was asked for where others lead doesn't bind them. */
export function bindingFor(settings: string, pace: Pace): Pace {
  return pace.settings === settings ? pace : { ...pace, settings, notBefore: 0 }
}

/** The same by a clock that was set back by `ms`, so that nothing waits for the old time. */
function setBack(pace: Pace, ms: number): Pace {
  if (ms <= 0) return pace
  return {
    ...pace,
    lastAttempt: pace.lastAttempt - ms,
    lastEnd: pace.lastEnd - ms,
    criticals: pace.criticals.map(time => time - ms),
    gatherUntil: pace.gatherUntil - ms,
    notBefore: pace.notBefore - ms,
  }
}

/** The pace after a message was delivered; `isCritical` for a critical event by itself. */
export function delivered(
  pace: Pace,
  what: 'event' | 'digest' | 'batch' | 'apart',
  isCritical: boolean,
  now: number,
): Pace {
  const singles = recent(pace.criticals, now)
  const criticals = what === 'event' && isCritical ? [...singles, now] : singles
  if (what === 'event' && !isCritical) {
    return { ...pace, criticals, notBefore: 0, digests: 0, gatherUntil: 0 }
  }
  if (what !== 'digest') return { ...pace, criticals, notBefore: 0 }
  const gatherMs = Math.min(maxGatherMs, firstGatherMs * 2 ** pace.digests)
  return {
    ...pace,
    criticals,
    notBefore: 0,
    digests: pace.digests + 1,
    gatherUntil: now + gatherMs,
  }
}

function recent(times: readonly number[], now: number): number[] {
  return times.filter(time => time > now - minuteMs && time <= now)
}
