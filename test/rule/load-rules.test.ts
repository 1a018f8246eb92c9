import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import { formatFault } from '../../src/fault.js'
import { suggest } from '../../src/rule/did-you-mean.js'
import { readJsonSource } from '../../src/rule/json-source.js'
import { loadRules } from '../../src/rule/load-rules.js'
import {
  alertSchema,
  areValidated,
  digestOf,
  exceptionSchema,
  overrideSchema,
  packagedRules,
  ruleSchema,
  validatedDigest,
} from '../../src/rule/packaged-rules.js'
import { readRuleFiles } from '../../src/rule/rule-files.js'
import { createSchemaCheck } from '../../src/rule/schema-check.js'
import { anyCondition, auditEntry, nested, ruleOf } from '../fixtures/rules.js'

const good = `{
  "id": "a",
  "log": "audit",
  "title": "T",
  "severity": "low",
  "when": { "x": "y" },
  "tests": [{ "name": "n", "alerts": 0, "entries": [{}] }]
}
`
const when = '{ "x": "y" }'
const withId = (id: string, text = good) => text.replace('"id": "a"', `"id": "${id}"`)

/** Writes files into a folder of the test's own and gives its path. */
function folderOf(t: Test, files: Readonly<Record<string, string>>): string {
  const folder = t.testdir()
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return folder
}

/** The ids that load from these files, and the faults, files relative to their folder. */
async function load(
  t: Test,
  files: Readonly<Record<string, string>>,
  ...paths: readonly string[]
): Promise<{ ids: string[]; faults: string[] }> {
  const folder = folderOf(t, files)
  const asked = paths.length === 0 ? [folder] : paths.map(path => join(folder, path))
  const { rules, faults } = await loadRules(asked)
  return {
    ids: rules.map(({ rule }) => rule.id),
    faults: faults.map(fault =>
      formatFault({ ...fault, file: relative(folder, fault.file) }).replaceAll(
        `${folder}/`,
        '',
      ),
    ),
  }
}

/** What replaces what in the good rule above, and the faults that come of it. */
const edits: readonly (readonly [from: string, to: string, ...faults: string[]])[] = [
  [
    '"log": "audit",',
    '"log": "audit" "x"',
    '3:18: not valid JSON: comma expected',
    '4:3: not valid JSON: colon expected',
  ],
  ['"low",', '"low"', '6:3: not valid JSON: comma expected'],
  [
    '"T",',
    '"T",, ',
    '4:16: not valid JSON: property name expected',
    '4:16: not valid JSON: value expected',
  ],
  [
    '"T"',
    "'T'",
    '4:12: not valid JSON: invalid symbol',
    '4:15: not valid JSON: value expected',
  ],
  ['"when"', '// a comment\n  "when"', '6:3: not valid JSON: invalid comment token'],
  [
    '}] }]\n}',
    '}] }],\n}',
    '8:1: not valid JSON: property name expected',
    '8:1: not valid JSON: value expected',
  ],
  [good, '', '1:1: not valid JSON: value expected'],
  [good, '[]', '1:1: must be object, got []'],
  [good, '"text"', '1:1: must be object, got "text"'],
  [
    '"log"',
    '"id": "b", "log"',
    '3:3: the key "id" is there twice',
    '2:9: the id must be the file\'s name, "a", got "b"',
  ],
  [
    '"x": "y"',
    '"x": "y", "z": {"a": 1, "a": 2}',
    '6:37: the key "a" is there twice',
    '6:29: unknown operator "a"',
  ],
  [
    '"severity"',
    '"severty"',
    '1:1: missing key "severity"',
    '5:3: unknown key "severty", did you mean "severity"?',
  ],
  [
    '"title"',
    '"throtle": {}, "title"',
    '4:3: unknown key "throtle", did you mean "throttle"?',
  ],
  [
    when,
    '{ "x": { "startWith": "y" } }',
    '6:20: unknown operator "startWith", did you mean "startsWith"?',
  ],
  [when, '{ "x": { "regex": "y" } }', '6:20: unknown operator "regex"'],
  [
    when,
    '{ "x": { "not": { "Equals": "y" } } }',
    '6:29: unknown operator "Equals", did you mean "equals"?',
  ],
  ['"title": "T",', '', '1:1: missing key "title"'],
  [when, '{ "all": { "x": "y" } }', '6:20: must be array, got {"x":"y"}'],
  [
    '"severity": "low"',
    '"severity": "hihg"',
    '5:15: must be one of critical, high, medium, low, info, got "hihg", did you mean "high"?',
  ],
  [
    '"severity": "low"',
    '"severity": 3',
    '5:15: must be one of critical, high, medium, low, info, got 3',
  ],
  [
    '"audit"',
    '"adit"',
    '3:10: must be one of audit, server, got "adit", did you mean "audit"?',
  ],
  ['"T"', '7', '4:12: must be string, got 7'],
  ['"T"', '""', '4:12: must not be empty, got ""'],
  [
    '"title"',
    '"sequence": { "within": "5m", "steps": [{ "when": { "x": "y" } }] }, "title"',
    '4:42: must have at least 2, got [{"when":{"x":"y"}}]',
  ],
  [when, '{}', '6:11: must not be empty, got {}'],
  [when, 'null', '6:11: must be object, got null'],
  [
    when,
    '{ "x": null }',
    '6:18: must be string or number or boolean or array or object, got null',
  ],
  [when, '{ "x": "" }', '6:18: must not be empty, got ""'],
  [when, '{ "x": [] }', '6:18: must not be empty, got []'],
  [when, '{ "x": ["y", ""] }', '6:24: must not be empty, got ""'],
  [when, '{ "x": {} }', '6:18: must not be empty, got {}'],
  [when, '{ "x": { "equals": "" } }', '6:30: must not be empty, got ""'],
  [
    when,
    '{ "x": { "equals": null } }',
    '6:30: must be string or number or boolean, got null',
  ],
  [when, '{ "x": { "in": [] } }', '6:26: must not be empty, got []'],
  [when, '{ "x": { "in": "names" } }', '6:26: must match pattern "^@.", got "names"'],
  [when, '{ "x": { "startsWith": [] } }', '6:34: must not be empty, got []'],
  [when, '{ "x": { "contains": 7 } }', '6:32: must be string or array, got 7'],
  [when, '{ "x": { "gt": "7" } }', '6:26: must be number, got "7"'],
  [when, '{ "x": { "exists": "yes" } }', '6:30: must be boolean, got "yes"'],
  [when, '{ "any": [] }', '6:20: must not be empty, got []'],
  [when, '{ "any": [{}] }', '6:21: must not be empty, got {}'],
  [when, '{ "not": {} }', '6:20: must not be empty, got {}'],
  [when, '{ "x": { "during": {} } }', '6:30: must not be empty, got {}'],
  [
    when,
    '{ "x": { "during": { "days": ["monday"] } } }',
    '6:41: must be one of mon, tue, wed, thu, fri, sat, sun, got "monday", did you mean "mon"?',
  ],
  [
    when,
    '{ "x": { "during": { "from": "08:00" } } }',
    '6:30: must have property to when property from is present, got {"from":"08:00"}',
  ],
  [
    when,
    '{ "x": { "during": { "from": "8:00", "to": "18:00" } } }',
    '6:40: must match pattern "^(([01]\\d|2[0-3]):[0-5]\\d|24:00)$", got "8:00"',
  ],
  [
    when,
    '{ "x": { "during": { "days": ["mon"], "zone": "Europe/Berlln" } } }',
    '6:30: unknown time zone "Europe/Berlln"',
  ],
  [
    when,
    '{ "x": { "during": { "from": "08:00", "to": "08:00" } } }',
    '6:30: "from" and "to" are both 08:00: the window is empty',
  ],
  ['"when"', '"unless": {}, "when"', '6:13: must not be empty, got {}'],
  [
    when,
    '{ "x": { "matches": "(?=y)" } }',
    '6:31: error parsing regexp: invalid or unsupported Perl syntax: `(?=`; patterns are RE2 (no look-around, no back-references), got "(?=y)"',
  ],
  [
    when,
    '{ "x": { "path": "a/*/b" } }',
    '6:28: "*" stands only at the end of a path, got "a/*/b"',
  ],
  [
    when,
    '{ "x": { "cidr": "10.0.0.0/33" } }',
    '6:28: must be an address or a network such as 10.0.0.0/8, got "10.0.0.0/33"',
  ],
  [
    when,
    '{ "x": { "in": "@vault-program" } }',
    '6:26: there is no list vault-program.json in lists/, did you mean "@vault-programs"?',
  ],
  [
    when,
    '{ "x": { "in": "@nothing-like-it" } }',
    '6:26: there is no list nothing-like-it.json in lists/',
  ],
  [
    when,
    '{ "vault.polices": "y" }',
    '6:30: no such field of the audit log, got "vault.polices", did you mean "vault.policies"?',
  ],
  ['"audit"', '"server"', '6:18: no such field of the server log, got "x"'],
  [
    when,
    '{ "7": { "equal": 7 } }',
    '6:20: unknown operator "equal", did you mean "equals"?',
  ],
  [when, '{ "a..b": 7 }', '6:21: a field path has no empty parts, got "a..b"'],
  ['"T"', '"{{x"', '4:12: "{{" and "}}" come in pairs, got "{{x"'],
  [
    '"T"',
    '"{{vault.actr}}"',
    '4:12: no such field of the audit log, got "vault.actr", did you mean "vault.actor"?',
  ],
  ['"id": "a"', '"id": "b"', '2:9: the id must be the file\'s name, "a", got "b"'],
  [
    '"id": "a"',
    '"id": "A b"',
    '2:9: must match pattern "^[A-Za-z0-9][A-Za-z0-9._-]*$", got "A b"',
    '2:9: the id must be the file\'s name, "a", got "A b"',
  ],
  [
    '"alerts": 0, ',
    '',
    '7:13: the test asserts nothing: "alerts" must say how many alerts it expects',
  ],
  [
    '"alerts": 0',
    '"alert": 0',
    '7:13: the test asserts nothing: "alerts" must say how many alerts it expects',
    '7:28: unknown key "alert", did you mean "alerts"?',
  ],
  ['"alerts": 0', '"alerts": -1', '7:38: must be >= 0, got -1'],
  [
    '"alerts": 0',
    '"alerts": 0, "title": "T"',
    '7:50: a test for no alert expects a title',
  ],
  ['[{}]', '[]', '7:52: must not be empty, got []'],
  ['[{}]', '[7]', '7:53: must be object or string, got 7'],
  [
    '[{ "name": "n", "alerts": 0, "entries": [{}] }]',
    '[]',
    '7:12: must not be empty, got []',
  ],
  [
    '"low"',
    '"low", "attack": ["1078"], "tags": [""]',
    '5:33: must match pattern "^T\\d{4}(\\.\\d{3})?$", got "1078"',
    '5:51: must not be empty, got ""',
  ],
  [
    when,
    `{ "x": ${nested(300, '{"not": ', '1', '}')} }`,
    '6:1602: not usable: nested deeper than 200 levels',
  ],
]

t.test('each fault is told with its place, what was got and what was meant', async t => {
  t.strictSame(await load(t, { 'a.json': good }), { ids: ['a'], faults: [] })
  const texts = edits.map(([from, to]) => good.replace(from, () => to))
  const files = texts.map((text, i) => [`${i + 100}/a.json`, text] as const)
  const { ids, faults } = await load(t, Object.fromEntries(files))
  t.strictSame(ids, [])
  // They all have one id, which is not the point here.
  const own = faults.filter(fault => !fault.includes('the id is taken by'))
  for (const [i, [from, to, ...expected]] of edits.entries()) {
    t.not(texts[i], good, `"${from}" is in the rule`)
    const file = `${i + 100}/a.json:`
    const actual = own.filter(fault => fault.startsWith(file))
    t.strictSame(
      actual.map(fault => fault.slice(file.length)),
      expected,
      to.slice(0, 60),
    )
  }
})

t.test('all faults of all files are told at once, and sound rules load', async t => {
  const files = {
    'audit/a.json': good,
    'audit/b.json': withId('b').replace('"low"', '"lo"').replace('"T"', '""'),
    'audit/c.json': '{',
    'audit/nested/d.json': withId('d').replace('"y"', '{ "matches": "(" }'),
    'server/e.json': withId('e').replace('"audit"', '"server"').replace('"x"', '"line"'),
    'server/README.md': 'no rule',
    'lists/mine.json': '["x"]',
    'schema/rule.schema.json': '{}',
  }
  t.strictSame(await load(t, files), {
    ids: ['a', 'e'],
    faults: [
      'audit/b.json:4:12: must not be empty, got ""',
      'audit/b.json:5:15: must be one of critical, high, medium, low, info, got "lo", did you mean "low"?',
      'audit/c.json:1:2: not valid JSON: close brace expected',
      'audit/nested/d.json:6:31: error parsing regexp: missing closing ): `(`; patterns are RE2 (no look-around, no back-references), got "("',
    ],
  })
})

t.test('of two rules with one id the first is kept', async t => {
  const files = { 'one/a.json': good, 'two/a.json': good.replace('"low"', '"high"') }
  t.strictSame(await load(t, files), {
    ids: ['a'],
    faults: [
      'two/a.json:2:9: the id is taken by one/a.json, got "a" again; overrides/a.json can change that rule',
    ],
  })
})

t.test('paths may be files and folders; one that cannot be read is a fault', async t => {
  const files = {
    'a.json': good,
    'more/b.json': withId('b'),
    'text.json/c.json': withId('c'),
  }
  const paths = ['a.json', 'more', 'absent.json', 'a.json/below', 'nul\0', 'text.json']
  const { ids, faults } = await load(t, files, ...paths)
  t.strictSame(ids, ['a', 'b', 'c'])
  t.match(faults, [
    "absent.json:1:1: can't be read: ENOENT: no such file or directory",
    "a.json/below:1:1: can't be read: ENOTDIR: not a directory",
    /^nul\0:1:1: can't be read: /,
  ])
  t.equal(faults.length, 3)
})

t.test('a link that leads nowhere or to itself is a fault, not the end', async t => {
  const folder = t.testdir({
    'a.json': good,
    'loop.json': t.fixture('symlink', 'loop.json'),
    'nowhere.json': t.fixture('symlink', 'absent'),
  })
  const { rules, faults } = await loadRules([folder])
  t.equal(rules.length, 1)
  t.match(
    faults.map(({ file, message }) => `${relative(folder, file)}: ${message}`),
    [/^loop.json: can't be read: ELOOP/, /^nowhere.json: can't be read: ENOENT/],
  )
})

t.test('lists stand beside the rules, and cover the packaged ones', async t => {
  const inList = (list: string) => good.replace('"y"', `{ "in": "@${list}" }`)
  const matches = async (files: Record<string, string>, path: string, value: unknown) => {
    const { rules, faults } = await loadRules([join(folderOf(t, files), path)])
    t.strictSame(faults, [])
    return rules.map(rule => rule.matches(auditEntry({ x: value })))
  }
  const beside = { 'audit/a.json': inList('mine'), 'audit/lists/mine.json': '["y", 7]' }
  t.strictSame(await matches(beside, 'audit/a.json', 'y'), [true])
  t.strictSame(await matches(beside, 'audit', 7), [true])
  t.strictSame(await matches(beside, '', 'z'), [false])
  const above = { 'audit/a.json': inList('mine'), 'lists/mine.json': '["y"]' }
  t.strictSame(await matches(above, 'audit/a.json', 'y'), [true])
  t.strictSame(await matches(above, 'audit', 'y'), [true])
  const nearer = { ...above, 'audit/lists/mine.json': '["z"]' }
  for (const path of ['audit/a.json', 'audit']) {
    t.strictSame(await matches(nearer, path, 'z'), [true], 'the nearer list holds')
  }
  const packaged = { 'a.json': inList('vault-programs') }
  t.strictSame(await matches(packaged, '', 'openbao'), [true])
  const covered = { ...packaged, 'lists/vault-programs.json': '[]' }
  t.strictSame(await matches(covered, '', 'openbao'), [false])
})

t.test('a list that is none is a fault, and so is a rule that needs it', async t => {
  const holds = "a list holds strings that aren't empty, numbers or booleans, got"
  const cases: readonly [list: string, fault: string][] = [
    ['{}', '1:1: a list is a JSON array, got {}'],
    ['["x", null]', `1:7: ${holds} null`],
    ['[["x"]]', `1:2: ${holds} ["x"]`],
    ['["x", ""]', `1:7: ${holds} ""`],
    ['["x",\n "y"', '2:5: not valid JSON: close bracket expected'],
    [nested(100_000), '1:201: not usable: nested deeper than 200 levels'],
  ]
  for (const [list, fault] of cases) {
    const { ids, faults } = await load(t, {
      'a.json': good.replace('"y"', '{ "in": "@mine" }'),
      'b.json': withId('b'),
      'lists/mine.json': list,
    })
    t.strictSame(ids, ['b'], list.slice(0, 20))
    t.equal(faults[0], `lists/mine.json:${fault}`)
    t.equal(faults.at(-1), 'a.json:6:26: there is no list mine.json in lists/')
  }
  const { faults } = await load(t, {
    'a.json': good.replace('"y"', '{ "startsWith": "@mine" }'),
    'lists/mine.json': '["x", 7]',
  })
  t.strictSame(faults, [
    'a.json:6:34: "startsWith" takes strings, but list @mine holds other values',
  ])
})

t.test('whatever a rule file holds, loading it gives a rule or a fault', async t => {
  const loads = async (texts: readonly string[]) => {
    const names = texts.map((text, i) => [`${i}/a.json`, text] as const)
    const { ids, faults } = await load(t, Object.fromEntries(names))
    const isTold = (name: string) => faults.some(fault => fault.startsWith(`${name}:`))
    return names.filter(([name]) => !isTold(name)).length === ids.length
  }
  const keys = [...Object.keys(JSON.parse(good) as object), '__proto__', 'constructor']
  const part = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('a', 'audit', 'low', {}, [], null),
  )
  const ruleLike = fc
    .dictionary(fc.constantFrom(...keys), part)
    .map(broken => JSON.stringify({ ...(JSON.parse(good) as object), ...broken }))
  const cut = fc.nat(good.length).map(end => good.slice(0, end))
  const file = fc.oneof(fc.json(), fc.string(), cut, ruleLike)
  await fc.assert(
    fc.asyncProperty(fc.array(file, { minLength: 50, maxLength: 50 }), loads),
    {
      numRuns: 8,
    },
  )
  const hostile = [
    nested(100_000),
    nested(100_000, '{"not":', '1', '}'),
    `"unclosed\n${nested(100_000)}`,
    `"unclosed\\\r${nested(100_000)}`,
    good.replace(when, () => nested(190, '{"not":', when, '}')),
    good.replace(when, '{ "__proto__": { "__proto__": 1 }, "constructor": "x" }'),
    good.replace(
      when,
      '{ "x": { "constructor": 1, "toString": 1, "hasOwnProperty": 1 } }',
    ),
    '\u0000',
    '\ufeff{}',
  ]
  t.ok(await loads(hostile))
})

t.test('every condition of the language passes its schema', async t => {
  const check = createSchemaCheck(ruleSchema)
  const tests = [{ name: 'n', alerts: 0, entries: [{}] }]
  fc.assert(
    fc.property(anyCondition, anyCondition, (c, d) => {
      t.strictSame(check(ruleOf({ when: c, unless: d, tests })), [])
    }),
  )
})

t.test('a fault stands at its value or key, or at the last value on its way', async t => {
  const text = '{\n  "a": [1, { "0": "x", "é": 2 }],\r\n\t"b": 3 }'
  const source = readJsonSource('f', text)
  const place = ({ line, column }: { line: number; column: number }) => [line, column]
  const cases: readonly [pointer: (string | number)[], place: [number, number]][] = [
    [[], [1, 1]],
    [['a'], [2, 8]],
    [
      ['a', 0],
      [2, 9],
    ],
    [
      ['a', 1, '0'],
      [2, 19],
    ],
    [
      ['a', 1, 0],
      [2, 19],
    ],
    [
      ['a', 1, 'é'],
      [2, 29],
    ],
    [['b'], [3, 7]],
    [
      ['b', 'c', 'd'],
      [3, 7],
    ],
    [
      ['absent', 0],
      [1, 1],
    ],
    [
      ['a', 7, 'b'],
      [2, 8],
    ],
  ]
  for (const [pointer, expected] of cases) {
    t.strictSame(place(source.fault(pointer, 'm')), expected, pointer.join('/'))
  }
  t.strictSame(place(source.keyFault(['a', 1], '0', 'm')), [2, 14])
  t.strictSame(place(source.keyFault([], 'b', 'm')), [3, 2])
  t.strictSame(place(source.keyFault([], 'absent', 'm')), [1, 1])
  t.strictSame(source.value, JSON.parse(text))
  t.strictSame(readJsonSource('f', '{"a":1,"b":{"a":1,"c":2}}').faults, [])
})

t.test('did you mean: near words, whatever their case', async t => {
  const known = ['startsWith', 'equals', 'in', 'high', 'mon', '@vault-programs']
  const cases: readonly [word: string, meant: string | undefined][] = [
    ['startWith', 'startsWith'],
    ['starts_with', 'startsWith'],
    ['STARTSWITH', 'startsWith'],
    ['equal', 'equals'],
    ['on', 'in'],
    ['hihg', 'high'],
    ['monday', 'mon'],
    ['@vault', '@vault-programs'],
    ['regex', undefined],
    ['x', undefined],
    ['', undefined],
  ]
  for (const [word, meant] of cases) {
    t.equal(suggest(word, known), meant === undefined ? '' : `, did you mean "${meant}"?`)
  }
  t.equal(suggest('x', []), '')
})

t.test('rules that the build has validated are trusted until one is edited', async t => {
  const { rules } = readRuleFiles([new URL('audit', packagedRules).pathname])
  t.ok(rules.length > 1)
  const digestFile = pathToFileURL(join(t.testdir(), 'digest'))
  t.notOk(areValidated(rules, digestFile), 'without a build nothing is')
  writeFileSync(digestFile, `${digestOf(rules)}\n`)
  t.ok(areValidated(rules, digestFile))
  t.ok(areValidated(rules.toReversed(), digestFile), 'in any order')
  t.notOk(areValidated(rules.slice(1), digestFile), 'one is missing')
  t.notOk(
    areValidated([...rules, { file: 'x.json', text: good }], digestFile),
    'one more',
  )
  const edited = rules.map((rule, i) =>
    i === 0 ? { ...rule, text: `${rule.text} ` } : rule,
  )
  t.notOk(areValidated(edited, digestFile), 'one is edited')
  const renamed = rules.map((rule, i) => (i === 0 ? { ...rule, file: 'x.json' } : rule))
  t.notOk(areValidated(renamed, digestFile), 'one is renamed')
  t.type(areValidated(rules, validatedDigest), 'boolean')
})

t.test('the published schemas are valid, and name what they are for', async t => {
  for (const schema of [ruleSchema, alertSchema]) {
    t.doesNotThrow(() => createSchemaCheck(schema))
  }
  for (const schema of [exceptionSchema, overrideSchema]) {
    t.doesNotThrow(() => createSchemaCheck(schema, ruleSchema))
  }
  t.throws(() => createSchemaCheck(new URL('absent.json', ruleSchema)))
})

t.test('a rule that breaks its schema is told of all that is wrong with it', async t => {
  const broken = `{"id":"a","log":"audit","title":"x {{y","severity":"low",
"when":{"any":{"b":1},"c":{"matches":"(?=x)"}},
"unless":{"vault.nope":"x","d":7},
"tests":[{"name":"n","alerts":0,"entries":[{"b":1}]}]}`
  const { ids, faults } = await load(t, { 'a.json': broken })
  t.strictSame(ids, [])
  t.match(faults.sort(), [
    /^a\.json:1:33: "\{\{" and "\}\}" come in pairs/,
    /^a\.json:2:15: must be array/,
    /^a\.json:2:38: error parsing regexp/,
    /^a\.json:3:24: no such field of the audit log, got "vault\.nope"/,
  ])
})

t.test(
  'each bad value of a list is told, and where a bad pattern comes from',
  async t => {
    const rule = good.replace('"y"', '{ "path": "@mine" }')
    const bad = await load(t, {
      'a.json': good,
      'lists/mine.json': '["a", null,\n {"x":1}]',
    })
    t.match(bad.faults, [
      /^lists\/mine\.json:1:7: .*, got null$/,
      /^lists\/mine\.json:2:2: .*, got \{"x":1\}$/,
    ])
    const pattern = await load(t, { 'a.json': rule, 'lists/mine.json': '["a*b"]' })
    t.match(pattern.faults, [/got "a\*b", from list @mine$/])
  },
)

t.test('a folder without rules is a fault, and a byte order mark is none', async t => {
  t.match(await load(t, { 'lists/x.json': '[]' }), {
    ids: [],
    faults: [/there is no rule file \(\*\.json\) here/],
  })
  t.strictSame(await load(t, { 'a.json': `\ufeff${good}` }), { ids: ['a'], faults: [] })
})
