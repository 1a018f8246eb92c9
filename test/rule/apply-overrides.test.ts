import { deepStrictEqual } from 'node:assert'
import * as fc from 'fast-check'
import t from 'tap'
import { overridden, type Override } from '../../src/rule/override.js'
import { loadRules } from '../../src/rule/load-rules.js'
import type { Rule } from '../../src/rule/rule.js'
import { ruleOf } from '../fixtures/rules.js'
import { loadFolder } from '../fixtures/site.js'

const tests = [{ name: 'n', alerts: 0, entries: [{}] }]
const threshold = { count: 5, within: '10m', by: 'auth.display_name' }
const throttle = { for: '1h', by: 'auth.display_name' }
const rules = {
  'plain.json': ruleOf({ id: 'plain', tags: ['a'], tests }),
  'off.json': ruleOf({ id: 'off', enabled: false, tests }),
  'often.json': ruleOf({ id: 'often', threshold, throttle, tests }),
  'silent.json': ruleOf({ id: 'silent', absence: { within: '1h' }, tests }),
  'then.json': ruleOf({
    id: 'then',
    sequence: { within: '1h', steps: [{ when: { a: 1 } }, { when: { a: 2 } }] },
    tests,
  }),
  'new.json': ruleOf({
    id: 'new',
    firstSeen: { value: 'a', within: '30d', learning: '7d' },
    tests,
  }),
}

/** The rule that an override makes of one of these. */
async function changed(t: Parameters<typeof loadFolder>[0], id: string, file: Override) {
  const { rule, faults } = await loadFolder(t, {
    ...rules,
    [`overrides/${id}.json`]: file,
  })
  t.strictSame(faults, [])
  return rule(id).rule
}

t.test('an override changes what it names, and nothing else', async t => {
  t.match(await changed(t, 'plain', { severity: 'critical', title: 'T', tags: ['b'] }), {
    ...rules['plain.json'],
    severity: 'critical',
    title: 'T',
    tags: ['b'],
  })
  t.equal((await changed(t, 'plain', { enabled: false })).enabled, false)
  t.equal((await changed(t, 'off', { enabled: true })).enabled, true)
  t.strictSame(await changed(t, 'often', { threshold: { count: 9 } }), {
    ...rules['often.json'],
    threshold: { ...threshold, count: 9 },
  })
  t.match(await changed(t, 'silent', { absence: { within: '2h' } }), {
    absence: { within: '2h' },
  })
  const then = await changed(t, 'then', { sequence: { within: '2h' } })
  t.equal(then.sequence?.within, '2h')
  t.equal(then.sequence?.steps.length, 2)
  t.match(await changed(t, 'new', { firstSeen: { learning: '1d' } }), {
    firstSeen: { value: 'a', within: '30d', learning: '1d' },
  })
})

t.test('a throttle is given whole, to any rule, or taken away', async t => {
  t.strictSame((await changed(t, 'often', { throttle: { for: '5m' } })).throttle, {
    for: '5m',
  })
  t.match(await changed(t, 'plain', { throttle }), { throttle })
  t.notOk('throttle' in (await changed(t, 'often', { throttle: null })))
  t.notOk('throttle' in (await changed(t, 'plain', { throttle: null })))
})

const noKey =
  '1:1: missing a key, one of enabled, severity, title, tags, threshold, sequence, absence, firstSeen, throttle'

t.test('what is wrong with an override is told at its place', async t => {
  const cases: readonly (readonly [name: string, file: unknown, ...faults: string[]])[] =
    [
      [
        'plain',
        { threshold: { count: 3 } },
        '1:2: there is no "threshold" to change: the rule has no clause over time',
      ],
      [
        'often',
        '{\n "absence": { "within": "1h" } }',
        '2:2: there is no "absence" to change: the rule has "threshold"',
      ],
      [
        'oftne',
        { enabled: false },
        '1:1: an override is named after its rule, and there is no rule "oftne", did you mean "often"?',
      ],
      [
        'plain',
        { $schema: 'x' },
        '1:1: missing a key, one of enabled, severity, title, tags, threshold, sequence, absence, firstSeen, throttle',
      ],
      [
        'plain',
        '{"severity":\n"hihg"}',
        '2:1: must be one of critical, high, medium, low, info, got "hihg", did you mean "high"?',
      ],
      [
        'plain',
        { sevrity: 'high' },
        noKey,
        '1:2: unknown key "sevrity", did you mean "severity"?',
      ],
      ['often', { threshold: { by: 'x' } }, '1:15: unknown key "by"'],
      ['often', { threshold: {} }, '1:14: must not be empty, got {}'],
      ['often', { threshold: { count: 1 } }, '1:23: must be >= 2, got 1'],
      [
        'often',
        { threshold: { within: '0m' } },
        '1:24: must be a time such as 30s, 5m, 24h or 7d, got "0m"',
      ],
      ['new', { firstSeen: { learning: '1m' } }, '1:26: must be at least 10m, got "1m"'],
      ['often', { throttle: {} }, '1:13: missing key "for"'],
      [
        'often',
        { throttle: { for: '1h', by: 'vault.nope' } },
        '1:30: no such field of the audit log, got "vault.nope"',
      ],
      [
        'plain',
        { title: '{{request.path' },
        '1:10: "{{" and "}}" come in pairs, got "{{request.path"',
      ],
      ['plain', '{', '1:2: not valid JSON: close brace expected'],
    ]
  for (const [name, file, ...faults] of cases) {
    const place = `overrides/${name}.json`
    const loaded = await loadFolder(t, { ...rules, [place]: file })
    t.strictSame(
      loaded.faults,
      faults.map(fault => `${place}:${fault}`),
      JSON.stringify(file),
    )
    t.strictSame(
      loaded.rules.map(({ rule }) => rule),
      (await loadFolder(t, rules)).rules.map(({ rule }) => rule),
      'the rules stay as they are',
    )
  }
})

t.test('a rule has one override, and a broken one is told of itself only', async t => {
  const twice = await loadFolder(t, {
    ...rules,
    'a/overrides/plain.json': { severity: 'high' },
    'b/overrides/plain.json': { severity: 'info' },
  })
  t.strictSame(twice.faults, [
    'b/overrides/plain.json:1:1: the rule "plain" has an override already, a/overrides/plain.json',
  ])
  t.equal(twice.rule('plain').rule.severity, 'high')
  const broken = await loadFolder(t, {
    ...rules,
    'broken.json': '{',
    'overrides/broken.json': { enabled: false },
  })
  t.strictSame(broken.faults, ['broken.json:1:2: not valid JSON: close brace expected'])
})

t.test('an override with what a rule has already changes nothing', async t => {
  const { rules: packaged } = await loadRules([])
  const keys = ['enabled', 'severity', 'title', 'tags', 'throttle'] as const
  const clauses = ['threshold', 'sequence', 'absence', 'firstSeen'] as const
  const ownKeys = fc.subarray([...keys, ...clauses])
  const anyRule = fc.constantFrom(...packaged.map(({ rule }) => rule))
  const same = (rule: Rule, names: readonly (keyof Rule & keyof Override)[]): Override =>
    Object.fromEntries(names.map(name => [name, rule[name]]))
  fc.assert(
    fc.property(anyRule, ownKeys, (rule, names) => {
      deepStrictEqual(overridden(rule, same(rule, names)), rule)
    }),
  )
  t.ok(packaged.length > 100)
})
