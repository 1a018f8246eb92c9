import { strictEqual } from 'node:assert'
import * as fc from 'fast-check'
import t from 'tap'
import { createCounters } from '../../src/counters.js'
import { createPipeline } from '../../src/pipeline.js'
import type { CompiledRule } from '../../src/rule/compile-rule.js'
import { explainRule } from '../../src/rule/explain-rule.js'
import type { Clauses, Condition } from '../../src/rule/rule.js'
import { anyCondition, anyEntryJson, auditEntry, compiled } from '../fixtures/rules.js'

const field = fc.constantFrom('a', 'auth.policies', 'request.path', 'vault.actor', 'line')
const within = '1h'
const by = { nil: undefined }

const anyClause: fc.Arbitrary<Clauses> = fc.oneof(
  fc
    .record({ distinct: fc.option(field, by), by: field })
    .map(({ distinct, ...key }) => ({
      threshold: {
        count: 2,
        within,
        ...key,
        ...(distinct !== undefined && { distinct }),
      },
    })),
  fc.record({ first: anyCondition, last: anyCondition }).map(({ first, last }) => ({
    sequence: { within, steps: [{ when: first }, { when: last }] },
  })),
  fc.record({ first: anyCondition, last: anyCondition }).map(({ first, last }) => ({
    sequence: { within, steps: [{ when: first, count: 2 }, { not: last }] },
  })),
  fc.record({ value: field, by: field }).map(found => ({
    firstSeen: { ...found, within, learning: '1d' },
  })),
  field.map(key => ({ absence: { within, by: key } })),
)

/** Whether a rule over time remembers anything of a line. */
function isRemembered(rule: CompiledRule, line: string): boolean {
  const say = () => {}
  const pipeline = createPipeline({
    log: 'audit',
    rules: [rule],
    alertLog: 'audit.alert',
    counters: createCounters(),
    diagnostics: { error: say, warn: say, info: say, debug: say },
    now: () => Date.parse('2030-01-01T00:00:00Z'),
  })
  const state = () => {
    const { rules } = pipeline.save() as { rules: Record<string, unknown> }
    return JSON.stringify(rules)
  }
  const before = state()
  pipeline.line(line)
  return state() !== before
}

t.test('what is told as counted is what the rule counts', async t => {
  let counted = 0
  const check = (
    clause: Clauses,
    when: Condition,
    unless: Condition | undefined,
    json: string,
  ) => {
    const rule = compiled({ ...clause, when, ...(unless !== undefined && { unless }) })
    if (rule.faults.length > 0) return
    const comma = json === '{}' ? '' : ','
    const line = `${json.slice(0, -1)}${comma}"time":"2026-03-02T10:00:00Z"}`
    const { matches, counted: found } = explainRule(rule, auditEntry(line))
    strictEqual(matches, isRemembered(rule, line))
    strictEqual(found !== undefined, matches)
    counted += Number(matches)
  }
  const when = fc.oneof(fc.constant({}), anyCondition)
  fc.assert(
    fc.property(
      anyClause,
      when,
      fc.option(anyCondition, { nil: undefined }),
      anyEntryJson,
      check,
    ),
    { numRuns: 1_000 },
  )
  t.ok(counted > 100, `${counted} counted`)
})
