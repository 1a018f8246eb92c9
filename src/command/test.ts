import { alertRecord } from '../alert/alert-record.js'
import { exitCode } from '../exit-code.js'
import { formatFault } from '../fault.js'
import type { Options } from '../options.js'
import type { CompiledRule } from '../rule/compile-rule.js'
import { alertSchema } from '../rule/packaged-rules.js'
import type { RuleTest } from '../rule/rule.js'
import { createSchemaCheck } from '../rule/schema-check.js'
import { unreached } from '../rule/unreached.js'
import { readSetup } from '../setup.js'
import type { Shell } from '../shell.js'
import { askedRules } from './asked-rules.js'
import { alertsOfTest, entriesOfTests } from './rule-test.js'

/**
 * `test`: runs the tests inside the rule files of this log, those of rules that are off too, as the
 * rules are without the site's tuning. Each goes the whole way from line to record, and each record
 * is checked against its schema. Prints TAP 14 (testanything.org), with the titles of the alerts and
 * the conditions that no test reaches.
 */
export async function test(options: Options, shell: Shell): Promise<number> {
  const { stdout, diagnostics } = shell
  const { untuned, ruleFaults } = await readSetup(options, shell, 'tests')
  for (const fault of ruleFaults) diagnostics.error(formatFault(fault))
  if (ruleFaults.length > 0) return exitCode.config

  const asked = askedRules(untuned, options)
  if (typeof asked === 'string') {
    diagnostics.error(asked)
    return exitCode.usage
  }
  if (options.record) {
    const { recordTest } = await import('./record-test.js')
    return recordTest(asked[0]!, options, shell)
  }
  const checkRecord = createSchemaCheck(alertSchema)
  const results = asked.flatMap(rule =>
    rule.rule.tests.map(ruleTest => ({
      name: `${rule.rule.id}: ${ruleTest.name}`,
      ...runTest(rule, ruleTest, checkRecord, shell),
    })),
  )
  stdout.write(`TAP version 14\n1..${results.length}\n`)
  for (const [i, { name, faults, titles }] of results.entries()) {
    stdout.write(`${faults.length === 0 ? 'ok' : 'not ok'} ${i + 1} - ${name}\n`)
    for (const text of [...faults, ...titles]) stdout.write(`  # ${text}\n`)
  }
  const missed = asked.flatMap(rule =>
    unreached(rule, entriesOfTests(rule)).map(
      place => `${rule.rule.id}: ${place} in any test`,
    ),
  )
  for (const text of missed) stdout.write(`# ${text}\n`)
  if (results.length === 0) diagnostics.warn(`no rule of the ${options.log} log to test`)
  const failed = results.filter(({ faults }) => faults.length > 0).length
  stdout.write(`# ${missed.length} conditions not reached\n`)
  stdout.write(`# ${results.length - failed} passed, ${failed} failed\n`)
  return failed === 0 ? exitCode.ok : exitCode.failed
}

/** What is wrong with a test's outcome, in words, and the titles of its alerts. */
function runTest(
  compiled: CompiledRule,
  { entries, alerts: expected, title }: RuleTest,
  checkRecord: ReturnType<typeof createSchemaCheck>,
  shell: Shell,
): { faults: string[]; titles: string[] } {
  const { records, alerts, undecodable } = alertsOfTest(compiled, entries, shell)
  const faults = records
    .flatMap(alert => checkRecord(JSON.parse(alertRecord(alert))))
    .map(
      ({ pointer, message }) =>
        `the record breaks its schema: /${pointer.join('/')} ${message}`,
    )
  if (undecodable > 0) faults.push('an entry of the test is no line of the log')
  if (alerts.length !== expected) {
    faults.push(`expected ${expected} alerts, got ${alerts.length}`)
  } else if (title !== undefined && alerts[0]?.title !== title) {
    faults.push(`expected the title "${title}", got "${alerts[0]?.title}"`)
  }
  return { faults, titles: [...new Set(alerts.map(alert => alert.title))] }
}
