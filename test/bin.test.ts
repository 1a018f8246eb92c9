import {
  cpSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { spawnSync, type SpawnSyncOptions } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { Log } from '../src/entry/entry.js'
import { commands } from '../src/options.js'
import { until } from './e2e/until.js'
import { auditLine, serverLine } from './fixtures/entries.js'
import { startSlackStandIn } from './fixtures/slack-stand-in.js'
import { handlerFile, runHandler, startHandler } from './fixtures/run-handler.js'

/** Options that keep a run inside a folder of its own. */
function inFolder(t: Test, files: Record<string, string> = {}) {
  const dir = t.testdir({ 'x.ini': '', ...files })
  const alertLog = `${dir}/vault/audit.alert`
  const args = [
    '-c',
    `${dir}/x.ini`,
    '--alert-log',
    alertLog,
    '--state-dir',
    `${dir}/state`,
  ]
  const records = () =>
    (existsSync(alertLog) ? readFileSync(alertLog, 'utf8') : '')
      .split('\n')
      .slice(0, -1)
      .map(record => JSON.parse(record) as Record<string, unknown>)
  return { dir, alertLog, args, records }
}

/** Runs a committed executable, without the hooks of the test runner. */
function runBin(log: Log, args: readonly string[], options: SpawnSyncOptions = {}) {
  return spawnSync('env', ['-u', 'NODE_OPTIONS', handlerFile(log), ...args], options)
}

const rule = (id: string, part: Record<string, unknown> = {}) =>
  JSON.stringify({
    id,
    log: 'audit',
    title: id,
    severity: 'low',
    when: { 'request.path': 'sys/a' },
    tests: [{ name: 'a', alerts: 1, entries: [{ request: { path: 'sys/a' } }] }],
    ...part,
  })

t.test(
  'the committed executables have their run bit and are what npm installs',
  async t => {
    for (const log of ['audit', 'server'] as const) {
      t.equal(statSync(handlerFile(log)).mode & 0o111, 0o111)
      const { stdout } = runBin(log, ['--version'])
      t.match(String(stdout), new RegExp(`^${log}-log-handler \\d+\\.\\d+\\.\\d+\\n$`))
    }
  },
)

t.test('--help tells somebody new what it does, with its own defaults', async t => {
  const { status, stdout } = await runHandler('server', ['--help'])
  t.equal(status, 0)
  t.match(stdout, /alerts on the server log of HashiCorp Vault and OpenBao/)
  t.match(stdout, /\/var\/log\/vault\/messages\.alert/)
  const options = ['--dry-run', '--since', '--until', '--notify', '--quiet']
  for (const word of [...commands, ...options, 'SIGHUP', '78']) t.match(stdout, word)
})

t.test('the filter appends a record to the alert log, mode 0640', async t => {
  const { args, alertLog, records } = inFolder(t)
  const input = `${auditLine()}\n${auditLine()}\n`
  const { status, stdout, stderr } = await runHandler('audit', args, input)
  t.equal(status, 0)
  t.equal(stdout, '')
  t.match(stderr, /end of input: lines=2 bytes=\d+ entries=2 alerts=1 repeats=1/)
  t.match(records(), [
    {
      rule: 'generate-root-accessed',
      severity: 'critical',
      title: 'Root token generation path accessed: sys/generate-root/update',
      log: 'audit',
      count: 1,
      time: '2026-03-02T10:15:30.412345678Z',
      entry: { request: { path: 'sys/generate-root/update' } },
    },
  ])
  t.equal(statSync(alertLog).mode & 0o777, 0o640)
  await runHandler('audit', args, auditLine({ id: 'another' }))
  t.equal(records().length, 2, 'and a last line without its newline counts')
})

t.test('the server handler reads the server log', async t => {
  const { args, records } = inFolder(t)
  await runHandler('server', args, `${serverLine()}\n`)
  t.match(records(), [{ rule: 'srv-sealed', title: 'Vault sealed', line: serverLine() }])
})

t.test('--dry-run writes alerts to stdout and nothing anywhere else', async t => {
  const { args, dir } = inFolder(t)
  const { status, stdout, stderr } = await runHandler(
    'audit',
    [...args, '-n'],
    auditLine(),
  )
  t.equal(status, 0)
  t.match(JSON.parse(stdout), { rule: 'generate-root-accessed' })
  t.equal(stderr, '')
  t.throws(() => statSync(`${dir}/vault`))
  t.throws(() => statSync(`${dir}/state`))
})

t.test('--dry-run ends with 0 when its reader has gone', async t => {
  const { args } = inFolder(t)
  const { child, done } = startHandler('audit', [...args, '-n'])
  child.stdout.destroy()
  let i = 0
  const feed = setInterval(
    () => child.stdin.write(`${auditLine({ id: String(i++) })}\n`),
    5,
  )
  const { status, stderr } = await done
  clearInterval(feed)
  t.equal(status, 0)
  t.equal(stderr, '')
})

t.test('--dry-run and the commands are strict about faults', async t => {
  const { dir } = inFolder(t, { 'bad.ini': '[slak]\n', rules: '' })
  const table: [string[], number, RegExp][] = [
    [['-n', '--bogus'], 64, /unknown option --bogus[^]*see audit-log-handler --help/],
    [['chek'], 64, /unknown command "chek", did you mean "check"\?/],
    [['-n', '-c', `${dir}/bad.ini`], 78, /bad\.ini:1:1: unknown section \[slak\]/],
    [['-n', '-c', `${dir}/none.ini`], 78, /none\.ini:1:1: can't be read: ENOENT/],
    [['-n', '-r', `${dir}/none`], 78, /none:1:1: can't be read/],
    [['test', '-r', `${dir}/none`], 78, /none:1:1: can't be read/],
    [['notify-test', '-c', `${dir}/bad.ini`], 78, /unknown section/],
    [
      ['notify-test', '-c', `${dir}/x.ini`],
      78,
      /no destination: put \[slack\] with a url/,
    ],
  ]
  for (const [args, expected, message] of table) {
    const { status, stderr, stdout } = await runHandler('audit', args, auditLine())
    t.equal(status, expected, args.join(' '))
    t.match(stderr, message)
    t.equal(stdout, '')
  }
})

t.test('with a file on stdin the filter is strict too', async t => {
  const { dir, args } = inFolder(t, { log: auditLine() })
  const stdin = openSync(`${dir}/log`, 'r')
  const stdio: SpawnSyncOptions['stdio'] = [stdin, 'pipe', 'pipe']
  const { status } = runBin('audit', [...args, '-r', `${dir}/none`], { stdio })
  t.equal(status, 78)
})

t.test(
  'with a pipe on stdin no fault ends the filter, and each becomes an alert',
  async t => {
    const { dir, args, records } = inFolder(t, {
      'bad.ini': '[slack]\nurl = ftp://x/secretpart\n',
    })
    writeFileSync(
      `${dir}/bad-rule.json`,
      rule('bad-rule', { when: { 'request.path': '' } }),
    )
    const wrong = [
      '--bogus',
      'value',
      '-c',
      `${dir}/bad.ini`,
      '-r',
      `${dir}/bad-rule.json`,
    ]
    const input = `${auditLine({ path: 'sys/a' })}\nnot json\n{"half`
    const run = await runHandler('audit', [...args, ...wrong], input)
    t.equal(run.status, 0)
    t.match(run.stderr, /unknown option --bogus/)
    t.match(run.stderr, /bad\.ini:2:1: \[slack\] url must be an http/)
    t.match(run.stderr, /bad-rule\.json:1:\d+: must not be empty, got ""/)
    t.match(run.stderr, /undecodable=1 truncated=1/)
    t.notMatch(run.stderr, /secretpart/)
    t.match(records(), [
      { rule: 'handler-config-invalid', severity: 'high', log: 'audit' },
      { rule: 'handler-rule-invalid', severity: 'high' },
    ])
    const root = await runHandler('audit', [...args, ...wrong], auditLine())
    t.equal(root.status, 0)
    t.match(
      records().at(-1),
      { rule: 'generate-root-accessed' },
      'the packaged rules step in',
    )
  },
)

t.test('valid rules beside a faulty one stay in force', async t => {
  const { dir, args, records } = inFolder(t, {
    'good.json': rule('good'),
    'faulty.json': rule('faulty', { when: {} }),
  })
  const rules = ['-r', `${dir}/good.json`, '-r', `${dir}/faulty.json`]
  const { status } = await runHandler(
    'audit',
    [...args, ...rules],
    auditLine({ path: 'sys/a' }),
  )
  t.equal(status, 0)
  t.strictSame(
    records().map(record => record['rule']),
    ['handler-rule-invalid', 'good'],
  )
})

t.test('an alert log that cannot be written ends nothing and is counted', async t => {
  const { dir } = inFolder(t, { file: '' })
  const args = ['--alert-log', `${dir}/file/x.alert`, '--state-dir', dir]
  const { status, stderr } = await runHandler('audit', args, `${auditLine()}\n`)
  t.equal(status, 0)
  t.match(stderr, /x\.alert can't be written: ENOTDIR/)
  t.match(stderr, /alert_log_errors=1/)
})

t.test('SIGTERM reads on to the end of the input', async t => {
  const { args, records } = inFolder(t)
  const { child, done, stderr } = startHandler('audit', [...args, '-d'])
  await until('so far', () => stderr().includes('reading'))
  child.kill('SIGTERM')
  child.kill('SIGTERM')
  child.kill('SIGINT')
  child.stdin.write(`${auditLine()}\n`)
  await until('so far', () => records().length === 1)
  child.kill('SIGTERM')
  child.stdin.end(`${auditLine({ id: 'another' })}\n`)
  t.match(await done, { status: 0, signal: null })
  t.equal(records().length, 2)
})

t.test('SIGTERM ends the filter where no end of input comes', async t => {
  const { args, records } = inFolder(t)
  const { child, done, stderr } = startHandler('audit', [...args, '-d'])
  await until('so far', () => stderr().includes('reading'))
  child.stdin.write(`${auditLine()}\n`)
  const start = Date.now()
  child.kill('SIGTERM')
  t.match(await done, { status: 0, signal: null })
  const seconds = (Date.now() - start) / 1000
  t.ok(seconds > 4.5 && seconds < 9, `${seconds} s`)
  t.equal(records().length, 1)
})

t.test('SIGUSR2 says how it goes, and SIGHUP ends nothing', async t => {
  const { args } = inFolder(t)
  const { child, done, stderr } = startHandler('audit', [...args, '-d'])
  await until('so far', () => stderr().includes('reading'))
  child.stdin.write('not json\n')
  await until('so far', () => stderr().includes('line not decoded'))
  child.kill('SIGHUP')
  child.kill('SIGUSR2')
  await until('so far', () => /so far: lines=1 bytes=9 undecodable=1/.test(stderr()))
  child.stdin.end()
  t.match(await done, { status: 0 })
})

t.test(
  'with stderr at /dev/null diagnostics go to the state folder, else to --log',
  async t => {
    const { dir, args } = inFolder(t)
    const run = (more: string[]) =>
      runBin('audit', [...args, ...more], {
        input: 'not json\n',
        stdio: ['pipe', 'ignore', 'ignore'],
      })
    run([])
    const file = `${dir}/state/audit-log-handler.log`
    t.match(readFileSync(file, 'utf8'), /^\d{4}-.*Z warn line not decoded .*: not json\n/)
    t.equal(statSync(file).mode & 0o777, 0o640)
    run(['--log', `${dir}/own.log`])
    t.match(readFileSync(`${dir}/own.log`, 'utf8'), /not json/)
    writeFileSync(file, 'x'.repeat(6 * 1024 * 1024))
    run([])
    t.ok(statSync(file).size < 1000, 'and it is rotated')
    t.equal(statSync(`${file}.1`).size, 6 * 1024 * 1024)
  },
)

t.test('check is silent about nothing and tells every fault of every file', async t => {
  const { dir } = inFolder(t, {
    'good.json': rule('good'),
    'a.json': rule('a', { severty: 'low' }),
    'b.json': rule('c', { when: { 'request.path': { matches: '(?=x)' } } }),
  })
  const packaged = await runHandler('audit', ['check', '-c', `${dir}/x.ini`])
  t.match(packaged, { status: 0, stdout: /^no faults in \d+ rules\n$/, stderr: '' })
  const files = ['good', 'a', 'b'].flatMap(name => ['-r', `${dir}/${name}.json`])
  const { status, stdout } = await runHandler('server', [
    'check',
    '-c',
    `${dir}/x.ini`,
    ...files,
  ])
  t.equal(status, 78)
  t.match(stdout, /a\.json:1:\d+: unknown key "severty", did you mean "severity"\?\n/)
  t.match(stdout, /b\.json:1:\d+: the id must be the file's name, "b", got "c"\n/)
})

t.test('test runs the tests in the rule files and tells which fail', async t => {
  const { dir } = inFolder(t, {
    'a.json': rule('a'),
    'b.json': rule('b', {
      tests: [
        { name: 'too many', alerts: 2, entries: [{ request: { path: 'sys/a' } }] },
        {
          name: 'title',
          alerts: 1,
          title: 'x',
          entries: [{ request: { path: 'sys/a' } }],
        },
        { name: 'no entry', alerts: 0, entries: ['{"half'] },
      ],
    }),
  })
  const ok = await runHandler('audit', ['test', '-r', `${dir}/a.json`])
  t.match(ok, {
    status: 0,
    stdout:
      /1\.\.1\nok 1 - a: a\n {2}# a\n# .*always holds.*\n# 1 conditions not reached\n# 1 passed, 0 failed/,
  })
  const bad = await runHandler('audit', ['test', '-r', `${dir}/b.json`])
  t.equal(bad.status, 1)
  t.match(bad.stdout, /not ok 1 - b: too many\n {2}# expected 2 alerts, got 1\n/)
  t.match(bad.stdout, /not ok 2 - b: title\n {2}# expected the title "x", got "b"\n/)
  t.match(
    bad.stdout,
    /not ok 3 - b: no entry\n {2}# an entry of the test is no line of the log/,
  )
  for (const log of ['audit', 'server'] as const) {
    t.match(await runHandler(log, ['test']), { status: 0, stdout: /passed, 0 failed/ })
  }
})

t.test('the packaged folder of rules is named the way any other is', async t => {
  const rules = fileURLToPath(new URL('../rules', import.meta.url))
  const run = await runHandler('audit', ['-n', '-r', rules], auditLine())
  t.match(JSON.parse(run.stdout), { rule: 'generate-root-accessed' })
})

t.test('Slack gets one message for all rules that one line matches', async t => {
  const slack = await startSlackStandIn()
  t.teardown(() => slack.close())
  const { args, records } = inFolder(t, { 'x.ini': `[slack]\nurl = ${slack.url}\n` })
  const line = auditLine({ path: 'secret/data/emergency-only' }).replace(
    '"token_type":"default"',
    '"policies":["root"]',
  )
  t.match(await runHandler('audit', args, `${line}\n`), { status: 0 })
  t.equal(slack.requests.length, 1)
  const { text } = slack.requests[0]!.body as { text: string }
  t.equal(records().length, 2)
  for (const { id, title } of records()) {
    t.ok(text.includes(String(id)))
    t.ok(text.includes(String(title)))
  }
})

t.test('a hook that is gone is said in the alert log, and ends nothing', async t => {
  const slack = await startSlackStandIn()
  t.teardown(() => slack.close())
  const url = slack.url.replace('/services/', '/services/secretpart-')
  const { args, records } = inFolder(t, { 'x.ini': `[slack]\nurl = ${url}\n` })
  const { child, done } = startHandler('audit', args)
  child.stdin.write(`${auditLine()}\n`)
  await until('the suspension is recorded', () => records().length === 2)
  child.stdin.end()
  const { status, stderr } = await done
  t.equal(status, 0)
  t.match(records()[1], {
    rule: 'handler-destination-suspended',
    title: 'slack is suspended: answered 404 no_service',
  })
  t.match(stderr, /unsent messages: 1; the next start sends what is on disk/)
  t.match(stderr, /delivery_suspensions=1 unsent=1/)
  t.notMatch(stderr + JSON.stringify(records()), /secretpart/)
})

t.test('at the end of the input a longer back-off is not waited out', async t => {
  const slack = await startSlackStandIn()
  t.teardown(() => slack.close())
  const { args } = inFolder(t, { 'x.ini': `[slack]\nurl = ${slack.url}\n` })
  slack.answer({ status: 429, headers: { 'retry-after': '3600' } })
  const start = Date.now()
  const { status, stderr } = await runHandler('audit', args, `${auditLine()}\n`)
  t.equal(status, 0)
  t.match(stderr, /delivery_retries=1 unsent=1/)
  t.ok(Date.now() - start < 9_000, 'nor are the ten seconds')
})

t.test('notify-test sends one message and shows the answer', async t => {
  const slack = await startSlackStandIn()
  t.teardown(() => slack.close())
  const { args } = inFolder(t, { 'x.ini': `[slack]\nurl = ${slack.url}\n` })
  const ok = await runHandler('server', ['notify-test', ...args])
  t.match(ok, { status: 0, stdout: /^slack: delivered: answered 200 ok\n$/, stderr: '' })
  t.match(slack.requests[0]?.body, { text: /Test of the server log's alerts/ })
  slack.answer({ status: 403, body: 'invalid_token' })
  const refused = await runHandler('server', ['notify-test', ...args])
  t.match(refused, {
    status: 1,
    stdout: /^slack: suspended: answered 403 invalid_token\n$/,
  })
})

t.test('notify-test takes a name or a kind, and leaves the others alone', async t => {
  const [all, oncall] = [await startSlackStandIn(), await startSlackStandIn()]
  t.teardown(() => Promise.all([all.close(), oncall.close()]))
  const ini = `[slack]
url = ${all.url}
min_severity = critical
[slack "oncall"]
url = ${oncall.url}
[command "file"]
run = /bin/true
`
  const { args } = inFolder(t, { 'x.ini': ini })
  const delivered = (name: string, how = 'answered 200 ok') =>
    `${name}: delivered: ${how}\n`
  const both = delivered('slack') + delivered('slack-oncall')
  const command = delivered('command-file', 'true exited with 0')
  const runs: [string[], string][] = [
    [['slack-oncall'], delivered('slack-oncall')],
    [['slack'], both],
    [['command'], command],
    [['command-file'], command],
    [[], both + command],
  ]
  for (const [names, stdout] of runs) {
    const run = await runHandler('audit', ['notify-test', ...names, ...args])
    t.match(run, { status: 0, stdout, stderr: '' }, names.join())
  }
  t.equal(all.requests.length, 2, 'also where its route takes no test')
  t.equal(oncall.requests.length, 3)

  const unknown = await runHandler('audit', ['notify-test', 'slack-onc', ...args])
  t.match(unknown, { status: 78, stdout: '' })
  t.match(
    unknown.stderr,
    /no destination is named slack-onc: .* has slack, slack-oncall, /,
  )
  all.answer({ status: 403, body: 'invalid_token' })
  const one = await runHandler('audit', ['notify-test', 'slack', ...args])
  const refused = 'slack: suspended: answered 403 invalid_token\n'
  t.match(one, { status: 1, stdout: refused + delivered('slack-oncall') })
})

t.test(
  'a reader of stdout that has gone is no fault, a disk that is full is one',
  async t => {
    const pipeTo = (command: string) =>
      spawnSync(
        'bash',
        ['-c', `unset NODE_OPTIONS; ${command}; echo "\${PIPESTATUS[0]}"`],
        {
          encoding: 'utf8',
        },
      )
    const bin = handlerFile('audit')
    for (const args of ['--help', 'test', 'check']) {
      t.match(pipeTo(`${bin} ${args} | true`), { stdout: '0\n', stderr: '' }, args)
    }
    const full = pipeTo(`${bin} check > /dev/full`)
    t.match(full, { stdout: '1\n', stderr: /error writing to stdout failed: ENOSPC/ })
    const feed = `echo '${auditLine()}' | `
    const dryRun = pipeTo(`true; ${feed} ${bin} -n > /dev/full; echo "\${PIPESTATUS[1]}"`)
    t.match(dryRun, { stdout: /^1\n/, stderr: /writing to stdout failed/ })
  },
)

t.test('--dry-run writes no file where stderr is /dev/null either', t => {
  const { dir, args } = inFolder(t)
  const { status } = runBin('audit', [...args, '-n'], {
    input: 'not json\n',
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  t.equal(status, 0)
  t.notOk(existsSync(`${dir}/state`))
  t.end()
})

t.test(
  'a record after half a record, as a full disk leaves it, is a line of its own',
  async t => {
    const { dir, args } = inFolder(t, { 'half.alert': '{"id":"ha' })
    const file = `${dir}/half.alert`
    for (const id of ['1', '2']) {
      await runHandler('audit', [...args, '--alert-log', file], auditLine({ id }))
    }
    const [half, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n')
    t.equal(half, '{"id":"ha')
    t.equal(lines.length, 2)
    for (const line of lines)
      t.match(JSON.parse(line), { rule: 'generate-root-accessed' })
  },
)

t.test('rules of the other log alone are said to leave nothing in force', async t => {
  const { dir, args } = inFolder(t, { 'a.json': rule('a') })
  const named = [...args, '-r', `${dir}/a.json`]
  const run = await runHandler('server', [...named, '-n'], `${serverLine()}\n`)
  t.match(run, {
    status: 0,
    stdout: '',
    stderr: /warn no rule of the server log is in force/,
  })
  const tested = await runHandler('server', ['test', ...named])
  t.match(tested, {
    stdout: /# 0 passed, 0 failed/,
    stderr: /no rule of the server log to test/,
  })
})

t.test('without the scan, every line is decoded, and that is said', t => {
  const { dir, args } = inFolder(t)
  const project = fileURLToPath(new URL('..', import.meta.url))
  for (const part of ['bin', 'dist', 'rules', 'package.json']) {
    cpSync(join(project, part), join(dir, 'copy', part), { recursive: true })
  }
  symlinkSync(join(project, 'node_modules'), join(dir, 'copy/node_modules'))
  rmSync(join(dir, 'copy/dist/scan.wasm'))
  const bin = join(dir, 'copy/bin/audit-log-handler')
  const command = ['-u', 'NODE_OPTIONS', bin, '-n', ...args]
  const input = `${auditLine()}\n${auditLine({ id: '2' })}\n`
  const { status, stdout, stderr } = spawnSync('env', command, {
    encoding: 'utf8',
    input,
  })
  t.equal(status, 0)
  t.equal(stdout.match(/generate-root-accessed/g)?.length, 2)
  t.match(stderr, /^[^\n]*warn every line is decoded, which is slower: [^\n]*scan\.wasm/)
  t.end()
})
