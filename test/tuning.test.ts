import { rmSync } from 'node:fs'
import t, { type Test } from 'tap'
import { until } from './e2e/until.js'
import { auditLine } from './fixtures/entries.js'
import { handlerFolder } from './fixtures/handler-folder.js'
import { ruleOf } from './fixtures/rules.js'
import { runHandler, startHandler } from './fixtures/run-handler.js'
import { exceptionFile, writeFiles, type Files } from './fixtures/site.js'

/** A folder with an ini and, named like it, the site's folder; with all packaged rules. */
function site(t: Test, files: Files = {}) {
  const folder = handlerFolder(t)
  const rules = `${folder.dir}/x/rules`
  writeFiles(rules, files)
  const short = (text: string) => text.replaceAll(`${rules}/`, '')
  const write = (more: Files) => writeFiles(rules, more)
  return { ...folder, args: folder.bare, rules, short, write }
}

const line = (id: string, part: Record<string, unknown> = {}) =>
  `${auditLine({ id, path: 'sys/policies/acl/app', operation: 'update', ...part })}\n`
const rule = 'acl-policy-changed'
const always = { line: { exists: true } }

t.test('check warns of what has expired, and that is no fault', async t => {
  const { args, short, write } = site(t, {
    'exceptions/old.json': exceptionFile({ rule, expires: '2020-01-31' }),
    'exceptions/new.json': exceptionFile({ rule, expires: '9999-12-31' }),
    'lists/canary-path.json': [],
  })
  const { status, stdout } = await runHandler('audit', ['check', ...args])
  t.equal(status, 0)
  t.match(short(stdout).split('\n'), [
    'exceptions/old.json:1:89: warning: the exception has expired, and its rules alert again (owner "the team", reason "agreed")',
    'lists/canary-path.json:1:1: warning: no rule asks for this list, did you mean "canary-paths"?',
    /^no faults in \d+ rules$/,
    '',
  ])
  write({ 'exceptions/none.json': exceptionFile({ rule: 'acl-policy-change' }) })
  const run = await runHandler('audit', ['check', ...args])
  t.equal(run.status, 78)
  t.match(
    short(run.stdout),
    'exceptions/none.json:1:109: there is no rule "acl-policy-change", did you mean "acl-policy-changed"?\nexceptions/old.json:1:89: warning:',
  )
})

t.test('what is excepted is not recorded, until it has expired', async t => {
  const files = (expires: string) => ({
    'exceptions/e.json': exceptionFile({ rule, unless: always, expires }),
  })
  const excepted = site(t, files('9999-12-31'))
  const run = await runHandler('audit', excepted.args, line('1'))
  t.match(run, { status: 0, stderr: /excepted=1/ })
  t.strictSame(excepted.records(), [])
  t.notMatch(run.stderr, /warning/)

  const over = site(t, files('2020-01-31'))
  const { stderr } = await runHandler('audit', over.args, line('1'))
  t.match(
    over.records().map(record => record.rule),
    [rule],
  )
  t.match(
    over.short(stderr),
    /warn exceptions\/e\.json:1:\d+: warning: the exception has/,
  )
  t.equal(stderr.match(/the exception has expired/g)?.length, 1, 'said once')
  t.notMatch(stderr, /excepted=/)
})

t.test('a reload takes all of it, or nothing', async t => {
  const { args, records, write, rules } = site(t)
  const { child, done, stderr } = startHandler('audit', args)
  const found = () => records().map(record => record.rule)
  const send = async (id: string, expected: readonly string[]) => {
    child.stdin.write(line(id))
    await until(`${id} is read`, () => found().length >= expected.length)
    t.strictSame(found(), expected)
  }
  const reload = async (says: RegExp, count: number) => {
    child.kill('SIGHUP')
    await until(String(says), () => [...stderr().matchAll(says)].length === count)
  }
  await send('1', [rule])
  write({
    'own.json': {
      ...ruleOf({ id: 'own', when: { 'request.path': { path: '@ours' } } }),
      tests: [{ name: 'n', alerts: 0, entries: [{}] }],
    },
    'lists/ours.json': ['sys/policies/*'],
    'exceptions/e.json': exceptionFile({ rule, unless: always, expires: '9999-12-31' }),
  })
  await reload(/reloaded: /g, 1)
  await send('2', [rule, 'own'])

  write({ 'overrides/own.json': { severty: 'high' }, 'lists/ours.json': [] })
  await reload(/overrides\/own\.json:1:2: unknown key "severty"/g, 1)
  await until('the refusal is told', () => found().includes('handler-rule-invalid'))
  await send('3', [rule, 'own', 'handler-rule-invalid', 'own'])

  write({ 'overrides/own.json': { severity: 'high' } })
  rmSync(`${rules}/exceptions`, { recursive: true })
  await reload(/reloaded: /g, 2)
  await send('4', [rule, 'own', 'handler-rule-invalid', 'own', rule])
  child.stdin.end()
  t.match(await done, { status: 0, stderr: /reloads=2 reloads_refused=1/ })
})

t.test(
  'an override puts a rule in force, or out of it, and changes its severity',
  async t => {
    const { args, records } = site(t, {
      'overrides/canary-secret-read.json': { enabled: true, severity: 'medium' },
      [`overrides/${rule}.json`]: { enabled: false },
    })
    const read = { path: 'secret/data/canary-1', operation: 'read' }
    await runHandler('audit', args, line('1') + line('2', read))
    t.match(records(), [{ rule: 'canary-secret-read', severity: 'medium' }])
    t.equal(records().length, 1)
  },
)

t.test("rules' own tests pass on a tuned site", async t => {
  const { args } = site(t, {
    'exceptions/e.json': exceptionFile({ rule, unless: always, expires: '9999-12-31' }),
    'overrides/canary-secret-read.json': { enabled: true },
    'overrides/userpass-credential-changed.json': { enabled: false, severity: 'info' },
    'lists/canary-paths.json': ['secret/data/payroll'],
    'lists/protected-policies.json': [],
    'lists/trusted-networks.json': ['198.51.100.0/24'],
  })
  const run = await runHandler('audit', ['test', ...args])
  t.match(run, { status: 0, stdout: /passed, 0 failed/ })
})

t.test('explain names the exception, and shows its conditions', async t => {
  const unless = { any: [{ 'auth.display_name': 'x' }, always] }
  const { args, short } = site(t, {
    'exceptions/e.json': exceptionFile({ rule, unless, expires: '9999-12-31' }),
  })
  const asked = ['explain', '--rule', rule, ...args]
  const { status, stdout } = await runHandler('audit', asked, line('1'))
  t.equal(status, 0)
  t.match(
    short(stdout),
    `✗ ${rule}: exception exceptions/e.json until 9999-12-31: unless line {"exists":true} saw`,
  )
  t.match(
    short(stdout),
    /\n {4}✓ exception exceptions\/e\.json any\n {6}✗ auth\.display_name "x" saw .*\n {6}✓ line .*/,
  )
  const json = await runHandler('audit', [...asked, '--json'], line('1'))
  t.match(JSON.parse(json.stdout), {
    exception: {
      expires: '9999-12-31',
      parts: [{ parts: [{ holds: false }, { holds: true }] }],
    },
  })
})
