import { spawnSync } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import t from 'tap'
import { loadRules } from '../../src/rule/load-rules.js'
import { auditEntry, ruleOf } from '../fixtures/rules.js'
import { exceptionFile, loadFolder, loadSite, writeFiles } from '../fixtures/site.js'

const ownRule = (id: string, part: object = {}) => ({
  ...ruleOf({ id, when: { 'request.path': { path: '@canary-paths' } }, ...part }),
  tests: [
    {
      name: 'n',
      alerts: 1,
      entries: [{ request: { path: 'secret/data/payroll', operation: 'read' } }],
    },
  ],
})
const read = (path: string) => auditEntry({ request: { path, operation: 'read' } })

t.test('the rules of the site are in force beside the packaged ones', async t => {
  const { rules } = await loadRules([])
  const site = await loadSite(t, { 'team/own.json': ownRule('own') })
  t.strictSame(site.faults, [])
  t.equal(site.rules.length, rules.length + 1)
  t.ok(site.rule('own').matches(read('secret/data/canary-1')), 'with the packaged lists')
})

t.test(
  'a folder that is not there is none, one that cannot be read is a fault',
  async t => {
    const folder = t.testdir({ link: t.fixture('symlink', 'nowhere'), file: '' })
    for (const absent of ['absent', 'absent/rules', 'file/rules']) {
      t.strictSame((await loadRules([], join(folder, absent))).faults, [], absent)
    }
    const { faults, rules } = await loadRules([], join(folder, 'link'))
    t.match(faults, [{ message: /^can't be read: ENOENT/ }])
    t.ok(rules.length > 100, 'the packaged rules are in force')
  },
)

t.test('the folder is not read where rules are named', async t => {
  const folder = t.testdir()
  writeFiles(folder, { 'site/a.json': '{', 'named/own.json': ownRule('own') })
  const { rules, faults } = await loadRules([`${folder}/named`], `${folder}/site`)
  t.equal(rules.length, 1)
  t.strictSame(faults, [])
})

t.test('a rule of the site never takes the place of a packaged one', async t => {
  const { faults, rule } = await loadSite(t, {
    'root-token-used.json': ownRule('root-token-used'),
  })
  t.match(faults, [
    /^root-token-used\.json:1:\d+: the id is taken by .*rules\/audit\/root-token-used\.json, got "root-token-used" again; overrides\/root-token-used\.json can change that rule$/,
  ])
  t.notOk(rule('root-token-used').matches(read('secret/data/canary-1')))
})

t.test("a list of the site's takes the place of the packaged one", async t => {
  const files = { 'lists/canary-paths.json': ['secret/data/payroll'] }
  const { faults, warnings, rule, untuned } = await loadSite(t, {
    ...files,
    'own.json': ownRule('own'),
  })
  t.strictSame([faults, warnings], [[], []])
  for (const id of ['own', 'canary-secret-read']) {
    t.ok(rule(id).matches(read('secret/data/payroll')), id)
    t.notOk(rule(id).matches(read('secret/data/canary-1')), id)
  }
  const asTested = new Map((await untuned()).map(rule => [rule.rule.id, rule]))
  const canary = asTested.get('canary-secret-read')!
  t.ok(
    canary.matches(read('secret/data/canary-1')),
    'packaged rules are tested as packaged',
  )
  t.ok(asTested.get('own')!.matches(read('secret/data/payroll')))
})

t.test('a list with a name that no rule asks for is warned of', async t => {
  const { faults, warnings } = await loadSite(t, {
    'own.json': ownRule('own', { unless: { 'request.path': { in: '@ours' } } }),
    'exceptions/e.json': exceptionFile({
      rule: 'own',
      unless: { 'auth.entity_id': { in: '@robots' } },
    }),
    'lists/ours.json': [],
    'lists/robots.json': [],
    'lists/canary-path.json': [],
    'lists/else.json': [],
  })
  t.strictSame(faults, [])
  t.strictSame(warnings, [
    'lists/canary-path.json:1:1: warning: no rule asks for this list, did you mean "canary-paths"?',
    'lists/else.json:1:1: warning: no rule asks for this list',
  ])
})

t.test('of a list that does not suit a packaged rule the other values hold', async t => {
  const { faults, rules, rule } = await loadSite(t, {
    'lists/trusted-networks.json': ['192.0.2.0/24', '10.0.0.0/99', '10.1'],
    'lists/protected-policies.json': ['/ours', 5],
    'lists/canary-paths.json': ['secret/data/payroll'],
    'own.json': ownRule('own'),
  })
  t.match(faults, [
    /^lists\/protected-policies\.json:1:10: "endsWith" takes strings, but list @protected-policies holds other values$/,
    /^lists\/trusted-networks\.json:1:17: .*, got "10\.0\.0\.0\/99", from list @trusted-networks$/,
    /^lists\/trusted-networks\.json:1:31: .*, got "10\.1", from list @trusted-networks$/,
  ])
  t.equal(rules.length, (await loadRules([])).rules.length + 1)
  const update = (policy: string) =>
    auditEntry({ request: { path: `sys/policies/acl/${policy}`, operation: 'update' } })
  t.ok(rule('protected-policy-changed').matches(update('ours')))
  t.notOk(rule('protected-policy-changed').matches(update('default')), 'not the packaged')
  t.ok(rule('own').matches(read('secret/data/payroll')), 'the list without a fault holds')
})

t.test('where no value of a list is left, the packaged list stays', async t => {
  const { faults, rule } = await loadSite(t, { 'lists/canary-paths.json': ['a*b'] })
  t.match(faults, [/^lists\/canary-paths\.json:1:2: .*, got "a\*b", from list/])
  t.ok(rule('canary-secret-read').matches(read('secret/data/canary-1')))
})

t.test("a list that does not suit the site's own rule is told at that rule", async t => {
  const { faults } = await loadSite(t, {
    'lists/ours.json': ['a*b'],
    'own.json': ownRule('own', { when: { 'request.path': { path: '@ours' } } }),
  })
  t.match(faults, [/^own\.json:1:\d+: .*, got "a\*b", from list @ours$/])
})

t.test('a folder named with -r may hold the same', async t => {
  const { faults, rule } = await loadFolder(t, {
    'own.json': ownRule('own'),
    'deeper/lists/canary-paths.json': ['secret/data/payroll'],
    'deeper/overrides/own.json': { severity: 'critical' },
    'exceptions/any-name.json': exceptionFile({ rule: 'own' }),
  })
  t.strictSame(faults, [])
  t.equal(rule('own').rule.severity, 'critical')
  t.equal(rule('own').exceptions?.length, 1)
  t.ok(rule('own').matches(read('secret/data/payroll')))
})

t.test('packaged rules are not validated again on the account of a site', async t => {
  const built = new URL('../../dist/rule/load-rules.js', import.meta.url)
  const loadsAjv = (files: Record<string, unknown>) => {
    const folder = t.testdir()
    writeFiles(folder, files)
    const script = `
      import { createRequire } from 'node:module'
      const { loadRules } = await import(${JSON.stringify(String(built))})
      const { faults } = await loadRules([], ${JSON.stringify(folder)})
      const { cache } = createRequire(${JSON.stringify(pathToFileURL(folder).href)})
      console.log(faults.length, Object.keys(cache).some(file => file.includes('ajv')))`
    const args = ['--input-type=module', '-e', script]
    const env = { ...process.env, NODE_OPTIONS: '' }
    return spawnSync(process.execPath, args, { encoding: 'utf8', env }).stdout
  }
  t.equal(loadsAjv({ 'lists/canary-paths.json': ['secret/data/payroll'] }), '0 false\n')
  t.equal(loadsAjv({ 'overrides/root-token-used.json': { enabled: false } }), '0 true\n')
})
