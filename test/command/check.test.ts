import { chmodSync } from 'node:fs'
import t from 'tap'
import { handlerFolder } from '../fixtures/handler-folder.js'
import { ruleOf } from '../fixtures/rules.js'
import { runHandler } from '../fixtures/run-handler.js'
import { writeFiles } from '../fixtures/site.js'

t.test('check --cost tells what each rule looks for, the dearest first', async t => {
  const { bare, dir } = handlerFolder(t)
  const tests = [{ name: 'one', alerts: 1, entries: [{ type: 'request' }] }]
  const rules = {
    'few.json': {
      'request.path': { startsWith: 'sys/raw' },
      'request.operation': 'read',
    },
    'anywhere.json': { line: { contains: 'hvs.' } },
    'everyday.json': { 'request.path': { matches: '^sys' } },
    'nothing.json': { 'request.path': { not: 'sys/raw' } },
  }
  writeFiles(
    `${dir}/rules`,
    Object.fromEntries(
      Object.entries(rules).map(([file, when]) => [
        file,
        JSON.stringify(ruleOf({ id: file.slice(0, -5), when, tests })),
      ]),
    ),
  )
  const { status, stdout } = await runHandler('audit', [
    'check',
    '--cost',
    ...bare,
    '-r',
    `${dir}/rules`,
  ])
  t.strictSame(
    [status, ...stdout.split('\n')],
    [
      0,
      'no faults in 4 rules',
      'nothing: every line, decoded',
      'everyday: most lines, decoded: key "path"',
      'anywhere: every line, searched: "hvs." anywhere',
      'few: lines that have it: path begins with "sys/raw"; and operation is "read"',
      '',
    ],
  )
})

t.test('a packaged rule that is on costs no decoding of lines without it', async t => {
  const { bare } = handlerFolder(t)
  for (const log of ['audit', 'server'] as const) {
    const { stdout } = await runHandler(log, ['check', '--cost', ...bare])
    t.notMatch(stdout, /every line, decoded|most lines/)
    t.match(stdout, /lines that have it|every line, searched/)
  }
})

t.test('check warns of a secret that everybody can read', async t => {
  const { bare, dir } = handlerFolder(t, '[slack]\nurl = https://example.com/hook\n')
  chmodSync(`${dir}/x.ini`, 0o604)
  const open = await runHandler('audit', ['check', ...bare])
  t.equal(open.status, 0)
  t.match(open.stdout, 'x.ini:2:1: warning: [slack] url is a secret')
  chmodSync(`${dir}/x.ini`, 0o600)
  t.notMatch((await runHandler('audit', ['check', ...bare])).stdout, 'warning')
})

t.test(
  'check warns of names in a route that neither a rule nor a handler has',
  async t => {
    const known = 'rules = root-token-used, srv-sealed, handler-disk-full'
    const { bare } = handlerFolder(
      t,
      `[command]\nrun = /bin/true\n${known}\ntags = handler, availability, availabilty\n`,
    )
    const { status, stdout } = await runHandler('audit', ['check', ...bare])
    t.equal(status, 0)
    t.match(
      stdout,
      /x\.ini:4:1: warning: \[command\] no rule has the tag "availabilty", did you mean "availability"\?\nno faults/,
    )
    t.notMatch(stdout, 'is called')
  },
)

t.test(
  'check --partition tells which rules need lines that others would get',
  async t => {
    const { bare, dir } = handlerFolder(t)
    const tests = [{ name: 'none', alerts: 0, entries: [{ request: { path: 'b' } }] }]
    const when = { 'request.path': 'a' }
    const over = (clause: object) => ({ when, ...clause })
    const rules: Record<string, object> = {
      single: { when },
      'by-host': over({
        threshold: { count: 2, within: '1m', by: 'request.remote_address' },
      }),
      'by-both': over({
        threshold: {
          count: 2,
          within: '1m',
          by: ['auth.entity_id', 'request.remote_address'],
        },
      }),
      'by-actor': over({ threshold: { count: 2, within: '1m', by: 'auth.entity_id' } }),
      'over-all': over({ threshold: { count: 2, within: '1m' } }),
      off: over({ enabled: false, threshold: { count: 2, within: '1m' } }),
    }
    writeFiles(
      `${dir}/rules`,
      Object.fromEntries(
        Object.entries(rules).map(([id, rest]) => [
          `${id}.json`,
          JSON.stringify({ ...ruleOf({ id, when, tests }), ...rest }),
        ]),
      ),
    )
    const args = ['check', '--partition', 'request.remote_address', '-r', `${dir}/rules`]
    const { status, stdout } = await runHandler('audit', [...args, ...bare])
    t.strictSame(
      [status, ...stdout.split('\n')],
      [
        0,
        'no faults in 6 rules',
        'by-actor: threshold by auth.entity_id',
        'over-all: threshold over all lines',
        '2 of 5 rules in force break where lines are divided by request.remote_address',
        '',
      ],
    )
  },
)
