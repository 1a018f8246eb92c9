import { deepStrictEqual, strictEqual } from 'node:assert'
import * as fc from 'fast-check'
import t from 'tap'
import { explainRule, type Explained } from '../../src/rule/explain-rule.js'
import { anyCondition, anyEntryJson, auditEntry, compiled } from '../fixtures/rules.js'

const entry = auditEntry({
  type: 'request',
  auth: { display_name: 'alice', policies: ['default', 'ops'] },
  request: {
    path: 'sys/policies/acl/app',
    operation: 'read',
    remote_address: '192.0.2.7',
  },
})
const policy = { 'request.path': { startsWith: 'sys/policies/' } }
const written = { 'request.operation': ['create', 'update'] }

const failed = (part: Parameters<typeof compiled>[0]) =>
  explainRule(compiled(part), entry).failed

t.test('a rule that nearly matches names the one condition that failed', async t => {
  t.strictSame(failed({ when: { ...policy, ...written } }), {
    condition: 'request.operation ["create","update"]',
    saw: 'read',
  })
  t.match(failed({ when: { all: [policy, { not: { 'vault.policies': 'ops' } }] } }), {
    condition: 'not vault.policies "ops"',
    saw: 'default, ops',
  })
  t.match(failed({ when: policy, unless: { 'auth.display_name': 'alice' } }), {
    condition: 'unless auth.display_name "alice"',
    saw: 'alice',
  })
  t.match(failed({ when: { 'request.data.x': true } }), { saw: '-' })
})

t.test('of alternatives the nearest one is named', async t => {
  const far = { 'request.path': 'x', 'request.operation': 'delete' }
  t.match(failed({ when: { any: [far, { ...policy, ...written }, far] } }), {
    condition: 'request.operation ["create","update"]',
  })
})

t.test('of alternatives that should not hold the one that does is named', async t => {
  const is = (name: string) => ({ 'auth.display_name': name })
  const hits = { any: [is('bob'), is('alice'), written] }
  const seen = { saw: 'alice' }
  t.match(failed({ when: policy, unless: hits }), {
    condition: 'unless auth.display_name "alice"',
    ...seen,
  })
  t.match(failed({ when: { ...policy, not: hits } }), {
    condition: 'not auth.display_name "alice"',
    ...seen,
  })
  t.match(
    failed({ when: policy, unless: { all: [{ any: [hits, is('bob')] }, policy] } }),
    {
      condition: /^unless all of \(auth\.display_name "alice"; request\.path .*\)$/,
      saw: 'alice, sys/policies/acl/app',
    },
  )
})

t.test(
  'of alternatives that fail for as many, the one is named of which the most holds',
  async t => {
    const other = { 'request.path': 'x' }
    const near = { any: [{ ...policy, not: other, ...written }] }
    for (const alternatives of [
      [other, near],
      [near, other],
    ]) {
      t.match(failed({ when: { any: alternatives } }), {
        condition: 'request.operation ["create","update"]',
      })
    }
  },
)

t.test('a match tells its title, and what is counted by', async t => {
  const found = explainRule(
    compiled({
      title: '{{auth.display_name}} reads',
      when: policy,
      threshold: { count: 2, within: '1m', by: ['auth.display_name', 'request.id'] },
    }),
    entry,
  )
  t.match(found, {
    matches: true,
    title: 'alice reads',
    counted: {
      as: 'one of 2 within 1m',
      key: { 'auth.display_name': 'alice', 'request.id': '-' },
    },
  })
  t.equal(found.failed, undefined)
})

t.test('the steps of a sequence are told one by one', async t => {
  const steps = [{ when: written }, { when: policy }, { not: { type: 'response' } }]
  const sequence = { within: '1m', steps }
  const found = explainRule(compiled({ sequence, when: policy }), entry)
  t.equal(found.matches, true, 'one step is enough to count')
  t.strictSame(
    found.steps?.map(({ step, holds }) => [step, holds]),
    [
      ['step 1 of 2', false],
      ['step 2 of 2', true],
      ['what must not follow', false],
    ],
  )
  t.equal(found.counted?.as, 'step 2 of 2 within 1m')
  const none = {
    within: '1m',
    steps: [{ when: written }, { when: { type: 'response' } }],
  }
  t.match(failed({ sequence: none, when: policy }), { saw: 'read' })
})

t.test('what must not follow is counted as such, and is no alert', async t => {
  const steps = [{ when: written, count: 3 }, { not: policy }]
  const found = explainRule(compiled({ sequence: { within: '1m', steps } }), entry)
  t.match(found, { matches: true, counted: { as: 'what must not follow within 1m' } })
  t.equal(found.title, undefined)
  t.equal(found.steps?.[0]?.step, 'step 1 of 1 (3 times)')
})

t.test('values that are counted are told, and what has none is not counted', async t => {
  const distinct = (field: string) => ({
    when: policy,
    threshold: { count: 2, within: '1m', distinct: field },
  })
  t.match(explainRule(compiled(distinct('request.remote_address')), entry).counted, {
    as: 'one of 2 different request.remote_address within 1m',
    value: '192.0.2.7',
  })
  const none = explainRule(compiled(distinct('request.data.x')), entry)
  t.match(none, { matches: false, failed: { condition: /request\.data\.x/, saw: '-' } })
  const firstSeen = { value: 'auth.display_name', within: '30d', learning: '7d' }
  t.match(explainRule(compiled({ firstSeen }), entry).counted, { value: 'alice' })
  t.match(explainRule(compiled({ absence: { within: '5m' } }), entry).counted, {
    as: 'a sign of life, missed after 5m',
    key: {},
  })
})

t.test(
  "keys and values that are counted by are the attacker's, and shown safely",
  async t => {
    const token = `hvs.${'CAESIJ'.repeat(15)}`
    const name = `alice\n✓ forged \u001b[31m\u202e ${token}`
    const clauses = [
      {
        threshold: {
          count: 2,
          within: '1m',
          by: 'auth.display_name',
          distinct: 'auth.x',
        },
      },
      {
        firstSeen: {
          value: 'auth.x',
          by: 'auth.display_name',
          within: '30d',
          learning: '7d',
        },
      },
    ]
    for (const clause of clauses) {
      const found = explainRule(
        compiled(clause),
        auditEntry({ auth: { display_name: name, x: name } }),
      )
      const { key, value } = found.counted!
      for (const shown of [...Object.values(key), value!]) {
        t.match(
          shown,
          /^alice\\u000a✓ forged \\u001b\[31m\\u202e hvs\.\[masked\]…[0-9a-f]{16}$/,
        )
      }
    }
  },
)

t.test('a rule that is off is explained, and tokens are masked', async t => {
  const token = `hvs.${'CAESIJ'.repeat(15)}`
  const found = explainRule(
    compiled({ enabled: false, when: { 'request.path': 'x' } }),
    auditEntry({ request: { path: `auth/token/lookup/${token}` } }),
  )
  t.equal(found.isOn, false)
  t.notMatch(JSON.stringify(found), token)
})

t.test('the explanation is that of the match, for any rule and entry', async () => {
  const verdictOf = ({ kind, holds, parts = [] }: Explained): boolean => {
    const verdicts = parts.map(verdictOf)
    const verdict = {
      field: holds,
      all: verdicts.every(Boolean),
      any: verdicts.some(Boolean),
      not: !verdicts[0],
    }[kind]
    strictEqual(holds, verdict, 'a combination is told by its parts')
    return verdict
  }
  fc.assert(
    fc.property(anyCondition, anyCondition, anyEntryJson, (when, unless, json) => {
      const rule = compiled({ when, unless })
      if (rule.faults.length > 0) return
      const decoded = auditEntry(json)
      const found = explainRule(rule, decoded)
      strictEqual(found.matches, rule.matches(decoded))
      strictEqual(verdictOf(found.when) && !verdictOf(found.unless!), found.matches)
      deepStrictEqual(found.failed === undefined, found.matches)
    }),
    { numRuns: 500 },
  )
})
