import type { OwnAlert } from './alert/own-alert.js'
import type { Counters } from './counters.js'
import type { Output } from './output.js'

/** How much of each was read within a minute. */
export type Read = Readonly<Record<'entries' | 'undecodable' | 'late' | 'ahead', number>>

const minuteMs = 60_000
/** A reconnect cuts a line now and then; more than this is no chance. */
const maxUndecodable = 5
/** From so many entries on it matters what most of them are. */
const fewEntries = 10

/** Looks once a minute whether rules can see what comes in, and says where they can't; gives its end. */
export function startReadingCheck(
  output: Pick<Output, 'say'>,
  counters: Counters,
): () => void {
  const before = new Map<keyof Read, number>()
  const since = (name: keyof Read) => {
    const count = counters.get(name) - (before.get(name) ?? 0)
    before.set(name, counters.get(name))
    return count
  }
  const timer = setInterval(() => {
    const read = {
      entries: since('entries'),
      undecodable: since('undecodable'),
      late: since('late'),
      ahead: since('ahead'),
    }
    for (const own of troublesOf(read)) output.say(own)
  }, minuteMs).unref()
  return () => clearInterval(timer)
}

/** What is wrong with what was read within a minute. */
export function troublesOf({ entries, undecodable, late, ahead }: Read): OwnAlert[] {
  const owns: OwnAlert[] = []
  const say = (kind: OwnAlert['kind'], title: string) =>
    owns.push({ kind, title, detail: title })
  if (undecodable > maxUndecodable) {
    say(
      'handler-lines-undecodable',
      `${undecodable} lines within a minute are no entries of this log: no rule sees them`,
    )
  }
  const untimely = late + ahead
  if (entries >= fewEntries && untimely * 2 > entries) {
    say(
      'handler-entries-untimely',
      `Rules over time don't count ${untimely} of the ${entries} entries of a minute: ${late} came too late, ${ahead} are too far ahead of this host's clock`,
    )
  }
  return owns
}
