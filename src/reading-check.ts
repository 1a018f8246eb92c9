import type { OwnAlert } from './alert/own-alert.js'
import type { CounterName, Counters } from './counters.js'
import type { Output } from './output.js'

/** What was read within a minute, by the names of counters. */
export type Read = Readonly<Record<(typeof watched)[number], number>>

const watched = [
  'entries',
  'undecodable',
  'late',
  'ahead',
] as const satisfies readonly CounterName[]
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
  const counted = () =>
    Object.fromEntries(watched.map(name => [name, counters.get(name)])) as Record<
      (typeof watched)[number],
      number
    >
  let before = counted()
  const timer = setInterval(() => {
    const now = counted()
    const read = Object.fromEntries(
      watched.map(name => [name, now[name] - before[name]]),
    ) as unknown as Read
    before = now
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
