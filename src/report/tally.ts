import { rankOf, severities, type Severity } from '../rule/severity.js'

/** How many alerts of each severity, in the order of `severities`. */
export type Counts = number[]

/** No alert of any severity. */
export const noCounts = (): Counts => severities.map(() => 0)

/** What alerts there are of each name, and of how many names. */
export interface Tally {
  /** The names with most alerts, most first; with as many, in the order of the alphabet. */
  readonly top: readonly { readonly name: string; readonly counts: Counts }[]
  /** All other names together. */
  readonly others: { readonly names: number; readonly counts: Counts }
  /** Whether there are more names than were told apart: `others.names` is the least it can be. */
  readonly isCut: boolean
}

/** So many names are told apart; those of an attacker's choosing after that are only counted. */
const maxNames = 50_000
const maxShown = 15

/** Counts alerts by a name that they have: their rule, actor or path. */
export function createTally(): {
  readonly add: (name: string, severity: Severity) => void
  readonly tally: () => Tally
} {
  const names = new Map<string, Counts>()
  const unnamed = noCounts()
  let isCut = false
  return {
    add(name, severity) {
      let counts = names.get(name)
      if (counts === undefined) {
        isCut ||= names.size === maxNames
        counts = isCut ? unnamed : noCounts()
        if (!isCut) names.set(name, counts)
      }
      counts[rankOf(severity)]! += 1
    },
    tally() {
      const byCount = [...names]
        .map(([name, counts]) => ({ name, counts, sum: sum(counts) }))
        .sort((a, b) => b.sum - a.sum || (a.name < b.name ? -1 : 1))
      const rest = byCount.slice(maxShown)
      const counts = [...rest.map(({ counts }) => counts), unnamed].reduce(added)
      return {
        top: byCount.slice(0, maxShown).map(({ name, counts }) => ({ name, counts })),
        others: { names: rest.length, counts },
        isCut,
      }
    },
  }
}

/** The counts of two together. */
export function added(a: Counts, b: Counts): Counts {
  return a.map((count, i) => count + b[i]!)
}

/** Alerts of all severities. */
export function sum(counts: Counts): number {
  return counts.reduce((a, b) => a + b, 0)
}
