import { strictEqual } from 'node:assert'
import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import t from 'tap'
import { alertRecord } from '../../src/alert/alert-record.js'
import { factsOf } from '../../src/alert/facts.js'
import { createKnownIds } from '../../src/alert/known-ids.js'
import { mask } from '../../src/text/mask.js'
import { oneLine } from '../../src/text/one-line.js'
import { wellFormedJson } from '../../src/text/well-formed-json.js'
import { alertId } from '../../src/alert/alert-id.js'
import { raiseAlert } from '../../src/alert/raise-alert.js'
import { decodeAuditEntry } from '../../src/entry/audit-entry.js'
import { isUndecodable, type Entry } from '../../src/entry/entry.js'
import { createServerDecoder } from '../../src/entry/server-entry.js'
import { alertSchema } from '../../src/rule/packaged-rules.js'
import type { Rule } from '../../src/rule/rule.js'
import { createSchemaCheck } from '../../src/rule/schema-check.js'
import { auditLine, serverLine } from '../fixtures/entries.js'
import { anyEntryJson, auditEntry, compiled, nested } from '../fixtures/rules.js'

const alertLog = '/var/log/vault/audit.alert'
const id = '0123456789abcdef0123456789abcdef'
const raised = '2026-03-02T12:00:00.000Z'
const token = `hvs.${'CAESIJ'.repeat(15)}`

function serverEntry(line: string): Entry {
  const decoded = createServerDecoder().decode(line, Date.parse(raised))
  if (isUndecodable(decoded)) throw new Error(decoded.undecodable)
  return decoded
}

function recordOf(entry: Entry, part: Partial<Rule> = {}): string {
  const rule = compiled({ log: entry.log, ...part })
  const time = entry.time ?? raised
  return alertRecord(raiseAlert(rule, entry, { time, raised, alertLog }))
}

t.test('no record has half a character, at which a strict parser ends', async t => {
  const half = String.raw`\ud83d`
  const whole = String.raw`\uD83D\ude00`
  const escaped = String.raw`\\ud83d`
  const json = `{"request":{"path":"${half}${whole}${escaped}\\udE00","id":"a"}}`
  const decoded = decodeAuditEntry(json)
  if (isUndecodable(decoded)) throw new Error(decoded.undecodable)
  const record = recordOf(decoded)
  t.ok(record.includes(String.raw`"path":"\ufffd${whole}${escaped}\ufffd"`), record)
  const parts = fc.array(
    fc.constantFrom('\\', 'u', 'd83d', 'DE00', 'x', String.raw`\u`, String.raw`\\`),
  )
  fc.assert(
    fc.property(parts, texts => {
      const text = `"${texts.join('')}"`
      let value: string
      try {
        value = JSON.parse(text) as string
      } catch {
        return
      }
      const read = JSON.parse(wellFormedJson(text)) as string
      strictEqual(read, Buffer.from(value).toString())
    }),
    { numRuns: 20_000 },
  )
})

t.test('secrets are masked, and what only looks like one is not', async t => {
  const old = `s.${'a1B2c3D4'.repeat(3)}`
  const jwt = `eyJ${'hbGciOiJ'.repeat(3)}.eyJzdWIi.c2ln`
  const key = (body: string) => `-----BEGIN RSA PRIVATE KEY-----\n${body}`
  const cases: readonly [text: string, masked: string][] = [
    [`a ${token} b`, 'a hvs.[masked] b'],
    [`x_${token}`, 'x_hvs.[masked]'],
    [`9${token}`, '9hvs.[masked]'],
    [`x-s.${'a1B2'.repeat(6)}`, 'x-s.[masked]'],
    [`foo.s.${'a1B2'.repeat(6)}`, 'foo.s.[masked]'],
    [`${token}.ns1`, 'hvs.[masked]'],
    ['hvb.AAAAAQ-_x', 'hvb.[masked]'],
    ['hvr.AAAAAQ', 'hvr.[masked]'],
    [`"${token}","${token}"`, '"hvs.[masked]","hvs.[masked]"'],
    ['hvs.AAAAAQcut off', 'hvs.[masked] off'],
    [`token ${old}`, 'token s.[masked]'],
    [`${old}.nsid5`, 's.[masked]'],
    [`b.${'A'.repeat(60)}`, 'b.[masked]'],
    [jwt, '[masked JWT]'],
    ['Unseal Key 1: abc+/=', 'Unseal Key 1: [masked]'],
    ['Recovery Key 12 : abc', 'Recovery Key 12: [masked]'],
    ['Initial Root Token: abc', 'Initial Root Token: [masked]'],
    ['Root Token: abc', 'Root Token: [masked]'],
    ['auth/token/lookup/abc', 'auth/token/lookup/[masked]'],
    ['auth/token/revoke-orphan/abc x', 'auth/token/revoke-orphan/[masked] x'],
    ['X-Vault-Token: abc.d', 'X-Vault-Token: [masked]'],
    ['{"x-vault-token":["abc"]}', '{"x-vault-token":["[masked]"]}'],
    [
      'error converting input map[a:b] for field "x"',
      'error converting input [masked] for field "x"',
    ],
    ['postgres://vault:pa%ss@db:5432/x', 'postgres://vault:[masked]@db:5432/x'],
    [`x ${key('MII\n-----END RSA PRIVATE KEY-----')} y`, 'x [masked RSA private key] y'],
    [key('MII, cut off'), '[masked RSA private key]'],
    ['auth/token/lookup-self', 'auth/token/lookup-self'],
    ['sys/generate-root/update', 'sys/generate-root/update'],
    [
      'hmac-sha256:393fdd342a4f9b2f19e96f5819d6379f',
      'hmac-sha256:393fdd342a4f9b2f19e96f5819d6379f',
    ],
    [
      'bus.stop.at.the.corner.of.the.long.street',
      'bus.stop.at.the.corner.of.the.long.street',
    ],
    ['https://vault.example.com:8200/v1/sys', 'https://vault.example.com:8200/v1/sys'],
    ['62ff123b-7609-1ed9-5707-ea621da72de7', '62ff123b-7609-1ed9-5707-ea621da72de7'],
    ['', ''],
  ]
  for (const [text, masked] of cases) t.equal(mask(text), masked)
  for (const hostile of [
    'eyJ-',
    'eyJaaaaaaaa.',
    'converting input ',
    '-----BEGIN PRIVATE KEY-----',
    '://a:',
    'hvs.',
    'X-Vault-Token"""',
    'Root Token:',
  ]) {
    const started = performance.now()
    t.ok(mask(hostile.repeat(262_144 / hostile.length)).length <= 20_000)
    t.ok(performance.now() - started < 1000, hostile)
  }
})

t.test('text that is cut before it is masked says so', async t => {
  t.equal(mask('x'.repeat(8_192)), 'x'.repeat(8_192))
  t.equal(mask('x'.repeat(8_193)), `${'x'.repeat(8_192)}…`)
  t.equal(mask(`${'x'.repeat(8_191)}🔥`), `${'x'.repeat(8_191)}…`)
  t.equal(
    mask(`-----BEGIN PRIVATE KEY-----${'M'.repeat(9_000)}`),
    '[masked private key]…',
  )
})

t.test('text is one visible, bounded line', async t => {
  const cases: readonly [text: string, limit: number, shown: string][] = [
    ['plain', 9, 'plain'],
    ['exactly 9', 9, 'exactly 9'],
    ['exactly 10', 9, 'exactly …'],
    ['a\nb\r\tc', 30, String.raw`a\u000ab\u000d\u0009c`],
    ['\u001b[31mred\u007f\u009b', 40, String.raw`\u001b[31mred\u007f\u009b`],
    ['\u2028\u2029\u0085', 30, String.raw`\u2028\u2029\u0085`],
    ['\u202egnp.exe\u2066', 30, String.raw`\u202egnp.exe\u2066`],
    ['a\u200bb\u200d\ufeff\u00ad', 40, String.raw`a\u200bb\u200d\ufeff\u00ad`],
    ['lone \ud83d and \ude00', 40, String.raw`lone \ud83d and \ude00`],
    ['ümläut 日本 😀', 30, 'ümläut 日本 😀'],
    ['ab😀', 4, 'ab😀'],
    ['ab😀c', 4, 'ab…'],
    ['abc😀', 4, 'abc…'],
    ['', 5, ''],
  ]
  for (const [text, limit, shown] of cases) t.equal(oneLine(text, limit), shown)
  const hidden = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.constant('\ud800'),
  )
  fc.assert(
    fc.property(fc.array(anyText), fc.integer({ min: 2, max: 40 }), (texts, limit) => {
      const shown = oneLine(texts.join('\n'), limit)
      return shown.length <= limit && !hidden.test(shown) && isWellFormed(shown)
    }),
  )
})

function isWellFormed(text: string): boolean {
  return Buffer.from(text).toString() === text
}

t.test('facts say who, what and where, as far as the entry tells', async t => {
  const known = auditEntry({
    type: 'response',
    auth: {
      display_name: 'userpass-alice',
      entity_id: 'entity-1',
      policies: ['default', 'app'],
      identity_policies: ['ops'],
      accessor: 'accessor-1',
      client_token: 'token-1',
    },
    request: {
      id: 'id-1',
      operation: 'read',
      path: 'secret/data/db',
      namespace: { path: 'prod/' },
      remote_address: '192.0.2.10',
      client_token_accessor: 'accessor-1',
    },
    error: 'permission denied',
  })
  t.strictSame(factsOf(known, id, alertLog), {
    who: 'userpass-alice, entity entity-1, policies default app ops',
    what: 'read secret/data/db, denied, permission denied',
    where: '192.0.2.10, namespace prod/',
    request: 'id-1',
    find: `jq -c 'select(.request.id == "id-1")' /var/log/vault/audit`,
    alertLog,
  })
  t.strictSame(factsOf(auditEntry({ type: 'request' }), id, alertLog), {
    who: 'unauthenticated, or a token that Vault does not know',
    what: 'access -',
    where: 'address unknown',
    find: `grep -F ${id} ${alertLog}`,
    alertLog,
  })
  t.equal(
    factsOf(auditEntry({ auth: { policies: ['p'] } }), id, alertLog).who,
    'no display name, policies p',
  )
  const server = serverEntry(
    serverLine('core: enabled credential backend: path=x/ type=ldap'),
  )
  t.strictSame(factsOf(server, id, '/var/log/vault/messages.alert'), {
    who: 'vault[812]',
    what: 'info core: enabled credential backend {"path":"x/","type":"ldap"}',
    where: 'node-1',
    find: `grep -F '2026-03-02T10:15:30.412Z' /var/log/vault/messages`,
    alertLog: '/var/log/vault/messages.alert',
  })
  const bare = serverEntry('==> Vault shutdown triggered')
  t.strictSame(factsOf(bare, id, '/tmp/other.log'), {
    who: 'vault',
    what: '==> Vault shutdown triggered',
    find: `grep -F ${id} /tmp/other.log`,
    alertLog: '/tmp/other.log',
  })
})

t.test('no fact shows an accessor, and all of them mask tokens', async t => {
  const bait = (name: string) => `${name} ${token} ${name}\u202e\n`
  const entry = auditEntry({
    type: 'response',
    auth: {
      display_name: bait('d'),
      entity_id: bait('e'),
      policies: [bait('p')],
      accessor: 'secret-accessor',
      client_token: 'secret-token',
    },
    request: {
      id: bait('i'),
      operation: bait('o'),
      path: bait('path'),
      client_token_accessor: 'secret-accessor',
      client_token: 'secret-token',
      namespace: { path: bait('n') },
      remote_address: bait('r'),
      data: { password: 'secret-data' },
    },
    response: { auth: { accessor: 'secret-accessor', client_token: 'secret-token' } },
    error: bait('error'),
  })
  const server = serverEntry(
    serverLine(`core: failed: token=${token} key="Root Token: ${token}"`),
  )
  const facts = [
    ...Object.values(factsOf(entry, id, alertLog)),
    ...Object.values(factsOf(server, id, alertLog)),
  ] as string[]
  t.equal(facts.length, 11)
  for (const fact of facts) {
    t.notMatch(fact, 'CAESIJ')
    t.notMatch(fact, /secret-|[\n\u202e]/)
    t.ok(fact.length <= 300)
  }
  t.equal(facts.filter(fact => fact.includes('[masked]')).length, 5)
  const accessorOnly = auditEntry({ auth: { accessor: 'secret-accessor' } })
  t.notMatch(Object.values(factsOf(accessorOnly, id, alertLog)).join(), 'secret-accessor')
})

/** What a shell makes of a command: the words that jq or grep would get. */
function words(command: string): string[] {
  const stub = `show() { for word; do printf '%s\\0' "$word"; done; }; jq() { show "$@"; }; grep() { show "$@"; };`
  const output = execFileSync('sh', ['-c', `${stub} ${command}`], { encoding: 'utf8' })
  return output.split('\0').slice(0, -1)
}

t.test(
  'the command that finds an entry holds nothing that an attacker wrote',
  async t => {
    const hostile = [
      `'; touch /tmp/x; '`,
      '$(reboot)',
      '`reboot`',
      'a"b',
      'a\nb',
      'a\\',
      '")) | halt #',
      '-f',
      'ü',
      'x'.repeat(65),
      '',
    ]
    for (const request of hostile.filter(text => text !== '-f')) {
      const { find } = factsOf(auditEntry({ request: { id: request } }), id, alertLog)
      t.equal(find, `grep -F ${id} ${alertLog}`, JSON.stringify(request))
    }
    t.strictSame(
      words(factsOf(auditEntry({ request: { id: '-f' } }), id, alertLog).find),
      ['-c', 'select(.request.id == "-f")', '/var/log/vault/audit'],
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), request => {
        const { find } = factsOf(auditEntry({ request: { id: request } }), id, alertLog)
        return (
          find === `grep -F ${id} ${alertLog}` ||
          (/^[\w.:+-]+$/.test(request) &&
            find === `jq -c 'select(.request.id == "${request}")' /var/log/vault/audit`)
        )
      }),
    )
    for (const text of hostile) {
      const line = `{"@level":"info","@message":"x","@timestamp":${JSON.stringify(text)}}`
      const command = factsOf(serverEntry(line), id, alertLog).find
      t.equal(words(command)[0], '-F')
      t.equal(words(command).length, 3, command)
    }
  },
)

t.test('the path of the alert log is quoted for the shell where it must be', async t => {
  const entry = auditEntry({ request: { id: 'id-1' } })
  for (const log of ['/var/log/my vault/audit', `/tmp/it's $(a) "log"`, '/a/-b;c']) {
    t.equal(words(factsOf(entry, id, `${log}.alert`).find).at(-1), log)
    t.equal(words(factsOf(entry, id, log).find).at(-1), log, 'with another ending')
  }
})

t.test('a record is one line that its schema accepts, for both logs', async t => {
  const check = createSchemaCheck(alertSchema)
  const title = '{{request.path}} {{message}} {{line}}'
  const entries = [
    auditEntry(auditLine()),
    auditEntry(`@cee: ${auditLine()}\r`),
    auditEntry({}),
    auditEntry({ time: 'no time', request: 7, auth: [] }),
    auditEntry('{ "a" :\t1 ,\r "b":"\\u000a" }  '),
    serverEntry(serverLine()),
    serverEntry('==> Vault shutdown triggered'),
    serverEntry('{"@message":"x","a":"\\n","@level":"info"}'),
  ]
  for (const entry of entries) {
    const part = entry.log === 'audit' ? { title } : { title: '{{message}} {{line}}' }
    const record = recordOf(entry, { ...part, tags: ['root'] })
    t.notMatch(record, '\n')
    const {
      entry: written,
      line,
      ...rest
    } = JSON.parse(record) as Record<string, unknown>
    t.strictSame(check(JSON.parse(record)), [])
    t.strictSame(written, entry.log === 'audit' ? entry.fields : undefined)
    t.equal(line, entry.log === 'server' ? entry.line : undefined)
    t.match(rest, {
      id: alertId('a-rule', entry.identity),
      raised,
      log: entry.log,
      rule: 'a-rule',
      severity: 'low',
      count: 1,
    })
    t.strictSame(rest['tags'], ['root'])
    t.equal(rest['time'], entry.time ?? raised)
  }
  fc.assert(
    fc.property(anyEntryJson, json => {
      t.strictSame(
        check(JSON.parse(recordOf(auditEntry(json), { title: '{{a}} {{*}}' }))),
        [],
      )
    }),
  )
  t.not(check({ ...(JSON.parse(recordOf(auditEntry({}))) as object), id: 'x' }).length, 0)
})

t.test('an audit entry is in the record as it was written', async t => {
  const cases = [
    '{"a":12345678901234567890,"b":1.0,"c":1e400,"d":-0}',
    '{"a":"\\u0026\\u003c\\/","a":1}',
    '{"__proto__":{"x":1}}',
    `{"a":${nested(100_000)}}`,
    nested(100_000, '{"a":', '1', '}'),
  ]
  for (const json of cases) {
    t.ok(
      recordOf(auditEntry(`@cee: ${json} `)).endsWith(`,"entry":${json}}`),
      json.slice(0, 60),
    )
  }
})

t.test('a server line nested 100,000 levels deep is an alert like any other', async t => {
  const line = `{"@level":"info","@message":"vault is sealed","x":${nested(100_000)}}`
  const entry = serverEntry(line)
  const when = { message: 'vault is sealed', 'fields.x': { exists: true } }
  const title = '{{fields.x}} {{fields.*}} {{message}}'
  t.ok(compiled({ log: 'server', when }).matches(entry))
  const record = JSON.parse(recordOf(entry, { when, title })) as { line: string }
  t.equal(record.line, line)
})

t.test('an id depends on the rule id and the event, and on nothing else', async t => {
  t.equal(
    alertId('a', ['audit', 'x']),
    'c1910a715c35d76470e9f8b9816e0603',
    'for all time',
  )
  const idOf = (rule: Partial<Rule>, entry: Entry) =>
    alertId(compiled({ log: entry.log, ...rule }).rule.id, entry.identity)
  const request = auditEntry(auditLine())
  const first = idOf({}, request)
  t.match(first, /^[0-9a-f]{32}$/)
  const same: readonly [Partial<Rule>, Entry][] = [
    [{}, auditEntry(auditLine({}, 'response'))],
    [{}, auditEntry(`prefix ${auditLine({ path: 'another' })}`)],
    [{ title: 'Another', severity: 'high', when: { a: 1 }, tags: ['x'] }, request],
  ]
  for (const [rule, entry] of same) t.equal(idOf(rule, entry), first)
  const others: readonly [Partial<Rule>, Entry][] = [
    [{ id: 'another-rule' }, request],
    [{}, auditEntry(auditLine({ id: 'another' }))],
    [{}, auditEntry(auditLine({ id: '' }))],
    [{}, auditEntry(auditLine({ id: '', path: 'sys/other' }))],
    [{}, serverEntry(serverLine())],
    [{}, serverEntry(serverLine('core: vault is unsealed'))],
    [{}, serverEntry(serverLine(undefined, 31))],
  ]
  const ids = others.map(([rule, entry]) => idOf(rule, entry))
  t.equal(new Set([first, ...ids]).size, others.length + 1)
  const stored = serverLine().replace('<30> ', '')
  t.equal(
    idOf({}, serverEntry(stored)),
    idOf({}, serverEntry(serverLine())),
    'stored or live',
  )
  t.not(alertId('a', ['b', 'c']), alertId('a', ['b,c']))
  t.not(alertId('ab', ['c']), alertId('a', ['bc']))
})

t.test('known ids are added once, and the oldest are forgotten first', async t => {
  const id = (name: string) => alertId(name, [])
  let evicted = 0
  const ids = createKnownIds(2, count => (evicted += count))
  const add = (names: string) => names.split('').map(name => ids.add(id(name)))
  t.strictSame(add('aabba'), [true, false, true, false, false])
  t.strictSame(add('cab'), [true, false, false], 'the last two and more are known')
  t.equal(evicted, 0)
  t.strictSame(add('d'), [true])
  t.equal(evicted, 2, 'a and b')
  t.strictSame(add('cda'), [false, false, true])
})
