import { deepStrictEqual, strictEqual } from 'node:assert'
import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import { formatFault } from '../../src/fault.js'
import { explainRule } from '../../src/rule/explain-rule.js'
import { withExceptions } from '../../src/rule/exception.js'
import { loadRules } from '../../src/rule/load-rules.js'
import { withOverride } from '../../src/rule/override.js'
import {
  anyCondition,
  anyEntryJson,
  auditEntry,
  compiled,
  ruleOf,
} from '../fixtures/rules.js'

const exception = {
  rule: 'acl-policy-changed',
  unless: { 'auth.display_name': 'terraform' },
  owner: 'platform team',
  reason: 'applies policies from git',
  expires: '2026-06-30',
}

/** The packaged rules with a site's files, as `exceptions/name.json` and so on. */
async function tuned(t: Test, files: Record<string, object>) {
  const folders: Record<string, Record<string, string>> = {}
  for (const [path, value] of Object.entries(files)) {
    const [folder = '', name = ''] = path.split('/')
    folders[folder] = {
      ...folders[folder],
      [`${name}.json`]: JSON.stringify(value, null, 2),
    }
  }
  const dir = t.testdir(folders)
  const { rules, untuned, faults, expiries } = await loadRules([], dir)
  return {
    rule: (id: string) => rules.find(({ rule }) => rule.id === id)!,
    untuned: (id: string) => untuned.find(({ rule }) => rule.id === id)!,
    faults: faults.map(fault => formatFault(fault).replace(`${dir}/`, '')),
    expiries,
  }
}

const change = (name: string, time: string | null = '2026-03-02T10:00:00Z') =>
  auditEntry({
    time,
    auth: { display_name: name },
    request: { path: 'sys/policies/acl/app', operation: 'update' },
  })

t.test('an exception keeps its rule from an entry until it has expired', async t => {
  const { rule, untuned, faults, expiries } = await tuned(t, {
    'exceptions/tf': exception,
  })
  t.strictSame(faults, [])
  const { matches } = rule('acl-policy-changed')
  t.notOk(matches(change('terraform')))
  t.ok(matches(change('alice')))
  t.notOk(matches(change('terraform', '2026-06-30T23:59:59.999Z')), 'the whole last day')
  t.ok(matches(change('terraform', '2026-07-01T00:00:00Z')))
  t.notOk(matches(change('terraform', '2026-07-01T01:00:00+02:00')), 'in UTC')
  t.ok(matches(change('terraform', null)), 'an entry without a time is not excepted')
  t.ok(untuned('acl-policy-changed').matches(change('terraform')), 'its tests see none')
  t.match(expiries, [{ until: Date.parse('2026-07-01'), warning: { line: 8 } }])
  t.match(explainRule(rule('acl-policy-changed'), change('terraform')), {
    matches: false,
    failed: {
      condition: 'exception tf: unless auth.display_name "terraform"',
      saw: 'terraform',
    },
  })
})

t.test('an exception may be for several rules, or for all with a tag', async t => {
  const { rule: _rule, ...rest } = exception
  const { rule, faults } = await tuned(t, {
    'exceptions/a': { ...rest, rule: ['acl-policy-changed', 'auth-method-enabled'] },
    'exceptions/b': {
      ...rest,
      tag: 'root',
      unless: { 'request.path': { startsWith: 'sys/' } },
    },
  })
  t.strictSame(faults, [])
  t.equal(rule('auth-method-enabled').exceptions?.length, 1)
  t.equal(rule('generate-root-accessed').exceptions?.[0]?.name, 'b')
  t.notOk(
    rule('generate-root-accessed').matches(
      auditEntry({
        time: '2026-03-02T10:00:00Z',
        request: { path: 'sys/generate-root/update' },
      }),
    ),
  )
})

t.test('an override changes what it names, and nothing else', async t => {
  const { rule, untuned, faults } = await tuned(t, {
    'overrides/acl-policy-changed': { severity: 'low', enabled: false, title: 'x' },
    'overrides/login-failed-burst-ip': {
      threshold: { count: 50 },
      throttle: { for: '1h' },
    },
    'overrides/audit-stream-silent': { absence: { within: '2h' } },
    'overrides/root-token-used': { throttle: null, tags: ['ours'] },
  })
  t.strictSame(faults, [])
  t.match(rule('acl-policy-changed').rule, {
    severity: 'low',
    enabled: false,
    title: 'x',
  })
  t.match(untuned('acl-policy-changed').rule, { severity: 'high' })
  const burst = rule('login-failed-burst-ip')
  const { threshold } = untuned('login-failed-burst-ip').rule
  t.strictSame(burst.rule.threshold, { ...threshold, count: 50 })
  t.match(burst, { clause: { count: 50 }, throttle: { forMs: 3_600_000 } })
  t.match(rule('audit-stream-silent').clause, { withinMs: 7_200_000 })
  t.strictSame(rule('root-token-used').rule.tags, ['ours'])
  t.equal(rule('root-token-used').throttle, undefined)
})

t.test(
  'each fault of a site is told with its place, and what is valid holds',
  async t => {
    const { rule, faults } = await tuned(t, {
      'exceptions/no-rule': { ...exception, rule: 'acl-policy-change' },
      'exceptions/no-tag': { ...exception, rule: undefined, tag: 'roots' },
      'exceptions/both': { ...exception, tag: 'root' },
      'exceptions/no-day': { ...exception, expires: '2026-02-30' },
      'exceptions/no-owner': { ...exception, owner: undefined },
      'exceptions/bad-list': {
        ...exception,
        unless: { 'auth.display_name': { in: '@nobody' } },
      },
      'overrides/nothing': { enabled: true },
      'overrides/acl-policy-changed': { threshold: { count: 3 } },
      'overrides/audit-stream-silent': { absence: { within: 'soon' } },
      'overrides/root-token-used': { title: '{{request.path' },
      'overrides/generate-root-accessed': { severity: 'low' },
      'rules/acl-policy-changed': ruleOf({ id: 'acl-policy-changed' }),
    })
    const told = (part: RegExp) =>
      t.ok(
        faults.some(fault => part.test(fault)),
        String(part),
      )
    told(
      /^exceptions\/no-rule\.json:2:11: no rule with this rule, got "acl-policy-change", did you mean "acl-policy-changed"/,
    )
    told(
      /^exceptions\/no-tag\.json:\d+:\d+: no rule with this tag, got "roots", did you mean "root"/,
    )
    told(
      /^exceptions\/both\.json:\d+:\d+: an exception is for rules or for tags, got both/,
    )
    told(/^exceptions\/no-day\.json:\d+:\d+: there is no such day, got "2026-02-30"/)
    told(/^exceptions\/no-owner\.json:1:1: missing key "owner"/)
    told(/^exceptions\/bad-list\.json:\d+:\d+: there is no list nobody\.json/)
    told(/^overrides\/nothing\.json:1:1: no such rule, got nothing/)
    told(
      /^overrides\/acl-policy-changed\.json:2:3: the rule acl-policy-changed has no threshold/,
    )
    told(/^overrides\/audit-stream-silent\.json:3:15: must match pattern/)
    told(/^overrides\/root-token-used\.json:\d+:\d+: "\{\{" and "\}\}" come in pairs/)
    told(
      /^rules\/acl-policy-changed\.json:\d+:\d+: the id is taken by .*acl-policy-changed\.json|the id is taken by a packaged rule; change that in overrides\//,
    )
    t.equal(rule('generate-root-accessed').rule.severity, 'low')
    t.equal(rule('audit-stream-silent').rule.absence?.within, '5m')
  },
)

t.test("a site's own rules and lists are read after the packaged ones", async t => {
  const { rule, faults } = await tuned(t, {
    'rules/ours': {
      ...ruleOf({ id: 'ours', when: { 'request.path': { path: '@sensitive-paths' } } }),
      tests: [{ name: 'none', alerts: 0, entries: [{ request: { path: 'x' } }] }],
    },
    'lists/sensitive-paths': ['ours/*'],
  })
  t.strictSame(faults, [])
  const touched = auditEntry({ request: { path: 'ours/a' } })
  t.ok(rule('ours').matches(touched))
  t.ok(rule('sensitive-path-accessed').matches(touched), 'its list takes the place')
})

t.test(
  'an exception never raises, and an override of nothing changes nothing',
  async () => {
    fc.assert(
      fc.property(anyCondition, anyCondition, anyEntryJson, (when, unless, json) => {
        const [rule, other] = [compiled({ when }), compiled({ when: unless })]
        if (rule.faults.length + other.faults.length > 0) return
        const entry = { ...auditEntry(json), time: '2026-03-02T10:00:00Z' }
        const until = Date.parse('2026-03-03')
        const excepted = withExceptions(rule, [
          { name: 'x', condition: other.when, until },
        ])
        strictEqual(excepted.matches(entry), rule.matches(entry) && !other.matches(entry))
        const over = withExceptions(rule, [
          { name: 'x', condition: other.when, until: 0 },
        ])
        strictEqual(over.matches(entry), rule.matches(entry))
        deepStrictEqual(withOverride(rule.rule, {}), rule.rule)
      }),
    )
  },
)
