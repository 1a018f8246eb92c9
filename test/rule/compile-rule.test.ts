import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import { serverFieldNames, type Entry } from '../../src/entry/entry.js'
import type { Literal } from '../../src/rule/literals.js'
import type { Condition, Rule } from '../../src/rule/rule.js'
import {
  anyCondition,
  anyEntryJson,
  anyMatcher,
  auditEntry,
  compiled,
  holds,
  nested,
} from '../fixtures/rules.js'

const emptyValues = [undefined, null, '', [], {}]
const word = (value: unknown) => JSON.stringify(value) ?? 'a missing field'

/** A matcher, values on which it holds, and values on which it doesn't. */
type MatcherCase = readonly [matcher: unknown, holds: unknown[], fails: unknown[]]

function testMatchers(t: Test, cases: readonly MatcherCase[]): void {
  for (const [matcher, holding, failing] of cases) {
    for (const [values, expected] of [
      [holding, true],
      [failing, false],
    ] as const) {
      for (const f of values) {
        const title = `${word(matcher)} ${expected ? 'holds' : 'fails'} on ${word(f)}`
        t.equal(holds({ f: matcher }, { f }), expected, title)
        t.equal(holds({ f: { not: matcher } }, { f }), !expected, `not: ${title}`)
      }
    }
  }
}

t.test('a scalar must be equal, in type and case', async t => {
  testMatchers(t, [
    ['a', ['a', ['b', 'a']], ['A', 'ab', 'ba', ' a', ['ab'], 1, true, { a: 'a' }]],
    [1, [1, [2, 1]], ['1', 10, true, [11], -1]],
    [0, [0, [0]], ['0', false, 1]],
    [true, [true, [false, true]], ['true', 1, false]],
    [false, [false], ['false', 0, true]],
    [{ equals: 'a' }, ['a', ['b', 'a']], ['A', 'ab', ['ab']]],
    [{ equals: 1 }, [1], ['1', 2]],
    [{ equals: '@names' }, ['@names'], ['alice']],
  ])
})

t.test('an array is any of its values, and so is in', async t => {
  testMatchers(t, [
    [
      ['a', 1, true],
      ['a', 1, true, ['x', 1]],
      ['b', '1', 'true', ['x', 'y'], {}],
    ],
    [{ in: ['a', 1, true] }, ['a', 1, true, ['x', 'a']], ['A', '1', 'true', [2, 'y']]],
    [['@names'], ['@names'], ['alice']],
  ])
})

t.test('operators on text take one string or any of several', async t => {
  testMatchers(t, [
    [{ startsWith: 'ab' }, ['ab', 'abc', ['x', 'abc']], ['Abc', 'xab', 'a', 7, ['xab']]],
    [{ startsWith: ['a', 'b'] }, ['ax', 'bx', ['c', 'b']], ['xa', 'xb']],
    [{ endsWith: 'bc' }, ['bc', 'abc', ['x', 'abc']], ['aBC', 'bcx', 'c', true]],
    [{ endsWith: ['a', '.b'] }, ['xa', 'x.b'], ['ax', 'xb']],
    [{ contains: 'b' }, ['b', 'abc', ['x', 'abc']], ['B', 'ac', { b: 'b' }, ['a', 'c']]],
    [{ contains: ['b', '.*'] }, ['abc', 'x.*x'], ['xyz', '*.']],
    [{ startsWith: '1' }, ['1', '12'], [1, 12]],
    [{ contains: 'rue' }, ['true'], [true]],
  ])
})

t.test('matches finds an RE2 pattern anywhere in the text', async t => {
  testMatchers(t, [
    [{ matches: 'b+' }, ['b', 'abbc', ['x', 'abc']], ['B', 'ac', 7]],
    [{ matches: '^b+$' }, ['b', 'bbb'], ['abbc', 'b\nb', 'b\n']],
    [{ matches: '(?i)^vault' }, ['VAULT x', 'vault'], ['xvault']],
    [{ matches: ['^a', 'z$'] }, ['ax', 'xz'], ['xa', 'zx']],
    [{ matches: '@a' }, ['x@a'], ['a', 'alice']],
    [{ matches: '^.$' }, ['ü', '😀'], ['ab']],
    [{ matches: '7' }, ['17'], [7, 17]],
    [{ matches: String.raw`\bsys/(policy|policies)\b` }, ['sys/policy/x'], ['sys/polic']],
  ])
})

t.test('path is a path of an ACL policy', async t => {
  testMatchers(t, [
    [{ path: 'secret/a' }, ['secret/a'], ['secret/a/', 'secret/ab', 'x/secret/a', 7]],
    [
      { path: 'secret/*' },
      ['secret/a', 'secret/a/b', 'secret/'],
      ['secret', 'xsecret/a'],
    ],
    [{ path: 'secret/a*' }, ['secret/a', 'secret/ab/c'], ['secret/b', 'secret/A']],
    [{ path: '*' }, ['a', 'a/b'], []],
    [
      { path: 'secret/+/b' },
      ['secret/a/b'],
      ['secret/a/a/b', 'secret//b', 'secret/a/bc'],
    ],
    [{ path: 'secret/+' }, ['secret/a'], ['secret/a/b', 'secret/', 'secret', 'x/a']],
    [{ path: '+/a' }, ['x/a'], ['/a', 'x/y/a', 'x/ab']],
    [{ path: 'a/+/*' }, ['a/b/c', 'a/b/c/d', 'a/b/'], ['a/b', 'a//c', 'x/b/c']],
    [{ path: 'a/+/c*' }, ['a/b/c', 'a/b/cd/e'], ['a/b/d', 'a/b/d/c', 'a/c']],
    [{ path: '+' }, ['a', ['x/y', 'a']], ['a/b']],
    [{ path: ['a/*', 'b'] }, ['a/x', 'b'], ['b/x', 'a']],
    [{ path: 'a.c' }, ['a.c'], ['abc']],
  ])
})

t.test('gt, gte, lt and lte compare numbers, and nothing else', async t => {
  testMatchers(t, [
    [{ gt: 5 }, [6, 5.1, [1, 6]], [5, 4, '6', true, [1, 2]]],
    [{ gte: 5 }, [5, 6], [4.9, '5']],
    [{ lt: 5 }, [4, -1, 0, [9, 4]], [5, 6, '4', false]],
    [{ lte: 5 }, [5, 4], [5.1, '5']],
    [{ gt: -1, lt: 1 }, [0, [0.5]], [-1, 1, [-2, 2]]],
    [{ gte: 1e21 }, [1e21, 1e300], [1e20]],
  ])
})

t.test('cidr holds on addresses inside a network, with or without a port', async t => {
  testMatchers(t, [
    [
      { cidr: '10.0.0.0/8' },
      [
        '10.0.0.0',
        '10.255.255.255',
        '10.1.2.3:5696',
        '::ffff:10.1.2.3',
        ['::1', '10.1.1.1'],
      ],
      [
        '11.0.0.0',
        '9.255.255.255',
        '10.0.0',
        'x10.1.2.3',
        '10.1.2.3/8',
        '10.1.2.300',
        10,
      ],
    ],
    [{ cidr: '192.0.2.7' }, ['192.0.2.7', '192.0.2.7:80'], ['192.0.2.8', '192.0.2.70']],
    [{ cidr: '0.0.0.0/0' }, ['1.2.3.4'], ['::1', 'localhost', '1.2.3.4:', ':80']],
    [
      { cidr: '2001:db8::/32' },
      ['2001:db8::1', '[2001:db8::1]:5696', '2001:DB8:0:0::1'],
      ['2001:db9::1', '[2001:db8::1]', '2001:db8::1]:1', '2001:db8::g'],
    ],
    [{ cidr: 'fe80::/10' }, ['fe80::1', 'fe80::1%eth0'], ['ff80::1']],
    [{ cidr: '2001:db8::1' }, ['2001:db8::1'], ['2001:db8::2']],
    [{ cidr: ['10.0.0.0/8', '::1'] }, ['10.1.1.1', '::1'], ['11.1.1.1', '::2']],
  ])
})

t.test('exists looks at the whole field', async t => {
  testMatchers(t, [
    [{ exists: true }, ['a', 0, false, ['a'], [0], { a: 1 }], emptyValues],
    [{ exists: false }, emptyValues, ['a', 0, false, ['a'], { a: 1 }]],
    [{ exists: true, startsWith: 'a' }, ['ab', ['x', 'ab']], [...emptyValues, 'x']],
    [{ exists: false, equals: 'a' }, [], [...emptyValues, 'a']],
    [{ exists: false, not: 'a' }, emptyValues, ['a', 'b']],
    [{ exists: true, not: 'a' }, ['b', ['b', 'c']], [...emptyValues, 'a', ['b', 'a']]],
  ])
})

t.test('one element of an array must satisfy all operators', async t => {
  testMatchers(t, [
    [
      { startsWith: 'a', endsWith: 'z' },
      ['a-z', 'az', ['x', 'a-z'], [['x'], ['a-z']]],
      ['a', 'z', ['a', 'z'], ['ab', 'yz']],
    ],
    [
      { contains: 'a', matches: '^b', in: ['ba', 'ca'] },
      ['ba', ['x', 'ba']],
      ['ca', ['ca', 'bx']],
    ],
    [{ gt: 1, lt: 5 }, [3, [0, 3, 9]], [[0, 9], 5]],
  ])
})

t.test('not negates the whole matcher, not one element of it', async t => {
  testMatchers(t, [
    [{ not: 'a' }, ['b', 'A', 1, ['b', 'c'], ...emptyValues], ['a', ['b', 'a']]],
    [{ not: ['a', 'b'] }, ['c', ...emptyValues], ['a', 'b', ['c', 'b']]],
    [{ not: { startsWith: 'a', endsWith: 'z' } }, ['a', ['a', 'z']], ['az', ['x', 'az']]],
    [{ not: { not: 'a' } }, ['a', ['b', 'a']], ['b', ...emptyValues]],
    [{ startsWith: 'a', not: 'ab' }, ['ac', ['ac', 'x']], ['ab', ['ac', 'ab'], 'x']],
    [{ not: { exists: true } }, emptyValues, ['a', 0]],
  ])
})

t.test('nothing but exists: false and not holds on what counts as missing', async t => {
  const matchers = [
    'a',
    ['a', 0, false],
    { equals: 'a' },
    { in: ['a', 0] },
    { startsWith: 'a' },
    { endsWith: 'a' },
    { contains: 'a' },
    { matches: '^$' },
    { matches: '.*' },
    { path: '*' },
    { exists: true },
    { gt: -1 },
    { gte: 0 },
    { lt: 1 },
    { lte: 0 },
    { cidr: '::/0' },
    { during: { from: '00:00', to: '24:00' } },
  ]
  testMatchers(
    t,
    matchers.map(matcher => [matcher, [], emptyValues]),
  )
  t.notOk(holds({ f: { matches: '^$' } }, { f: ['', null, [], {}] }))
  t.notOk(holds({ 'f.g': { exists: true } }, { f: [{ g: '' }, { g: null }, {}] }))
})

t.test('@name stands for the values of a list', async t => {
  testMatchers(t, [
    [{ in: '@names' }, ['alice', ['x', 'bob']], ['Alice', '@names', 'ali']],
    [{ in: '@numbers' }, [7, 8], ['7', 9]],
    [{ startsWith: '@names' }, ['alice-2'], ['x-alice', '@names']],
    [{ endsWith: '@names' }, ['x-bob'], ['bob-x']],
    [{ contains: '@names' }, ['x-bob-x'], ['bo']],
    [{ path: '@names' }, ['bob'], ['bob/x']],
    [{ in: '@empty' }, [], ['', 'a', ...emptyValues]],
    [{ startsWith: '@empty' }, [], ['a']],
    [{ cidr: '@empty' }, [], ['10.0.0.1']],
    [{ startsWith: ['@names'] }, ['@names x'], ['alice']],
  ])
})

t.test('during is a window on the clock of a zone', async t => {
  const office = {
    days: ['mon', 'tue', 'wed', 'thu', 'fri'],
    from: '08:00',
    to: '18:00',
    zone: 'Europe/Berlin',
  }
  const nightOf = (day: string, zone?: string) => ({
    days: [day],
    from: '22:00',
    to: '06:00',
    ...(zone === undefined ? {} : { zone }),
  })
  const berlinHour = { from: '02:00', to: '03:00', zone: 'Europe/Berlin' }
  const cases: readonly [string, object, string[], string[]][] = [
    [
      'office hours, before and after the clocks change on 29 March',
      office,
      [
        '2026-03-27T07:00:00Z',
        '2026-03-27T16:59:59.999999999Z',
        '2026-03-27T08:00:00+01:00',
        '2026-03-30T06:00:00Z',
        '2026-03-27t07:00:00z',
      ],
      [
        '2026-03-27T06:59:59.999Z',
        '2026-03-27T17:00:00Z',
        '2026-03-28T10:00:00Z',
        '2026-03-29T10:00:00Z',
        '2026-03-30T05:59:00Z',
        '2026-03-30T16:00:00Z',
      ],
    ],
    [
      'a window over midnight belongs to its first day',
      nightOf('fri'),
      ['2026-03-27T22:00:00Z', '2026-03-28T00:00:00Z', '2026-03-28T05:59:59Z'],
      [
        '2026-03-27T21:59:59Z',
        '2026-03-28T06:00:00Z',
        '2026-03-27T05:59:59Z',
        '2026-03-28T22:00:00Z',
      ],
    ],
    [
      'from Saturday into Sunday, the night that the clocks go forward',
      nightOf('sat', 'Europe/Berlin'),
      ['2026-03-28T21:00:00Z', '2026-03-29T03:59:59Z'],
      ['2026-03-28T20:59:59Z', '2026-03-29T04:00:00Z'],
    ],
    [
      'from Saturday into Sunday, the night that they go back',
      nightOf('sat', 'Europe/Berlin'),
      ['2026-10-24T20:00:00Z', '2026-10-25T04:59:59Z'],
      ['2026-10-24T19:59:59Z', '2026-10-25T05:00:00Z'],
    ],
    ['from Sunday into Monday', nightOf('sun'), ['2026-03-30T05:00:00Z'], []],
    [
      'an hour that is left out',
      berlinHour,
      [],
      ['2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z'],
    ],
    [
      'an hour that comes twice',
      berlinHour,
      ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
      ['2026-10-24T23:59:59Z', '2026-10-25T02:00:00Z'],
    ],
    [
      'a zone of half an hour, a day ahead of UTC',
      { days: ['tue'], from: '00:00', to: '05:30', zone: 'Asia/Kolkata' },
      ['2026-03-02T18:30:00Z', '2026-03-02T23:59:59Z'],
      ['2026-03-02T18:29:59Z', '2026-03-03T00:00:00Z'],
    ],
    [
      'days only, in UTC',
      { days: ['mon'] },
      ['2026-03-02T00:00:00Z', '2026-03-02T23:59:59Z', '2026-03-03T01:00:00+02:00'],
      ['2026-03-01T23:59:59Z', '2026-03-03T00:00:00Z'],
    ],
    [
      'up to midnight',
      { from: '18:00', to: '24:00' },
      ['2026-03-02T18:00:00Z', '2026-03-02T23:59:59Z'],
      ['2026-03-02T00:00:00Z', '2026-03-02T17:59:59Z'],
    ],
    [
      'what is no RFC 3339 time is in no window',
      { from: '00:00', to: '24:00' },
      ['2026-03-02T18:00:00Z'],
      [
        'node 5',
        '1',
        '2026-03-02',
        '2026-03-02T18:00:00',
        'Mar 2',
        '2026-13-02T18:00:00Z',
      ],
    ],
  ]
  for (const [name, during, inside, outside] of cases) {
    await t.test(name, async t => testMatchers(t, [[{ during }, inside, outside]]))
  }
  const when = { time: { during: { from: '10:00', to: '11:00' } } }
  t.ok(holds(when, { time: '2026-03-02T10:15:30.412345678Z' }))
  t.notOk(holds(when, { time: '2026-03-02T11:15:30.412345678Z' }))
  t.notOk(holds(when, {}), 'an entry without a time is in no window')
  t.notOk(holds({ f: { during: { days: ['mon'] } } }, { f: 1772445330000 }))
})

t.test('a field path leads through objects and arrays', async t => {
  const proto = '{"__proto__":"x","constructor":{"a":"x"}}'
  const cases: readonly [path: string, found: unknown[], notFound: unknown[]][] = [
    ['a', [{ a: 'x' }, { a: ['y', 'x'] }], [{ b: 'x' }, { A: 'x' }, { b: { a: 'x' } }]],
    ['a.b', [{ a: { b: 'x' } }], [{ 'a.b': 'x' }, { a: 'x' }, { a: null }, { b: 'x' }]],
    [String.raw`a\.b`, [{ 'a.b': 'x' }], [{ a: { b: 'x' } }]],
    [String.raw`a\.b.c`, [{ 'a.b': { c: 'x' } }], [{ a: { b: { c: 'x' } } }]],
    [String.raw`a\\.b`, [{ 'a\\': { b: 'x' } }], [{ 'a.b': 'x' }, { a: { b: 'x' } }]],
    [String.raw`a\b`, [{ 'a\\b': 'x' }], [{ ab: 'x' }]],
    ['a.b', [{ a: [{ b: 'x' }] }, { a: [[{ b: 'y' }, { b: ['x'] }]] }], [{ a: ['x'] }]],
    ['a.0', [{ a: { 0: 'x' } }, { a: [{ 0: 'x' }] }], [{ a: ['x'] }]],
    ['*', [{ a: 'x' }, { a: ['x'] }], [{ a: { b: 'x' } }, {}]],
    ['a.*', [{ a: { b: 'x' } }, { a: ['x'] }, { a: [['x']] }], [{ a: 'x' }, { b: 'x' }]],
    ['a.*.b', [{ a: { c: { b: 'x' } } }, { a: [{ b: 'x' }] }], [{ a: { b: 'x' } }]],
    ['*.*', [{ a: { b: 'x' } }, { a: ['x'] }], [{ a: 'x' }]],
    ['a.*.*', [{ a: [{ b: 'x' }] }, { a: { b: { c: 'x' } } }], [{ a: ['x'] }]],
    [String.raw`a.\*`, [{ a: { '*': 'x' } }], [{ a: { b: 'x' } }]],
    ['a*', [{ 'a*': 'x' }], [{ ab: 'x' }]],
    ['__proto__', [proto], ['{}', '{"a":"x"}']],
    ['constructor.a', [proto], ['{}']],
    ['all\\.', [{ 'all.': 'x' }], [{ all: 'x' }]],
  ]
  for (const [path, found, notFound] of cases) {
    for (const json of found) t.ok(holds({ [path]: 'x' }, json), `${path} ${word(json)}`)
    for (const json of notFound) {
      t.notOk(holds({ [path]: 'x' }, json), `${path} is not in ${word(json)}`)
    }
  }
  for (const inherited of ['constructor', 'toString', 'a.length', 'a.at', 'a.valueOf']) {
    t.notOk(holds({ [inherited]: { exists: true } }, { a: 'text' }), inherited)
    t.notOk(holds({ [inherited]: { exists: true } }, { a: ['text'] }), inherited)
  }
  for (const path of ['', '.', 'a.', '.a', 'a..b']) {
    const message = `a field path has no empty parts, got "${path}"`
    t.strictSame(compiled({ when: { [path]: 'x' } }).faults, [`/when/${path} ${message}`])
  }
})

t.test('line and time are there for both logs', async t => {
  const entry: Entry = {
    ...auditEntry({ time: 'no time', line: 'field' }),
    line: 'raw line',
    time: '2026-03-02T10:15:30Z',
  }
  const ofLog = (log: Entry['log'], when: Condition) =>
    compiled({ log, when }).matches({ ...entry, log })
  for (const log of ['audit', 'server'] as const) {
    t.ok(ofLog(log, { line: 'raw line' }))
    t.notOk(ofLog(log, { line: 'field' }))
    t.ok(ofLog(log, { time: '2026-03-02T10:15:30Z' }))
    t.notOk(ofLog(log, { time: 'no time' }))
  }
})

t.test('vault.* is what the decoder derives from an audit entry', async t => {
  const login = (mount: string | undefined, path: string, more: object) => ({
    type: 'response',
    request: { path, mount_point: mount },
    ...more,
  })
  const alice = { entity_id: 'e', accessor: 'acc', display_name: 'alice' }
  const cases: readonly [field: string, entry: object, expected: unknown][] = [
    ['actor', { auth: alice, request: { remote_address: '192.0.2.1' } }, 'e'],
    ['actor', { auth: { ...alice, entity_id: '' } }, 'acc'],
    ['actor', { auth: { display_name: 'alice' } }, 'alice'],
    ['actor', { auth: {}, request: { remote_address: '192.0.2.1' } }, '192.0.2.1'],
    ['policies', { auth: { policies: ['x', 'p'] } }, 'p'],
    ['policies', { auth: { token_policies: ['p'] } }, 'p'],
    ['policies', { auth: { identity_policies: ['p'] } }, 'p'],
    ['policies', { auth: { external_namespace_policies: { ns: ['p'] } } }, 'p'],
    ['mount', { request: { path: 'kv/a/b', mount_point: 'kv/a/' } }, 'kv/a/'],
    ['mount', { request: { path: 'kv/a/b' } }, 'kv/'],
    ['mount', { request: { path: 'auth/ldap/login/x' } }, 'auth/ldap/'],
    ['mount', { request: { path: 'auth/a/b/approle/login' } }, 'auth/a/b/approle/'],
    ['subpath', { request: { path: 'auth/a/b/userpass/login/x' } }, 'login/x'],
    ['mount', { request: { path: 'auth/a/oidc/oidc/callback' } }, 'auth/a/oidc/'],
    ['mount', { request: { path: 'auth/approle/role/login' } }, 'auth/approle/'],
    ['subpath', { request: { path: 'auth/users/login/x' } }, 'login/x'],
    ['login', login(undefined, 'auth/users/login/x', { error: 'invalid' }), 'failed'],
    ['login', login(undefined, 'auth/certs/login', { error: 'invalid' }), 'failed'],
    ['subpath', { request: { path: 'kv/a/b', mount_point: 'kv/a/' } }, 'b'],
    ['subpath', { request: { path: 'kv/a/b' } }, 'a/b'],
    [
      'subpath',
      { request: { path: 'kv/b', mount_point: 'ns/kv/', namespace: { path: 'ns/' } } },
      'b',
    ],
    [
      'login',
      login('auth/l/', 'auth/l/login/x', { response: { auth: alice } }),
      'succeeded',
    ],
    ['login', login('auth/l/', 'auth/l/login/x', { error: 'invalid' }), 'failed'],
    ['outcome', { type: 'request', error: 'permission denied' }, 'denied'],
    ['outcome', { type: 'response', error: 'other' }, 'failed'],
    ['outcome', { type: 'response' }, 'succeeded'],
  ]
  for (const [field, entry, expected] of cases) {
    const title = `vault.${field} of ${word(entry)}`
    t.ok(holds({ [`vault.${field}`]: expected }, entry), title)
    t.notOk(holds({ [`vault.${field}`]: 'another' }, entry), `only ${title}`)
  }
  const silent: readonly [field: string, entry: object][] = [
    ['actor', {}],
    ['policies', { response: { auth: { policies: ['root'] } } }],
    ['mount', {}],
    ['subpath', { request: {} }],
    ['login', { ...login('auth/l/', 'auth/l/login/x', {}), type: 'request' }],
    ['login', login('kv/', 'kv/login', { response: { auth: alice } })],
    ['login', login('auth/l/', 'auth/l/role/login', { response: { auth: alice } })],
    ['login', login(undefined, 'auth/users/users/login', { response: { auth: alice } })],
    ['outcome', { type: 'request' }],
  ]
  for (const [field, entry] of silent) {
    t.ok(
      holds({ [`vault.${field}`]: { exists: false } }, entry),
      `no ${field}: ${word(entry)}`,
    )
  }
})

t.test(
  'a field that its log cannot have is a fault, with the nearest that it has',
  async t => {
    const cases: readonly [log: Rule['log'], field: string, hint: string][] = [
      ['audit', 'vault.polices', ', did you mean "vault.policies"?'],
      ['audit', 'vault.nothing-like-it', ''],
      ['audit', 'vault.constructor', ''],
      ['audit', 'vault.__proto__', ''],
      ['audit', 'vault.policies.x', ', did you mean "vault.policies"?'],
      ['audit', 'vault', ', did you mean "vault.actor"?'],
      ['server', 'mesage', ', did you mean "message"?'],
      ['server', 'request.path', ''],
      ['server', 'vault.actor', ''],
      ['server', '*', ''],
      ['server', 'lines', ', did you mean "line"?'],
    ]
    for (const [log, field, hint] of cases) {
      const { faults, matches } = compiled({ log, when: { [field]: { exists: true } } })
      const message = `no such field of the ${log} log, got "${field}"${hint}`
      t.strictSame(faults, [`/when/${field} ${message}`])
      t.doesNotThrow(() => matches(auditEntry({ a: 1 })))
    }
    for (const field of [
      ...serverFieldNames,
      'fields.path',
      'fields.*',
      'line',
      'time',
    ]) {
      t.strictSame(compiled({ log: 'server', when: { [field]: 'x' } }).faults, [], field)
    }
  },
)

t.test('all, any, not and unless combine conditions, nested as one likes', async t => {
  const [a, b, c] = ['a', 'b', 'c'].map(flag => ({ [flag]: true })) as [
    Condition,
    Condition,
    Condition,
  ]
  type Truth = (a: boolean, b: boolean, c: boolean) => boolean
  const cases: readonly [Pick<Rule, 'when' | 'unless'>, Truth][] = [
    [{ when: { a: true, b: true } }, (a, b) => a && b],
    [{ when: { all: [a, b] } }, (a, b) => a && b],
    [{ when: { any: [a, b] } }, (a, b) => a || b],
    [{ when: { not: a } }, a => !a],
    [{ when: { not: { a: true, b: true } } }, (a, b) => !(a && b)],
    [{ when: { c: true, any: [a, b] } }, (a, b, c) => c && (a || b)],
    [
      { when: { any: [a, b], all: [c], not: { all: [a, b] } } },
      (a, b, c) => a !== b && c,
    ],
    [{ when: { any: [{ all: [a, b] }, { not: c }] } }, (a, b, c) => (a && b) || !c],
    [
      { when: { all: [{ any: [a, { not: b }] }, { any: [b, c] }] } },
      (a, b, c) => (a || !b) && (b || c),
    ],
    [
      { when: { not: { any: [a, { not: { any: [b, c] } }] } } },
      (a, b, c) => !(a || !(b || c)),
    ],
    [{ when: a, unless: b }, (a, b) => a && !b],
    [{ when: a, unless: { b: true, c: true } }, (a, b, c) => a && !(b && c)],
    [{ when: a, unless: { any: [b, c] } }, (a, b, c) => a && !(b || c)],
    [{ when: { any: [a, b] }, unless: { not: c } }, (a, b, c) => (a || b) && c],
  ]
  for (const [rule, truth] of cases) {
    const { matches, faults } = compiled(rule)
    t.strictSame(faults, [])
    for (let bits = 0; bits < 8; bits++) {
      const [x, y, z] = [(bits & 1) > 0, (bits & 2) > 0, (bits & 4) > 0]
      const actual = matches(auditEntry({ a: x, b: y, c: z }))
      t.equal(actual, truth(x, y, z), `${word(rule)} at ${x} ${y} ${z}`)
    }
  }
})

t.test('the laws of logic hold on any condition and entry', async t => {
  const verdict = (rule: Pick<Rule, 'when' | 'unless'>, json: string) => {
    const { matches, faults } = compiled(rule)
    t.strictSame(faults, [])
    return matches(auditEntry(json))
  }
  const same = (json: string, one: Condition, other: Condition) =>
    verdict({ when: one }, json) === verdict({ when: other }, json)
  const anyField = fc.constantFrom('a', 'a.b', '*', 'auth.policies')
  fc.assert(
    fc.property(anyCondition, anyEntryJson, (c, json) => {
      return (
        same(json, c, { not: { not: c } }) &&
        same(json, c, { any: [c] }) &&
        same(json, c, { all: [c] }) &&
        !same(json, c, { not: c })
      )
    }),
  )
  fc.assert(
    fc.property(anyCondition, anyCondition, anyEntryJson, (c, d, json) => {
      const unless = verdict({ when: c, unless: d }, json)
      return (
        unless === verdict({ when: { all: [c, { not: d }] } }, json) &&
        same(json, { not: { any: [c, d] } }, { all: [{ not: c }, { not: d }] })
      )
    }),
  )
  fc.assert(
    fc.property(anyField, anyMatcher, anyEntryJson, (field, matcher, json) => {
      return (
        same(json, { [field]: matcher }, { [field]: { not: { not: matcher } } }) &&
        same(json, { [field]: { not: matcher } }, { not: { [field]: matcher } })
      )
    }),
  )
})

t.test('what a matching line must hold is derived from a condition', async t => {
  const short = ({ text, at, isWhole, under }: Literal) => {
    const place = under ?? (at === 'value' ? 'any' : at)
    return `${place}${isWhole ? '=' : at === 'value' ? '^' : '~'}${text}`
  }
  const cases: readonly [Rule['log'], Condition, string[][]][] = [
    ['audit', { a: 'x' }, [['a=x']]],
    ['audit', { 'a.b': true }, [['b=true']]],
    ['audit', { 'a.*': 'x' }, [['any=x'], ['key=a']]],
    ['audit', { a: ['x', 'y'], b: { contains: 'z' } }, [['a=x', 'a=y'], ['b~z']]],
    ['audit', { a: ['x', 7] }, [['key=a']]],
    ['audit', { a: 7, b: { gt: 5 } }, [['key=a'], ['key=b']]],
    ['audit', { a: { matches: 'x' } }, [['key=a']]],
    ['audit', { a: { exists: true }, b: { exists: false } }, [['key=a']]],
    ['audit', { a: { startsWith: 'x', not: 'xy' }, not: { b: 'z' } }, [['a^x']]],
    ['audit', { a: { in: '@names' } }, [['a=alice', 'a=bob']]],
    [
      'audit',
      { a: { path: ['sys/+/longer/*', 'b'] } },
      [
        ['a^sys/', 'a=b'],
        ['a~/longer/', 'a~b'],
      ],
    ],
    ['audit', { a: { path: '+/*' } }, [['a~/']]],
    ['audit', { a: { path: '*' } }, [['key=a']]],
    ['audit', { any: [{ a: 'x' }, { b: 'y', c: 'longer' }] }, [['a=x', 'c=longer']]],
    ['audit', { any: [{ a: 'x' }, { b: { not: 7 } }] }, []],
    [
      'audit',
      {
        any: [
          { a: 'x', c: 'longer' },
          { c: 'long', a: 'x' },
        ],
      },
      [['c=longer', 'c=long'], ['a=x']],
    ],
    ['audit', { any: [{ a: 'x' }, { a: 'x', b: { gt: 5 } }] }, [['a=x']]],
    ['audit', { all: [{ a: 'x' }, { b: 'yy' }] }, [['b=yy'], ['a=x']]],
    ['audit', { 'vault.login': 'succeeded' }, [['path^auth/'], ['type~response']]],
    [
      'audit',
      { 'vault.login': 'failed' },
      [['path^auth/'], ['type~response'], ['key=error', 'key=errors']],
    ],
    [
      'audit',
      { 'vault.outcome': 'denied' },
      [['key=error', 'key=errors', 'allowed=false']],
    ],
    ['audit', { 'vault.outcome': ['failed', 'succeeded'] }, []],
    ['audit', { 'vault.mount': ['pki/', 'b'] }, [['path^b', 'path^pki']]],
    ['audit', { 'vault.mount': '/' }, []],
    ['audit', { 'vault.subpath': 'config' }, [['path~config']]],
    ['audit', { 'vault.actor': 'alice' }, [['any=alice']]],
    [
      'audit',
      { 'vault.policies': 'x' },
      [['policies=x', 'token_policies=x', 'identity_policies=x']],
    ],
    ['audit', { 'vault.policies': { not: 'x' } }, []],
    ['audit', { line: { contains: '"a":1' } }, [['line~"a":1']]],
    ['server', { program: 'vault', message: 'sealed' }, [['anywhere~sealed']]],
    ['server', { time: '2026-03-02T10:15:30Z', 'fields.path': 'x' }, []],
  ]
  for (const [log, when, expected] of cases) {
    const groups = compiled({ log, when }).literals.map(group => group.map(short))
    const sorted = (of: string[][]) => of.map(group => [...group].sort().join(' ')).sort()
    t.strictSame(sorted(groups), sorted(expected), `${log} ${word(when)}`)
  }
})

t.test(
  'what cannot be compiled is a fault, and the rule goes on without throwing',
  async t => {
    const re2 = 'patterns are RE2 (no look-around, no back-references)'
    const cases: readonly [matcher: object, fault: string][] = [
      [
        { matches: '(' },
        `/matches error parsing regexp: missing closing ): \`(\`; ${re2}, got "("`,
      ],
      [
        { matches: '(?=a)' },
        `/matches error parsing regexp: invalid or unsupported Perl syntax: \`(?=\`; ${re2}, got "(?=a)"`,
      ],
      [
        { matches: ['a', String.raw`(a)\1`] },
        `/matches error parsing regexp: invalid escape sequence: \`\\1\`; ${re2}, got "(a)\\1"`,
      ],
      [{ path: 'a/*/b' }, '/path "*" stands only at the end of a path, got "a/*/b"'],
      [
        { path: 'a/b+' },
        '/path "+" stands for a whole segment, between slashes, got "a/b+"',
      ],
      [{ path: 'a/+*' }, '/path "+*" is no wildcard; write "+/*" or "*", got "a/+*"'],
      [
        { path: '@numbers' },
        '/path "path" takes strings, but list @numbers holds other values',
      ],
      [
        { in: '@name' },
        '/in there is no list name.json in lists/, did you mean "@names"?',
      ],
      [{ contains: '@x' }, '/contains there is no list x.json in lists/'],
      [{ not: { not: { in: '@x' } } }, '/not/not/in there is no list x.json in lists/'],
      [
        { during: { days: ['mon'], zone: 'Europe/Berlln' } },
        '/during unknown time zone "Europe/Berlln"',
      ],
      [
        { during: { from: '08:00', to: '08:00' } },
        '/during "from" and "to" are both 08:00: the window is empty',
      ],
      [
        { during: { from: '24:00', to: '00:00' } },
        '/during nothing lies between 24:00 and 00:00: the window is empty',
      ],
      ...[
        '10.0.0.0/33',
        '10.0.0/8',
        'fe80::/129',
        '10.0.0.0/8/8',
        '10.0.0.0/',
        '10.0.0.0/-1',
        'host',
        '10.0.0.0/x',
        '::/1e1',
      ].map((network): [object, string] => [
        { cidr: network },
        `/cidr must be an address or a network such as 10.0.0.0/8, got "${network}"`,
      ]),
    ]
    for (const [matcher, fault] of cases) {
      const { faults, matches } = compiled({
        when: { any: [{ a: 'x' }, { f: matcher }] },
      })
      t.strictSame(faults, [`/when/any/1/f${fault}`])
      t.doesNotThrow(() => matches(auditEntry({ f: '10.0.0.1' })))
    }
    t.equal(
      compiled({
        title: '{{',
        when: { 'a.': 1, b: { cidr: 'x' } },
        unless: { b: { in: '@x' } },
      }).faults.length,
      4,
      'all faults of a rule are told at once',
    )
  },
)

t.test('a hostile line of 256 KB takes no time', async t => {
  const started = performance.now()
  const lines = ['vault '.repeat(43_690), 'a'.repeat(262_144), '/'.repeat(262_144)]
  for (const line of lines) {
    for (const pattern of ['vault.*vault is sealed', '(a+)+$!', '(a|a)*b', '^(.*/)*x']) {
      t.notOk(holds({ a: { matches: pattern } }, { a: line }), pattern)
    }
    t.notOk(holds({ a: { path: '+/+/x*' } }, { a: line }))
    t.notOk(holds({ a: { cidr: '::/0' } }, { a: line }))
    t.notOk(
      holds({ 'vault.login': { exists: true } }, { request: { path: `auth/${line}` } }),
    )
  }
  const spent = performance.now() - started
  t.ok(spent < 3000, `${Math.round(spent)} ms`)
})

t.test('matching and titles never throw, whatever the entry', async t => {
  const title = '{{a}} {{*.a}} {{vault.actor}} {{line}} {{__proto__}}'
  fc.assert(
    fc.property(
      anyCondition,
      anyCondition,
      fc.oneof(anyEntryJson, fc.json()),
      (c, d, json) => {
        const rule = compiled({ when: c, unless: d, title })
        const entry = auditEntry(json.startsWith('{') ? json : `{"a":${json}}`)
        rule.matches(entry)
        return rule.title(entry).length <= 500
      },
    ),
    { numRuns: 500 },
  )
  const deep = 100_000
  const hostile = [
    `{"a":${nested(deep)}}`,
    `{"a":${nested(deep, '[1,', '2')}}`,
    nested(deep, '{"a":', '1', '}'),
    nested(deep, '[{"a":', '1', '}]').slice(1, -1),
    `{"auth":{"policies":${nested(deep)}},"request":{"path":${nested(deep)}}}`,
    nested(deep, '{"__proto__":', '1', '}'),
  ]
  const paths = ['a', 'a.a', '*', '*.*.a', 'vault.policies', 'vault.mount', '__proto__.a']
  for (const json of hostile) {
    const entry = auditEntry(json)
    for (const path of paths) {
      const rule = compiled({
        when: { [path]: { not: 'x', in: ['y'] } },
        title: `{{${path}}}`,
      })
      t.doesNotThrow(() => rule.matches(entry), `${json.slice(0, 30)} ${path}`)
      t.ok(rule.title(entry).length <= 500)
    }
  }
})

t.test('a title shows fields as one bounded line without secrets', async t => {
  const token = `hvs.${'CAESIJ'.repeat(10)}`
  const cases: readonly [title: string, entry: object, expected: string][] = [
    ['Sealed', {}, 'Sealed'],
    ['{{a}} by {{ b.c }}', { a: 'x', b: { c: 'y' } }, 'x by y'],
    ['{{a}}{{a}}', { a: 'x' }, 'xx'],
    ['{{a}}', { a: '{{b}}', b: 'x' }, '{{b}}'],
    ...emptyValues.map((a): [string, object, string] => ['is {{a}}', { a }, 'is -']),
    ['{{a.b.c}}', { a: 'x' }, '-'],
    ['{{a}}', { a: 0 }, '0'],
    ['{{a}}', { a: false }, 'false'],
    ['{{a}}', { a: ['x', 'y', 7] }, 'x, y, 7'],
    ['{{a}}', { a: ['x', null, ['y']] }, 'x, -, y'],
    ['{{a}}', { a: { b: 1 } }, '{…}'],
    ['{{a.*.b}}', { a: [{ b: 'x' }, {}, { b: 'y' }] }, 'x, y'],
    [String.raw`{{a\.b}}`, { 'a.b': 'x' }, 'x'],
    ['{{vault.mount}}', { request: { path: 'kv/x' } }, 'kv/'],
    ['{{line}}', { a: 1 }, '{"a":1}'],
    ['{{time}}', { time: '2026-03-02T10:15:30Z' }, '2026-03-02T10:15:30Z'],
    ['{{a}}', { a: `x ${token} y` }, 'x hvs.[masked] y'],
    ['{{a}}', { a: ['x', token] }, 'x, hvs.[masked]'],
    ['{{a}}', { a: 'x\ny\u202ez\u0000' }, String.raw`x\u000ay\u202ez\u0000`],
    ['{{a}}!', { a: 'x'.repeat(201) }, `${'x'.repeat(199)}…!`],
    ['{{a}}{{a}}{{a}}', { a: 'x'.repeat(200) }, `${'x'.repeat(499)}…`],
    ['{{a}}', { a: `${'x'.repeat(198)}😀😀` }, `${'x'.repeat(198)}…`],
    ['{{a}}', { a: '<!channel> @here' }, '<!channel> @here'],
  ]
  for (const [title, entry, expected] of cases) {
    const rule = compiled({ title })
    t.strictSame(rule.faults, [], title)
    t.equal(rule.title(auditEntry(entry)), expected)
  }
})

t.test('the braces of a title come in pairs, around a field', async t => {
  for (const title of ['{{a', 'a}}', '{{a}} }}', '{{a}} {{b', '{{\n}}']) {
    t.strictSame(compiled({ title }).faults, [
      `/title "{{" and "}}" come in pairs, got "${title}"`,
    ])
  }
  t.strictSame(compiled({ title: '{{}}' }).faults, [
    '/title a field path has no empty parts, got ""',
  ])
  t.strictSame(compiled({ title: '{{vault.actr}}' }).faults, [
    '/title no such field of the audit log, got "vault.actr", did you mean "vault.actor"?',
  ])
  t.match(compiled({ title: '{{{a}}}' }).faults, [/^\/title a field between/])
  t.strictSame(compiled({ title: 'a { b } {c}' }).faults, [])
})
