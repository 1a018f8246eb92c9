import * as fc from 'fast-check'
import t from 'tap'
import { isUndecodable } from '../../src/entry/entry.js'
import { decodeAuditEntry } from '../../src/entry/audit-entry.js'
import { epochOf } from '../../src/entry/rfc3339.js'
import type { LiteralGroups } from '../../src/rule/literals.js'
import { createScanner } from '../../src/scan/scanner.js'
import { auditLine } from '../fixtures/entries.js'
import { anyCondition, anyEntryJson, auditEntry, compiled } from '../fixtures/rules.js'
import { writtenJson } from '../fixtures/written-json.js'

interface Scanned {
  readonly line: string
  readonly candidates: readonly number[] | undefined
  readonly time: string | undefined
  readonly requestId: string | undefined
}

function scan(input: string | Buffer, rules: readonly LiteralGroups[] = []): Scanned[] {
  const chunk = Buffer.from(input)
  const next = createScanner(rules, 'audit').scan(chunk)
  const lines: Scanned[] = []
  for (let line = next(true); line !== undefined; line = next(true)) {
    const { start, end, candidates } = line
    const isTold = candidates !== undefined
    lines.push({
      line: chunk.toString('utf8', start, end),
      candidates,
      time: isTold ? line.time() : undefined,
      requestId: isTold ? line.requestId() : undefined,
    })
  }
  return lines
}

/** Mutants of a text: cut, doubled, with other bytes in it. */
const mutations = fc.array(
  fc.record({
    at: fc.nat(400),
    drop: fc.nat(3),
    put: fc.oneof(
      fc.constantFrom(
        ...'{}[]",:\\\n\t 0.-eEtfn/'.split(''),
        '\\"',
        '\\\\',
        '\\u00e9',
        '\\u0',
        'true',
        'null',
        '"a":1,',
        '{"time":"x"}',
      ),
      fc.string({ maxLength: 2 }),
    ),
  }),
  { maxLength: 3 },
)

function mutated(
  text: string,
  changes: readonly { at: number; drop: number; put: string }[],
) {
  return changes.reduce((now, { at, drop, put }) => {
    const i = at % (now.length + 1)
    return now.slice(0, i) + put + now.slice(i + drop)
  }, text)
}

const anyJson = anyEntryJson.chain(json => writtenJson(JSON.parse(json)))

t.test('lines are what stands between newlines', async t => {
  const bytes = fc.uint8Array({ maxLength: 300 }).map(b => Buffer.from(b))
  fc.assert(
    fc.property(
      fc.oneof(
        bytes,
        anyJson.map(j => Buffer.from(j)),
      ),
      input => {
        const chunk = Buffer.concat([input, Buffer.from('\n')])
        const lines = scan(chunk).map(({ line }) => line)
        t.strictSame(lines, chunk.toString().split('\n').slice(0, -1))
      },
    ),
    { numRuns: 300 },
  )
})

t.test('a line of which candidates are told decodes, with that time and id', async t => {
  let told = 0
  fc.assert(
    fc.property(
      fc.oneof(anyJson, fc.constant(auditLine())),
      mutations,
      (json, changes) => {
        for (const scanned of scan(`${mutated(json, changes)}\n`)) {
          if (scanned.candidates === undefined) continue
          told += 1
          const entry = decodeAuditEntry(scanned.line)
          if (isUndecodable(entry)) throw new Error(`not decoded: ${scanned.line}`)
          const { time, request } = entry.fields as {
            time?: unknown
            request?: { id?: unknown }
          }
          t.equal(scanned.time, time)
          const id = request?.id
          t.equal(scanned.requestId, typeof id === 'string' ? id : undefined)
        }
      },
    ),
    { numRuns: 3000 },
  )
  t.ok(told > 500, 'many are')
})

t.test('a rule that matches a line is one of its candidates', async t => {
  let ruledOut = 0
  fc.assert(
    fc.property(
      fc.array(anyCondition, { minLength: 1, maxLength: 4 }),
      anyJson,
      (conditions, json) => {
        const rules = conditions.map(when => compiled({ when }))
        const [line] = scan(
          `${json}\n`,
          rules.map(({ literals }) => literals),
        )
        const { candidates } = line!
        if (candidates === undefined) return
        for (const [i, { matches }] of rules.entries()) {
          if (candidates.includes(i)) continue
          ruledOut += 1
          t.notOk(matches(auditEntry(json)), json)
        }
      },
    ),
    { numRuns: 3000 },
  )
  t.ok(ruledOut > 500, 'others are not')
})

t.test('a literal counts where it is asked for', async t => {
  const at = (text: string, where: object): LiteralGroups => [
    [{ text, at: 'value', ...where }],
  ]
  const cases: readonly [LiteralGroups, matching: string[], others: string[]][] = [
    [
      at('sys/a', {}),
      ['{"p":"sys/a"}', '["sys/ab"]', '{"p":"sys/audit/x"}'],
      ['{"p":"a/sys/a"}', '{"sys/a":1}', '{"p":"sys/"}'],
    ],
    [
      at('root', { isWhole: true, under: 'policies' }),
      ['{"policies":["x","root"]}', '{"policies":"root"}', '{"policies" : [ "root" ] }'],
      ['{"id":"root"}', '{"policies":["rooted"]}', '{"policies":{"id":"root"}}'],
    ],
    [
      at('true', { isWhole: true }),
      ['{"a":true}', '[true]'],
      ['{"a":false}', '{"true":1}'],
    ],
    [
      [[{ text: 'error', at: 'key', isWhole: true }]],
      ['{"error":1}', '{"a":{"error":{}}}'],
      ['{"a":"error"}', '{"errors":1}'],
    ],
    [
      [[{ text: 'hvs.', at: 'line' }]],
      ['{"a":"xhvs.y"}', '{"hvs.":1}'],
      ['{"a":"hvb."}', '{"a":"hvs"}'],
    ],
    [
      [[{ text: '/login', at: 'anywhere', under: 'path' }]],
      ['{"path":"a/login/b"}', '{"path":["/login"]}', '{"a":{"path":"x/login"}}'],
      [
        '{"paths":"a/login"}',
        '{"path":{"a":"/login"}}',
        '{"path":"/log"}',
        '{"/login":1}',
      ],
    ],
    [[[{ text: '/login', at: 'anywhere', under: '\u0001' }]], ['{"a":"b"}'], []],
    [[[{ text: 'x', at: 'anywhere' }]], ['{"a":"b"}'], []],
    [[], ['{}'], []],
    [
      [
        [{ text: 'longer than eight bytes', at: 'value', isWhole: true }],
        [{ text: 'ürgh', at: 'key' }],
      ],
      ['{"a":"longer than eight bytes","ürghs":1}'],
      ['{"a":"longer than eight bytez","ürgh":1}', '{"a":"longer than eight bytes"}'],
    ],
  ]
  for (const [groups, matching, others] of cases) {
    for (const [lines, expected] of [
      [matching, [0]],
      [others, []],
    ] as const) {
      for (const json of lines) {
        // Lines are objects; what is an array here stands in one.
        const line = json.startsWith('{') ? json : `{"in":${json}}`
        t.strictSame(scan(`${line}\n`, [groups])[0]!.candidates, expected, line)
      }
    }
  }
})

t.test('what a string with escapes says is what is looked at', async t => {
  const pieces =
    String.raw`a b / é 😀 \" \\ \/ \n \u0061 \u00E9 \u20ac \ud83d\ude00 \ud83d \ude00
    \ud83d\u0061 \ud83d\n \u0000`.split(/\s+/)
  const string = fc
    .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 12 })
    .map(parts => parts.join(''))
  // So that escapes come to stand across the borders of what is read at once.
  const pad = fc.nat(70).map(length => 'p'.repeat(length))
  let found = 0
  fc.assert(
    fc.property(
      pad,
      string,
      string,
      fc.nat(12),
      fc.nat(12),
      (space, one, other, at, size) => {
        const text = JSON.parse(`"${one}"`) as string
        const part = text.slice(at, at + size)
        const literals: LiteralGroups[] = [
          [[{ text: part, at: 'anywhere', under: 'path' }]],
          [[{ text: text.slice(0, size), at: 'value', under: 'path' }]],
          [[{ text, at: 'value', isWhole: true, under: 'path' }]],
          [[{ text: part, at: 'anywhere' }]],
          [
            [{ text, at: 'value', isWhole: true, under: 'path' }],
            [{ text: text.slice(-size), at: 'anywhere' }],
          ],
        ]
        const isIn = (where: string) => {
          const says = JSON.parse(`"${where}"`) as string
          return [
            says.includes(part),
            says.startsWith(text.slice(0, size)),
            says === text,
            says.includes(part),
            says === text,
          ]
        }
        for (const where of [one, other]) {
          const line = `{"p":"${space}\\n","path":"${where}","b":["c\\n"]}\n`
          const [{ candidates } = {}] = scan(line, literals)
          const expected = isIn(where)
          for (const [i, groups] of literals.entries()) {
            const sought = groups[0]![0]!.text
            // Others give nothing to look for.
            const isSought =
              Buffer.byteLength(sought) > 1 && !/[\0-\x1f\ufffd\p{Cs}]/u.test(sought)
            // What may be anywhere may be in the line as it stands, too.
            if (i === 3 && isSought && !expected[i]) continue
            if (i === 4 && !isSought) continue
            t.equal(
              candidates!.includes(i),
              !isSought || expected[i],
              JSON.stringify([sought, line]),
            )
            if (isSought && expected[i]) found += 1
          }
        }
      },
    ),
    { numRuns: 1_000 },
  )
  t.ok(found > 500, 'many are there')
})

t.test(
  'more literals than can be told apart rule out less, and nothing wrong',
  async t => {
    const rules = Array.from({ length: 3_000 }, (_, i): LiteralGroups => [
      [{ text: `value-${i}`, at: 'value', isWhole: true }],
      [{ text: `part-${i}`, at: 'anywhere' }],
    ])
    const [line] = scan('{"a":"value-2999","b":"a part-2999"}\n', rules)
    t.ok(line!.candidates!.includes(2999))
    t.ok(line!.candidates!.length < 10)
    t.strictSame(scan('{"a":"value-x"}\n', rules)[0]!.candidates, [])
  },
)

t.test('what needs care is left to the decoder', async t => {
  const deep = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
  for (const line of [
    '',
    ' {}',
    'prefix {"a":1}',
    '{"\\u0061":1}',
    '{"time":"\\u0032026-03-02T10:15:30Z"}',
    '{"request":{"id":"a\\n"}}',
    '{"a":"\\x"}',
    '{"a":"\\u12"}',
    '{"a":"\\u123g"}',
    '{"a":"b\\',
    '{"a":"b\\"}',
    '{"a":"b\\\t"}',
    '{\\"a":1}',
    `{"a":"${'\\n'.repeat(16_385)}"}`,
    `{"a":"\\n${'a'.repeat(65_536)}"}`,
    `{"a":[${Array.from({ length: 5 }, () => `"\\n${'a'.repeat(15_000)}"`).join(',')}]}`,
    '{"a":"\t"}',
    '[1]',
    '{"a":01}',
    '{"a":1}{',
    '{"a":1',
    '{"time":1}',
    '{"time":"a","time":"b"}',
    '{"request":{"id":"a","id":"b"}}',
    '{"a":1,}',
    '{"a" 1}',
    '{a:1}',
    '{"a":tru}',
    '{"a":1.}',
    '{"a":1e}',
    '{"a":-}',
    '{"a":[1,]}',
    '{"a":[1}}',
    deep(60),
  ]) {
    t.strictSame(scan(`${line}\n`)[0]!.candidates, undefined, line)
  }
  for (const line of [
    '{}',
    '{"a":1}\r',
    '{"a":"\\\\","b":"\\"\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D"}',
    `{"a":"${'\\n'.repeat(16_384)}"}`,
    '{"a":-0.5e+3,"b":[],"c":[{}],"d":null}  ',
    deep(59),
  ]) {
    t.strictSame(scan(`${line}\n`)[0]!.candidates, [], line)
  }
})

t.test('each of several rules that a line can match is told once, in order', async t => {
  const value = (text: string) => ({ text, at: 'value' }) as const
  const rules: LiteralGroups[] = [
    [[value('ccc'), value('aaa')]],
    [],
    [[value('bbb')], [value('aaa')]],
    [[value('aaa'), value('bbb')]],
    [[value('bbb')], [value('ddd')]],
  ]
  const [line] = scan('{"x":["aaa","bbb","ccc"]}\n', rules)
  t.strictSame(line!.candidates, [0, 1, 2, 3])
})

t.test(
  'runs are of lines that no rule can match, of one second, in their order',
  async t => {
    const times = fc.oneof(
      fc.constantFrom(
        '2026-03-02T10:00:00Z',
        '2026-03-02T10:00:00.Z',
        '2026-03-02T10:00:00+01:00',
        undefined,
      ),
      fc
        .tuple(fc.constantFrom(0, 0, 1), fc.stringMatching(/^\d{1,10}$/))
        .map(([s, digits]) => `2026-03-02T10:00:0${s}.${digits}Z`),
    )
    const lines = fc.record({
      time: times,
      a: fc.constantFrom('other', 'other', 'other', 'sought'),
    })
    const rules: LiteralGroups[] = [[[{ text: 'sought', at: 'value' }]]]
    let long = 0
    fc.assert(
      fc.property(fc.array(lines, { maxLength: 30, size: 'max' }), entries => {
        const chunk = Buffer.from(
          entries.map(entry => `${JSON.stringify(entry)}\n`).join(''),
        )
        const next = createScanner(rules, 'audit').scan(chunk)
        let from = 0
        let number = 0
        for (let run = next(false); run !== undefined; run = next(false)) {
          t.equal(run.start, from)
          from = run.end + 1
          const its = entries.slice(number, (number += run.count))
          t.equal(
            chunk.toString('utf8', run.start, from).match(/\n/g)?.length,
            its.length,
          )
          t.strictSame([run.firstTime(), run.time()], [its[0]!.time, its.at(-1)!.time])
          t.strictSame(run.candidates, its[0]!.a === 'sought' ? [0] : [])
          if (its.length === 1) continue
          long += 1
          t.ok(its.every(({ a }) => a === 'other'))
          const epochs = its.map(({ time }) => epochOf(time!))
          t.strictSame(
            epochs,
            [...epochs].sort((a, b) => a - b),
          )
          t.ok(epochs.at(-1)! - epochs[0]! < 1_000)
        }
        t.equal(from, chunk.length)
        t.equal(number, entries.length)
      }),
      { numRuns: 150 },
    )
    t.ok(long > 50, 'there are some')
  },
)

t.test('a chunk may have many lines', async t => {
  const lines = scan('\n'.repeat(100_000))
  t.equal(lines.length, 100_000)
  t.ok(lines.every(({ line, candidates }) => line === '' && candidates === undefined))
})
