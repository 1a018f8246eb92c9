import { deepStrictEqual, ok, strictEqual } from 'node:assert'
import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import { createCounters } from '../../src/counters.js'
import { createPipeline } from '../../src/pipeline.js'
import type { CompiledRule } from '../../src/rule/compile-rule.js'
import { compileRule } from '../../src/rule/compile-rule.js'
import { endOf, exceptionTo, expired } from '../../src/rule/exception.js'
import { explainRule } from '../../src/rule/explain-rule.js'
import {
  events,
  facts,
  lineOf,
  ruleOverTime,
  rulesOverTime,
  type Event,
} from '../fixtures/over-time.js'
import {
  anyCondition,
  anyEntryJson,
  auditEntry,
  compiled,
  ruleOf,
} from '../fixtures/rules.js'
import { exceptionFile, loadFolder } from '../fixtures/site.js'

const tests = [{ name: 'n', alerts: 0, entries: [{}] }]
const rules = {
  'a.json': ruleOf({ id: 'a', tags: ['root', 'audit'], tests }),
  'b.json': ruleOf({ id: 'b', tags: ['root'], tests }),
  'off.json': ruleOf({ id: 'off', tags: ['quiet'], enabled: false, tests }),
  'server.json': {
    ...ruleOf({ id: 'server', log: 'server', tags: ['root'], tests }),
    tests: [{ name: 'n', alerts: 0, entries: ['a line'] }],
  },
  'silent.json': ruleOf({
    id: 'silent',
    tags: ['root'],
    absence: { within: '1h' },
    tests,
  }),
}
const at = (time: string | undefined, name = 'backup') =>
  auditEntry({ ...(time && { time }), auth: { display_name: name } })

/** The ids of the rules that an exception was attached to. */
async function named(t: Test, part: Record<string, unknown>) {
  const files = { ...rules, 'exceptions/e.json': exceptionFile(part) }
  const { faults, rules: loaded } = await loadFolder(t, files)
  t.strictSame(faults, [])
  return loaded.filter(rule => rule.exceptions).map(({ rule }) => rule.id)
}

t.test('an exception names rules by their ids or by their tags', async t => {
  t.strictSame(await named(t, { rule: 'a' }), ['a'])
  t.strictSame(await named(t, { rule: ['a', 'off'] }), ['a', 'off'])
  t.strictSame(await named(t, { tag: ['audit', 'quiet'] }), ['a', 'off'])
  t.strictSame(await named(t, { tag: 'root' }), ['a', 'b'], 'rules that have the field')
  t.strictSame(await named(t, { tag: 'root', unless: { 'vault.actor': 'x' } }), [
    'a',
    'b',
  ])
  t.strictSame(
    await named(t, { tag: 'root', unless: { line: 'x' } }),
    ['a', 'b', 'server'],
    'silence is nothing to except',
  )
})

t.test('a tag may be one of an override', async t => {
  const { faults, rule } = await loadFolder(t, {
    ...rules,
    'overrides/b.json': { tags: ['noisy'] },
    'exceptions/e.json': exceptionFile({ tag: 'noisy' }),
  })
  t.strictSame(faults, [])
  t.equal(rule('b').exceptions?.length, 1)
  t.equal(rule('a').exceptions, undefined)
})

t.test('what is wrong with an exception is told at its place', async t => {
  const cases: readonly (readonly [
    part: Record<string, unknown>,
    ...faults: string[],
  ])[] = [
    [{}, '1:1: missing a key, one of rule, tag'],
    [{ rule: 'a', tag: 'root' }, '1:1: takes one of rule, tag, got more of them'],
    [{ rule: [] }, '1:109: must not be empty, got []'],
    [{ rule: 'aa' }, '1:109: there is no rule "aa", did you mean "a"?'],
    [{ rule: ['a', 'x-rule'] }, '1:114: there is no rule "x-rule"'],
    [
      { rule: 'silent' },
      '1:109: the rule "silent" alerts when nothing comes, so there is nothing to except; overrides/silent.json can change it',
    ],
    [{ tag: 'rot' }, '1:108: no rule has the tag "rot", did you mean "root"?'],
    [{ tag: ['root', 'x-tag'] }, '1:116: no rule has the tag "x-tag"'],
    [{ rule: 'a', expires: '2026-02-30' }, date('2026-02-30')],
    [{ rule: 'a', expires: 'never' }, date('never')],
    [{ rule: 'a', owner: '' }, '1:50: must not be empty, got ""'],
    [{ rule: 'a', until: 'x' }, '1:113: unknown key "until"'],
    [{ rule: 'a', unless: {} }, '1:11: must not be empty, got {}'],
    [
      { rule: ['a', 'b'], unless: { 'vault.nope': 'x' } },
      '1:25: no such field of the audit log, got "vault.nope"',
    ],
    [
      { tag: 'root', unless: { line: { matches: '(' } } },
      '1:30: error parsing regexp: missing closing ): `(`; patterns are RE2 (no look-around, no back-references), got "("',
    ],
  ]
  for (const [part, ...faults] of cases) {
    const files = { ...rules, 'exceptions/e.json': exceptionFile(part) }
    const loaded = await loadFolder(t, files)
    t.strictSame(
      loaded.faults,
      faults.map(fault => `exceptions/e.json:${fault}`),
      JSON.stringify(part),
    )
    t.notOk(loaded.rules.some(rule => rule.exceptions))
  }
  const missing = await loadFolder(t, {
    ...rules,
    'exceptions/e.json': '{ "rule": "a", "unless": { "a": "b" } }',
    'exceptions/f.json': '{',
  })
  t.strictSame(missing.faults, [
    ...['owner', 'reason', 'expires'].map(
      key => `exceptions/e.json:1:1: missing key "${key}"`,
    ),
    'exceptions/f.json:1:2: not valid JSON: close brace expected',
  ])
})

function date(text: string): string {
  return `1:89: must be a date such as 2027-01-31, got "${text}"`
}

/** A pipeline of these rules, and its counters. */
function pipelineOf(rules: readonly CompiledRule[]) {
  const say = () => {}
  const counters = createCounters()
  const pipeline = createPipeline({
    log: 'audit',
    rules,
    alertLog: 'a.alert',
    counters,
    diagnostics: { error: say, warn: say, info: say, debug: say },
    now: () => Date.parse('2030-01-01T00:00:00Z'),
  })
  return { ...pipeline, counters }
}

/** A rule with an exception for entries on which a condition holds. */
function excepting(rule: CompiledRule, when: CompiledRule['when'], expires: string) {
  const expiry = { file: 'e.json', line: 1, column: 1, message: 'over' }
  const until = endOf(expires)
  const exception = { file: 'e.json', unless: when, owner: 'o', expires, until, expiry }
  return { ...rule, exceptions: [exception] }
}

const backup = compiled({ when: { 'auth.display_name': 'backup' } }).when

t.test('an exception holds through its last day, by the time of the event', async t => {
  const rule = excepting(compiled({}), backup, '2026-03-31')
  const alerts = (...entries: ReturnType<typeof at>[]) => {
    const pipeline = pipelineOf([rule])
    return entries.map(entry => pipeline.entry(entry).length)
  }
  t.strictSame(alerts(at('2026-03-31T23:59:59.999Z')), [0])
  t.strictSame(alerts(at('2026-04-01T00:00:00Z')), [1])
  t.strictSame(alerts(at('2026-04-01T01:59:59+02:00')), [0], 'the day is that of UTC')
  t.strictSame(alerts(at('2026-03-31T12:00:00Z', 'mallory')), [1])
  t.strictSame(
    alerts(at('2026-03-31T12:00:00Z'), at(undefined)),
    [0, 0],
    'without a time: the latest known',
  )
  t.strictSame(alerts(at('2026-04-01T12:00:00Z', 'x'), at(undefined)), [1, 1])
  t.strictSame(alerts(at(undefined)), [1], 'none known: the clock')
  t.strictSame(
    expired([rule, rule], endOf('2026-03-31') - 1).map(({ message }) => message),
    [],
  )
  t.strictSame(
    expired([rule, rule], endOf('2026-03-31')).map(({ message }) => message),
    ['over'],
  )
})

t.test('what is excepted is counted, and explained', async t => {
  const rule = excepting(compiled({}), backup, '2026-03-31')
  const entry = at('2026-03-31T12:00:00Z')
  const { counters, entry: take } = pipelineOf([rule])
  take(entry)
  t.equal(counters.get('excepted'), 1)
  t.match(explainRule(rule, entry, Date.parse(entry.time!)), {
    matches: false,
    failed: {
      condition: 'exception e.json until 2026-03-31: unless auth.display_name "backup"',
      saw: 'backup',
    },
  })
  const later = explainRule(rule, entry, endOf('2026-03-31'))
  t.equal(later.matches, true)
})

t.test('what calls an alert off is never excepted', async t => {
  const steps = [
    { when: { 'request.operation': 'a' } },
    { not: { 'request.operation': 'b' } },
  ]
  const rule = ruleOverTime('unanswered', { sequence: { within: '10s', steps } })
  const plain = compileRule(rule, new Map(), () => {})
  const event = (at: number, kind: string, key: string): Event => ({
    at,
    kind,
    key,
    value: 'v',
  })
  const log = [
    event(0, 'a', 'alice'),
    event(1_000, 'b', 'backup'),
    event(900_000, 'end', 'end'),
  ].map(lineOf)
  for (const each of [plain, excepting(plain, backup, '2026-03-31')]) {
    const { line } = pipelineOf([each])
    t.strictSame(log.flatMap(line), [])
  }
})

t.test('the law: an excepted entry is to its rules as if it had not come', async () => {
  const condition = fc.constantFrom(
    { 'auth.display_name': 'x' },
    { 'auth.display_name': ['x', 'y'] },
    { 'request.path': 'p' },
    { line: { exists: true } },
  )
  // What calls an alert off is the exception to exceptions; it has its own test.
  const counting = rulesOverTime.map(rules => [
    ...rules.filter(({ id }) => id !== 'unanswered' && id !== 'absence'),
    ruleOf({ id: 'single', when: { 'request.operation': 'a' } }),
  ])
  fc.assert(
    fc.property(counting, events, condition, (rules, log, when) => {
      const unless = compiled({ when }).when
      const plain = rules.map(rule => compileRule(rule, new Map(), () => {}))
      const written = rules.map(rule =>
        compileRule({ ...rule, unless: when }, new Map(), () => {}),
      )
      const excepted = plain.map(rule => excepting(rule, unless, '2026-03-31'))
      const run = (some: readonly CompiledRule[]) => {
        const { line } = pipelineOf(some)
        return log.map(lineOf).map(text => line(text))
      }
      const found = run(excepted)
      deepStrictEqual(facts(found.flat()), facts(run(written).flat()))
      for (const alert of found.flat()) {
        const { entryJson } = alert
        if (entryJson !== undefined) ok(!unless.holds(auditEntry(entryJson)))
      }
      const over = plain.map(rule => excepting(rule, unless, '2026-03-01'))
      deepStrictEqual(facts(run(over).flat()), facts(run(plain).flat()), 'an expired one')
    }),
    { numRuns: 60 },
  )
})

t.test('an exception holds where its condition does, whatever that is', async () => {
  fc.assert(
    fc.property(anyCondition, anyEntryJson, (unless, json) => {
      const { when, faults } = compiled({ when: unless })
      if (faults.length > 0) return
      const rule = excepting(compiled({}), when, '2026-03-31')
      const entry = auditEntry(json)
      const isExcepted = (now: number) => exceptionTo(rule, entry, now) !== undefined
      strictEqual(isExcepted(endOf('2026-03-31') - 1), when.holds(entry))
      strictEqual(isExcepted(endOf('2026-03-31')), false)
      strictEqual(isExcepted(NaN), false, 'a time that is none excepts nothing')
    }),
  )
})
