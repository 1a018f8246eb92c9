import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Alert } from '../src/alert/alert.js'
import { createCounters } from '../src/counters.js'
import type { Log } from '../src/entry/entry.js'
import { isJsonObject } from '../src/entry/json-object.js'
import { serverEntry } from '../src/entry/server-entry.js'
import { formatFault, type Fault } from '../src/fault.js'
import { entriesOfTests } from '../src/command/rule-test.js'
import { createPipeline, type Pipeline } from '../src/pipeline.js'
import { compileRule, type CompiledRule } from '../src/rule/compile-rule.js'
import { loadRules } from '../src/rule/load-rules.js'
import { packagedRules } from '../src/rule/packaged-rules.js'
import { readLists } from '../src/rule/read-lists.js'
import { readRuleFiles } from '../src/rule/rule-files.js'
import type { Lists, Rule, RuleTest } from '../src/rule/rule.js'
import { unreached } from '../src/rule/unreached.js'
import { auditLine, serverLine } from './fixtures/entries.js'

/** What a packaged rule says besides what the program reads. */
interface Documented extends Rule {
  readonly description: string
  readonly falsePositives: readonly string[]
  readonly references: readonly string[]
  readonly attack?: readonly string[]
  readonly runbook: string
}

const faults: Fault[] = []
const files = readRuleFiles([fileURLToPath(packagedRules)])
const lists = await readLists([files], faults)
const corpus = files.rules.map(({ file, text }) => ({
  file,
  rule: JSON.parse(text) as Documented,
}))

function pipelineOf(log: Log, rules: readonly CompiledRule[]): Pipeline {
  const say = () => {}
  const diagnostics = { error: say, warn: say, info: say, debug: say }
  const counters = createCounters()
  const now = () => Date.parse('2026-03-02T12:00:00Z')
  return createPipeline({ log, rules, alertLog: 'a.alert', counters, diagnostics, now })
}

const { rules: packaged } = await loadRules([])
const allOn = packaged.map(rule => ({ ...rule, rule: { ...rule.rule, enabled: true } }))

/** The alerts of one line under all packaged rules. */
function alertsOf(log: Log, line: string, rules = packaged): Alert[] {
  return pipelineOf(log, rules).line(line)
}

const ids = (alerts: readonly Alert[]) => alerts.map(alert => alert.rule)

/** The names of a rule's own tests that fail, with these lists. */
function failing(rule: Rule, withLists: Lists): string[] {
  const compiled = compileRule({ ...rule, enabled: true }, withLists, (_, message) =>
    t.fail(`${rule.id}: ${message}`),
  )
  return rule.tests.filter(test => !passes(compiled, test)).map(test => test.name)
}

function passes(compiled: CompiledRule, test: RuleTest): boolean {
  const { log } = compiled.rule
  const pipeline = pipelineOf(log, [compiled])
  const alerts = test.entries.flatMap(entry => {
    if (typeof entry === 'string') return pipeline.line(entry)
    return log === 'audit'
      ? pipeline.line(JSON.stringify(entry))
      : pipeline.entry(serverEntry(entry))
  })
  const isTitle = test.title === undefined || alerts[0]?.title === test.title
  return alerts.length === test.alerts && isTitle
}

t.test('every packaged rule and list loads without a fault', async t => {
  const loaded = await loadRules([fileURLToPath(packagedRules)])
  t.strictSame(loaded.faults.map(formatFault), [])
  t.strictSame(faults, [])
  t.strictSame(
    loaded.rules.map(({ rule }) => rule.id),
    corpus.map(({ rule }) => rule.id),
  )
  t.ok(corpus.length >= 20)
})

t.test('every packaged rule says why, when not, and what to do', async t => {
  const order = `$schema id log title severity enabled tags description falsePositives
    references attack runbook when unless threshold sequence absence firstSeen throttle tests`.split(
    /\s+/,
  )
  for (const { file, rule } of corpus) {
    const { id } = rule
    t.equal(basename(file), `${id}.json`)
    t.equal(basename(dirname(file)), rule.log, id)
    t.ok(rule.description.length > 20, `${id} has a description`)
    t.ok(rule.falsePositives.length > 0, `${id} has false positives`)
    t.ok(rule.references.length > 0, `${id} has references`)
    for (const link of rule.references) t.match(link, /^https:\/\/\S+$/, id)
    t.match(rule.runbook, /^1\. /, id)
    t.ok(
      rule.tests.some(test => test.alerts > 0),
      `${id} has a test that alerts`,
    )
    t.ok(
      rule.tests.some(test => test.alerts === 0),
      `${id} has a test that does not`,
    )
    const keys = Object.keys(rule)
    t.strictSame(
      keys,
      order.filter(key => keys.includes(key)),
      `${id} in the usual order`,
    )
  }
})

/** Faults and housekeeping that no technique of ATT&CK brings about or uses. */
const noTechnique =
  `srv-api-addr srv-barrier-rotate srv-barrier-rotate-failed srv-context-cancel
  srv-forward srv-license srv-preseal-failed srv-rollback srv-seal-error srv-started srv-tidy
  srv-tls-reload srv-token-use`.split(/\s+/)

t.test('every packaged rule names its techniques, except what is none', async t => {
  for (const { rule } of corpus) {
    for (const id of rule.attack ?? []) t.match(id, /^T\d{4}(\.\d{3})?$/, rule.id)
  }
  t.strictSame(
    corpus.flatMap(({ rule }) => (rule.attack === undefined ? rule.id : [])).sort(),
    noTechnique,
  )
})

t.test('every packaged rule passes its own tests', async t => {
  for (const { rule } of corpus) t.strictSame(failing(rule, lists), [], rule.id)
})

t.test('tests reach each condition of every packaged rule', async t => {
  for (const rule of packaged) {
    const entries = entriesOfTests(rule)
    t.strictSame(unreached(rule, entries), [], rule.rule.id)
  }
})

/** A copy of a rule without one of its parts, and what that part was. */
interface Mutant {
  readonly name: string
  readonly rule: Rule
  readonly lists: Lists
}

/** Every way to leave out one condition, one alternative, or one value of a list. */
function mutantsOf(rule: Rule): Mutant[] {
  const inRule = (['when', 'unless'] as const).flatMap(clause =>
    withoutOne(rule[clause] ?? {}).map(({ name, value }) => ({
      name: `${rule.id} /${clause}${name}`,
      rule: { ...rule, [clause]: value },
      lists,
    })),
  )
  const named = [...JSON.stringify([rule.when, rule.unless]).matchAll(/"@([^"]+)"/g)]
  const inLists = named.flatMap(([, name = '']) =>
    (lists.get(name) ?? []).map(dropped => ({
      name: `${rule.id} @${name} ${dropped}`,
      rule,
      lists: new Map(lists).set(
        name,
        (lists.get(name) ?? []).filter(value => value !== dropped),
      ),
    })),
  )
  return [...inRule, ...inLists]
}

/** The value with one member of one array or one key of one object left out, for each of them. */
function withoutOne(value: unknown): { name: string; value: unknown }[] {
  if (!isJsonObject(value) && !Array.isArray(value)) return []
  const rebuilt = (entries: [string, unknown][]) =>
    Array.isArray(value)
      ? entries.map(([, member]) => member)
      : Object.fromEntries(entries)
  const entries = Object.entries(value)
  return entries.flatMap(([key, member]) => [
    { name: `/${key}`, value: rebuilt(entries.filter(([other]) => other !== key)) },
    ...withoutOne(member).map(inner => ({
      name: `/${key}${inner.name}`,
      value: rebuilt(
        entries.map(([other, kept]) => [other, other === key ? inner.value : kept]),
      ),
    })),
  ])
}

t.test('a rule without one of its conditions or alternatives fails a test', async t => {
  const mutants = corpus.flatMap(({ rule }) => mutantsOf(rule))
  for (const mutant of mutants) {
    t.ok(failing(mutant.rule, mutant.lists).length > 0, mutant.name)
  }
  t.ok(mutants.length > 100, `${mutants.length} mutants`)
})

/** The rules that the article's own audit conditions have become. */
const articleRules = new Set([
  'acl-policy-changed',
  'break-glass-namespace-used',
  'generate-root-accessed',
  'password-policy-changed',
  'production-sensitive-path-accessed',
  'root-token-generation-polled',
  'root-token-used',
  'sensitive-path-accessed',
  'watched-certificate-issued',
  'watched-policy-used',
])
const ofArticle = (rules: readonly CompiledRule[]) =>
  rules.filter(({ rule }) => articleRules.has(rule.id))

t.test("the article's server messages alert with its titles", async t => {
  const messages: readonly [rule: string, title: string, ...messages: string[]][] = [
    ['srv-root-token-generated', 'Root token generated', 'core: root token generated'],
    [
      'srv-auth-enabled',
      'Auth method enabled',
      'core: enabled credential backend: path=userpass/ type=userpass',
      'core: enabled credential backend: namespace="ID: root. Path: " path=a/ type=ldap version=""',
    ],
    ['srv-sealed', 'Vault sealed', 'core: vault is sealed', 'core: OpenBao is sealed'],
    [
      'srv-unsealed',
      'Vault unsealed',
      'core: vault is unsealed',
      'core: OpenBao is unsealed',
    ],
    [
      'srv-root-generation-initialized',
      'Root token generation initiated',
      'core: root generation initialized: nonce=3a5692ce',
    ],
    [
      'srv-root-generation-finished',
      'Root token generation finished',
      'core: root generation finished: nonce=3a5692ce',
    ],
    [
      'srv-rekey-initialized',
      'Vault security barrier rekey process initialized',
      'core: rekey initialized: nonce=3a5692ce shares=5 threshold=3 validation_required=false',
    ],
    [
      'srv-rekeyed',
      'Vault security barrier successfully rekeyed',
      'core: security barrier rekeyed: stored=0 shares=5 threshold=3',
    ],
    [
      'srv-initialized',
      'Vault security barrier initialized',
      'core: security barrier initialized: stored=1 shares=5 threshold=3',
    ],
  ]
  const header = (host: string, program: string) =>
    `<30> 2026-03-02T10:15:30+00:00 ${host} ${program}: `
  const hclog = (text: string) => `2026-03-02T10:15:30.412Z [INFO]  ${text}`
  const json = (text: string) => {
    const [message, ...args] = text.replace('core: ', '').split(': ')
    const fields = Object.fromEntries(
      args
        .join(': ')
        .split(' ')
        .filter(Boolean)
        .map(arg => arg.split('=', 2)),
    ) as object
    return JSON.stringify({
      '@level': 'info',
      '@message': message,
      '@module': 'core',
      '@timestamp': '2026-03-02T10:15:30.412000Z',
      ...fields,
    })
  }
  const shapes: readonly ((text: string) => string)[] = [
    text => header('node-1', 'vault[812]') + hclog(text),
    text => header('node-1', 'bao[812]') + hclog(text),
    text => header('node-1', 'openbao') + hclog(text),
    text => (header('sshd', 'vault[812]') + hclog(text)).replace('<30> ', ''),
    text => header('node-1', 'vault[812]') + json(text),
    text => header('node-1', 'bao[812]') + json(text),
    hclog,
    json,
  ]
  const others: readonly ((text: string) => string)[] = [
    text => header('vault', 'sshd[812]') + hclog(text),
    text => header('vault', 'sshd[812]') + json(text),
    text => `${header('vault', 'sshd[812]')}${text.replace('core: ', '')}`,
    text => `${header('vault.example.com', 'vaultwarden[812]')}${hclog(text)}`,
    text =>
      `${header('node-1', 'vault[812]')}${hclog(`core: x: error="${text.split(': ')[1]}"`)}`,
  ]
  const shutdown = ['==> Vault shutdown triggered', '==> OpenBao shutdown triggered']
  for (const [rule, title, ...texts] of messages) {
    for (const line of texts.flatMap(text => shapes.map(shape => shape(text)))) {
      const alerts = alertsOf('server', line)
      t.strictSame(
        alerts.map(alert => [alert.rule, alert.title]),
        [[rule, title]],
        line,
      )
    }
    for (const line of texts.flatMap(text => others.map(shape => shape(text)))) {
      t.strictSame(ids(alertsOf('server', line)), [], line)
    }
  }
  for (const text of shutdown) {
    for (const line of [
      text,
      header('node-1', 'vault[812]') + text,
      header('x', 'bao') + text,
    ]) {
      const alerts = alertsOf('server', line)
      t.strictSame(
        alerts.map(({ rule, title }) => [rule, title]),
        [['srv-shutdown', 'Vault shutdown']],
        line,
      )
    }
    const other = header('vault', 'sshd[812]') + text
    t.strictSame(ids(alertsOf('server', other)), [], other)
  }
  const audit = alertsOf('server', auditLine())
  t.strictSame(ids(audit), [], 'an audit entry in the server log')
})

t.test(
  "the article's audit conditions alert, and what only looks like them does not",
  async t => {
    const alice = { display_name: 'alice', policies: ['default'] }
    const inNamespace = (path: string) => ({ namespace: { id: 'n', path } })
    type Case = readonly [
      expected: string[],
      request: Record<string, unknown>,
      auth?: unknown,
    ]
    const cases: readonly Case[] = [
      ...['update', 'delete', 'create', 'patch', 'list', undefined].flatMap(
        (operation): Case[] => [
          [['generate-root-accessed'], { operation }],
          [['generate-root-accessed'], { operation }, undefined],
          [
            ['generate-root-accessed'],
            { operation, path: 'sys/generate-root/update' },
            alice,
          ],
          [
            ['generate-root-accessed'],
            { operation, path: 'sys/generate-root-token/attempt' },
            alice,
          ],
        ],
      ),
      [[], { operation: 'read' }],
      [[], { operation: 'read', path: 'sys/generate-root-token/attempt' }, alice],
      [[], { path: 'kv/sys/generate-root' }],
      [[], { path: 'kv/data/sys/generate-root/update' }],
      [[], { path: 'sys/generate-recovery-token/attempt' }],
      ...[
        'sys/policies/acl/x',
        'sys/policies/rgp/x',
        'sys/policies/egp/x',
        'sys/policy/x',
      ].flatMap((path): Case[] => [
        [['acl-policy-changed'], { path, operation: 'create' }, alice],
        [['acl-policy-changed'], { path, operation: 'update' }, alice],
        [['acl-policy-changed'], { path, operation: 'delete' }, alice],
        [[], { path, operation: 'read' }, alice],
        [[], { path, operation: 'list' }, alice],
      ]),
      [
        ['password-policy-changed'],
        { path: 'sys/policies/password/x', operation: 'update' },
      ],
      [[], { path: 'sys/policies/password/x', operation: 'read' }],
      [[], { path: 'kv/data/sys/policy/x', operation: 'update' }],
      ...['policies', 'token_policies', 'identity_policies'].flatMap((field): Case[] => [
        [['root-token-used'], { path: 'sys/health' }, { [field]: ['default', 'root'] }],
        [
          ['watched-policy-used'],
          { path: 'sys/health' },
          { [field]: ['some-other-policy'] },
        ],
        [
          [],
          { path: 'sys/health' },
          { [field]: ['root-ish', 'not-root', 'Root', 'roo'] },
        ],
        [[], { path: 'sys/health' }, { [field]: ['some-other-policy-2', 'some-other'] }],
      ]),
      [
        ['break-glass-namespace-used'],
        { path: 'sys/health', ...inNamespace('break-glass/') },
      ],
      [['break-glass-namespace-used'], { path: 'a', ...inNamespace('break-glass/dc1/') }],
      [[], { path: 'sys/health', ...inNamespace('break-glass-test/') }],
      [[], { path: 'break-glass/x', ...inNamespace('other/') }],
      [
        ['sensitive-path-accessed'],
        { path: 'secret/data/emergency-only', operation: 'read' },
      ],
      [
        ['sensitive-path-accessed'],
        { path: 'secret/data/emergency-only', ...inNamespace('dev/') },
      ],
      [[], { path: 'secret/data/emergency' }],
      [[], { path: 'secret/metadata/emergency-only' }],
      [
        ['production-sensitive-path-accessed'],
        { path: 'secret/data/never-use', operation: 'read', ...inNamespace('prod/') },
      ],
      [[], { path: 'secret/data/never-use', operation: 'read' }],
      [[], { path: 'secret/data/never-use', ...inNamespace('prod-us/') }],
      [[], { path: 'secret/data/other', ...inNamespace('prod/') }],
      [
        ['watched-certificate-issued'],
        { path: 'pki/issue/hashicorp-test-dot-com', ...inNamespace('prod-us/') },
      ],
      [[], { path: 'pki/issue/hashicorp-test-dot-com', ...inNamespace('prod/') }],
      [[], { path: 'pki/issue/hashicorp-test-dot-com' }],
      [[], { path: 'pki/issue/hashicorp-test-dot-com-2', ...inNamespace('prod-us/') }],
      [
        ['break-glass-namespace-used', 'acl-policy-changed', 'root-token-used'],
        { path: 'sys/policy/x', ...inNamespace('break-glass/') },
        { policies: ['root'] },
      ],
    ]
    for (const [expected, request, auth] of cases) {
      const entry = { ...(JSON.parse(auditLine(request)) as object), auth }
      for (const line of [
        JSON.stringify(entry),
        `@cee: ${JSON.stringify(entry)}`,
        JSON.stringify({ ...entry, type: 'response', error: '', response: null }),
      ]) {
        t.strictSame(ids(alertsOf('audit', line, ofArticle(packaged))), expected, line)
      }
    }
    const polled = auditLine({ operation: 'read' })
    t.strictSame(ids(alertsOf('audit', polled, ofArticle(allOn))), [
      'root-token-generation-polled',
    ])
    const [alert] = alertsOf('audit', auditLine())
    t.match(alert, {
      title: 'Root token generation path accessed: sys/generate-root/update',
      severity: 'critical',
    })
    const server = alertsOf('audit', serverLine())
    t.strictSame(ids(server), [], 'a server line in the audit log')
  },
)

t.test('what fails all day long is told of every four hours', async t => {
  const denied = { error: '1 error occurred:\n\t* permission denied\n\n' }
  const login = { request: { path: 'auth/userpass/login/anna' } }
  const clients: readonly [rules: string[], everySeconds: number, entry: object][] = [
    [
      ['login-failed-burst-ip'],
      30,
      { ...login, request: { path: 'auth/approle/login' }, error: 'invalid secret id' },
    ],
    [['login-failed-burst-account'], 60, { ...login, error: 'invalid credentials' }],
    [
      ['invalid-token-burst'],
      30,
      { ...denied, request: { path: 'sys/metrics', client_token: 'hmac-sha256:1' } },
    ],
    [
      ['permission-denied-burst'],
      15,
      {
        ...denied,
        auth: { accessor: 'a', policies: ['default'] },
        request: { path: 'kv/x' },
      },
    ],
  ]
  for (const [expected, everySeconds, entry] of clients) {
    const pipeline = pipelineOf('audit', packaged)
    const told: string[] = []
    for (let second = 0; second < 24 * 3_600; second += everySeconds) {
      const at = new Date(Date.parse('2026-03-01T12:00:00Z') + second * 1_000)
      const alerts = pipeline.line(
        JSON.stringify({
          time: at.toISOString(),
          type: 'response',
          ...entry,
          request: {
            id: `r${second}`,
            operation: 'read',
            remote_address: '192.0.2.10',
            ...(entry as { request: object }).request,
          },
        }),
      )
      told.push(...ids(alerts.filter(({ isQuiet }) => isQuiet !== true)))
    }
    const times = (rule: string) => told.filter(one => one === rule).length
    t.strictSame([...new Set(told)], expected)
    for (const rule of expected) t.ok(times(rule) <= 7, `${rule}: ${times(rule)} a day`)
  }
})
