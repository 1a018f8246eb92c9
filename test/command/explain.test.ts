import t from 'tap'
import { auditLine, serverLine } from '../fixtures/entries.js'
import { runHandler } from '../fixtures/run-handler.js'

const read = auditLine({ path: 'sys/policies/acl/app', operation: 'read' })

t.test(
  'explain tells which rules match, and of the others the condition that failed',
  async t => {
    const { status, stdout } = await runHandler('audit', ['explain'], `${auditLine()}\n`)
    t.equal(status, 0)
    t.match(stdout, /^line 1: \{"time"/)
    t.match(
      stdout,
      /✓ generate-root-accessed: Root token generation path accessed: sys\/generate-root\/update/,
    )
    t.match(
      stdout,
      /✗ acl-policy-changed: request\.path \{"startsWith".* saw sys\/generate-root\/update/,
    )
    t.match(stdout, /✗ root-token-generation-polled \(off\): request/)
  },
)

t.test('with --rule all of its conditions are shown', async t => {
  const { stdout } = await runHandler(
    'audit',
    ['explain', '--rule', 'acl-policy-changed'],
    read,
  )
  t.match(
    stdout,
    /✗ acl-policy-changed: request\.operation .* saw read\n {4}✗ when\n {6}✓ request\.path .*\n {6}✗ request\.operation .* saw read\n$/,
  )
})

t.test('of a rule over time it tells what the line counts for', async t => {
  const dir = t.testdir({
    'a.json': JSON.stringify({
      id: 'a',
      log: 'audit',
      title: 'A',
      severity: 'low',
      sequence: {
        within: '1m',
        by: 'request.operation',
        steps: [
          { when: { 'request.path': 'sys/policies/acl/app' }, count: 2 },
          { not: { 'request.path': 'x' } },
        ],
      },
      tests: [{ name: 'x', alerts: 0, entries: [{ type: 'request' }] }],
    }),
  })
  const { stdout } = await runHandler(
    'audit',
    ['explain', '-r', dir, '--rule', 'a'],
    read,
  )
  t.equal(
    stdout.slice(stdout.indexOf('\n') + 1),
    `  ✓ a: A
      counts as step 1 of 1 (2 times) within 1m, by request.operation read
    ✓ when anything
    ✓ step 1 of 1 (2 times) request.path "sys/policies/acl/app" saw sys/policies/acl/app
    ✗ what must not follow request.path "x" saw sys/policies/acl/app
`,
  )
})

t.test('with --json there is an object for each line and rule', async t => {
  const args = ['explain', '--json', '--rule', 'acl-policy-changed']
  const { stdout } = await runHandler('audit', args, `${read}\n\n${read}`)
  const objects = stdout
    .trimEnd()
    .split('\n')
    .map(text => JSON.parse(text) as object)
  t.match(objects, [
    {
      line: 1,
      rule: 'acl-policy-changed',
      isOn: true,
      matches: false,
      failed: { saw: 'read' },
    },
    { line: 3, matches: false },
  ])
})

t.test(
  'explain reads the server log, says what is no entry, and knows its rules',
  async t => {
    const server = await runHandler(
      'server',
      ['explain', '--rule', 'srv-sealed'],
      serverLine(),
    )
    t.match(server.stdout, /✓ srv-sealed: Vault sealed\n/)
    const none = await runHandler('audit', ['explain'], 'no entry\n')
    t.match(none, { status: 0, stdout: /line 1 is no entry: no JSON object/ })
    const json = await runHandler('audit', ['explain', '--json'], 'no entry\n{"cut')
    t.strictSame(
      json.stdout
        .trimEnd()
        .split('\n')
        .map(text => JSON.parse(text) as object),
      [
        { line: 1, undecodable: 'no JSON object' },
        { line: 2, undecodable: 'not valid JSON, or cut off' },
      ],
    )
    const wrong = await runHandler('audit', ['explain', '--rule', 'acl-policy-change'])
    t.match(wrong, {
      status: 64,
      stderr: /no rule "acl-policy-change".*did you mean "acl-policy-changed"/,
    })
    const untested = await runHandler('audit', ['test', '--rule', 'acl-policy-change'])
    t.match(untested, { status: 64, stdout: '', stderr: /did you mean/ })
    const misplaced = await runHandler('audit', ['check', '--json'])
    t.match(misplaced, { status: 64, stderr: /--json is for the command explain/ })
  },
)

t.test('test --record prints a line as a test of a rule', async t => {
  const token = `hvs.${'CAESIJ'.repeat(15)}`
  const line = auditLine({ path: 'sys/policies/acl/app', request_uri: token })
  const args = ['test', '--record', '--rule', 'acl-policy-changed']
  const { status, stdout } = await runHandler('audit', args, `${line}\n`)
  t.equal(status, 0)
  t.match(JSON.parse(stdout), {
    alerts: 1,
    title: 'Policy update: sys/policies/acl/app',
    entries: [{ request: { path: 'sys/policies/acl/app', request_uri: 'hvs.[masked]' } }],
  })
  const server = await runHandler(
    'server',
    ['test', '--record', '--rule', 'srv-sealed'],
    serverLine(),
  )
  t.match(JSON.parse(server.stdout), { alerts: 1, entries: [serverLine()] })
  t.match(
    await runHandler('server', ['test', '--record', '--rule', 'srv-sealed'], '?\n'),
    { status: 1, stderr: /a line is left out: / },
  )
  t.match(await runHandler('audit', ['test', '--record']), {
    status: 64,
    stderr: /--record needs --rule/,
  })
  t.match(await runHandler('audit', args, 'no entry\n'), {
    status: 1,
    stderr: /a line is left out: no JSON object\n.*there is no entry on stdin/,
  })
})

t.test(
  'a recorded test passes in its rule, and masking that changes it is told',
  async t => {
    const file = (rule: object, tests: unknown[]) => ({
      'a.json': JSON.stringify({
        id: 'a',
        log: 'audit',
        title: 'A {{request.path}}',
        severity: 'low',
        tests,
        ...rule,
      }),
    })
    const none = [{ name: 'none', alerts: 0, entries: [{ type: 'other' }] }]
    const record = (dir: string, input: string) =>
      runHandler('audit', ['test', '--record', '--rule', 'a', '-r', dir], input)

    const burst = {
      when: { 'request.operation': 'read' },
      threshold: { count: 2, within: '1m' },
    }
    const twice = await record(
      t.testdir(file(burst, none)),
      `${auditLine({ id: '1', path: 'x', operation: 'read' })}\n@cee: ${auditLine({ id: '2', path: 'y', operation: 'read' })}`,
    )
    const test = JSON.parse(twice.stdout) as object
    t.match(test, { alerts: 1, title: 'A y', entries: { length: 2 } })
    t.equal(twice.stderr, '')
    const tested = await runHandler('audit', [
      'test',
      '-r',
      t.testdir(file(burst, [...none, test])),
    ])
    t.match(tested, { status: 0, stdout: /# 2 passed, 0 failed/ })

    const token = `hvs.${'CAESIJ'.repeat(15)}`
    const leaked = await record(
      t.testdir(file({ when: { line: { contains: 'hvs.CAESIJ' } } }, none)),
      auditLine({ path: token }),
    )
    t.match(JSON.parse(leaked.stdout), { alerts: 0 })
    t.match(leaked.stderr, /masking has changed what the rule sees/)
    t.notMatch(leaked.stdout + leaked.stderr, token)
  },
)

t.test('test shows titles, and the conditions that no test reaches', async t => {
  const dir = t.testdir({
    'a.json': JSON.stringify({
      id: 'a',
      log: 'audit',
      title: 'A {{request.path}}',
      severity: 'low',
      when: { 'request.path': 'x', 'request.operation': ['read', 'list'] },
      tests: [
        {
          name: 'x',
          alerts: 1,
          entries: [{ request: { path: 'x', operation: 'read' } }],
        },
      ],
    }),
  })
  const { stdout } = await runHandler('audit', ['test', '-r', dir])
  t.match(stdout, /ok 1 - a: x\n {2}# A x\n/)
  t.match(stdout, /# a: \/when\/request\.path always holds in any test\n/)
  t.match(stdout, /# a: \/when\/request\.operation always holds in any test\n/)
  t.match(stdout, /# 2 conditions not reached\n# 1 passed, 0 failed\n$/)
})
