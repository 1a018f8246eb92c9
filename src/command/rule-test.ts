// What becomes of the entries of a test that stands in a rule's file.

import type { Alert } from '../alert/alert.js'
import { createCounters } from '../counters.js'
import { decoderOf } from '../entry/decoder.js'
import { isUndecodable, type Entry } from '../entry/entry.js'
import { serverEntry } from '../entry/server-entry.js'
import { createPipeline } from '../pipeline.js'
import type { CompiledRule } from '../rule/compile-rule.js'
import type { RuleTest } from '../rule/rule.js'
import type { Shell } from '../shell.js'

/** Entries of tests may have any time, and none is to be from the future. */
const endOfTime = Date.parse('9999-12-31T00:00:00Z')

/** The alerts, and records about them, that a rule raises on a test's entries, were it on. */
export function alertsOfTest(
  compiled: CompiledRule,
  entries: RuleTest['entries'],
  { diagnostics }: Pick<Shell, 'diagnostics'>,
): { alerts: Alert[]; records: Alert[]; undecodable: number } {
  const { rule } = compiled
  const counters = createCounters()
  const pipeline = createPipeline({
    log: rule.log,
    rules: [{ ...compiled, rule: { ...rule, enabled: true } }],
    alertLog: 'test.alert',
    counters,
    diagnostics,
    now: () => endOfTime,
  })
  const records = entries.flatMap(entry => {
    if (typeof entry === 'string') return pipeline.line(entry)
    return rule.log === 'audit'
      ? pipeline.line(JSON.stringify(entry))
      : pipeline.entry(serverEntry(entry))
  })
  // Summaries and outcomes are about an alert that is counted already.
  const alerts = records.filter(({ of }) => of === undefined)
  return { alerts, records, undecodable: counters.get('undecodable') }
}

/** The decoded entries of all tests of a rule. */
export function entriesOfTests({ rule }: CompiledRule): Entry[] {
  const { decode } = decoderOf(rule.log)
  return rule.tests
    .flatMap(({ entries }) => entries)
    .map(entry => {
      if (typeof entry === 'string') return decode(entry, endOfTime)
      return rule.log === 'audit'
        ? decode(JSON.stringify(entry), endOfTime)
        : serverEntry(entry)
    })
    .filter((decoded): decoded is Entry => !isUndecodable(decoded))
}
