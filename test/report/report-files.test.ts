import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { auditLine, serverLine } from '../fixtures/entries.js'
import { handlerFolder } from '../fixtures/handler-folder.js'
import { runHandler, startHandler } from '../fixtures/run-handler.js'

const token = 'hvs.CAESIJ0123456789abcdefghijklmnop'

const lines = [
  auditLine({ id: 'r1' }),
  auditLine({ id: 'r2', path: 'secret/data/x', operation: 'read' }),
  auditLine({ id: 'r3', path: `sys/policies/acl/=1+1,"x"`, data: { leaked: token } }),
]
const input = `${lines.join('\n')}\n`

/** A folder with the options of a replay that writes all three forms of a report. */
function reportFolder(t: Test) {
  const folder = handlerFolder(t)
  const file = (name: string) => `${folder.dir}/${name}`
  const reports = [
    '--report',
    file('x.html'),
    '--csv',
    file('x.csv'),
    '--json',
    file('x.json'),
  ]
  return {
    ...folder,
    options: ['replay', '--quiet', ...folder.args, ...reports],
    file,
    text: (name: string) => readFileSync(file(name), 'utf8'),
  }
}

/** The cells of a CSV file, RFC 4180. */
function cells(csv: string): string[][] {
  return csv
    .split('\r\n')
    .slice(0, -1)
    .map(line =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!,
      ),
    )
}

t.test('a replay writes what it found as a page, a table and records', async t => {
  const { options, file, text, records } = reportFolder(t)
  const { status } = await runHandler('audit', options, input)
  t.equal(status, 0)

  const found = JSON.parse(text('x.json')) as Record<string, unknown>[]
  t.strictSame(
    found.map(({ id, rule }) => ({ id, rule })),
    records().map(({ id, rule }) => ({ id, rule })),
    'the records of the alert log',
  )
  t.equal(text('x.json').trim().split('\n').length, found.length + 2, 'one a line')

  const [header, ...rows] = cells(text('x.csv'))
  t.equal(rows.length, found.length)
  const columns = rows.map(row =>
    Object.fromEntries(header!.map((name, i) => [name, row[i]])),
  )
  t.match(columns[0], {
    time: '2026-03-02T10:15:30.412345678Z',
    severity: 'critical',
    rule: 'generate-root-accessed',
    actor: '192.0.2.10',
    action: 'update',
    path: 'sys/generate-root/update',
    request: 'r1',
    count: '1',
    id: found[0]!['id'],
  })
  t.equal(columns[1]!['path'], 'sys/policies/acl/=1+1,"x"', 'quoted as RFC 4180 has it')

  t.match(text('x.html'), /^<!doctype html>/)
  t.match(text('x.html'), /<dt>alerts<\/dt><dd>2<\/dd>/)
  for (const name of ['x.html', 'x.csv', 'x.json']) {
    t.notMatch(text(name), token.slice(4), `${name} has no token in clear`)
    t.equal(statSync(file(name)).mode & 0o777, 0o600, `${name} is its owner's`)
  }
  t.match(
    readFileSync(`${file('vault')}/audit.alert`, 'utf8'),
    token,
    'the alert log has',
  )
})

t.test(
  'a dry run writes the reports that it is asked for, and no other file',
  async t => {
    const { options, dir, text, records } = reportFolder(t)
    const before = readdirSync(dir)
    const { status, stdout } = await runHandler('audit', [...options, '-n'], input)
    t.equal(status, 0)
    t.equal(stdout.trim().split('\n').length, 2)
    t.equal((JSON.parse(text('x.json')) as unknown[]).length, 2)
    t.strictSame(
      readdirSync(dir).filter(name => !before.includes(name)),
      ['x.csv', 'x.html', 'x.json'],
    )
    t.strictSame(records(), [])
  },
)

t.test('what a spreadsheet would take for a formula is text', async t => {
  for (const start of ['=', '+', '-', '@']) {
    const { options, text } = reportFolder(t)
    const formula = `${start}cmd|' /C calc'!A0`
    const line = auditLine({ id: `${formula};${formula}` })
    await runHandler('audit', options, `${line}\n`)
    const [, row] = cells(text('x.csv'))
    t.ok(row!.includes(`'${formula};'${formula}`), start)
  }
})

t.test('only alerts of the time that was asked for are in a report', async t => {
  const { options, text } = reportFolder(t)
  await runHandler('audit', [...options, '--since', '2026-03-03'], input)
  t.strictSame(JSON.parse(text('x.json')), [])
  t.match(text('x.html'), 'No alerts')
})

t.test('the server log has hosts and modules', async t => {
  const { dir } = handlerFolder(t)
  const options = ['replay', '-n', '--csv', `${dir}/x.csv`, '--report', `${dir}/x.html`]
  await runHandler('server', options, `${serverLine()}\n`)
  const [header, row] = cells(readFileSync(`${dir}/x.csv`, 'utf8'))
  const of = (name: string) => row![header!.indexOf(name)]
  t.strictSame([of('actor'), of('action'), of('path')], ['node-1', 'info', 'core'])
  t.match(readFileSync(`${dir}/x.html`, 'utf8'), 'By host')
})

t.test(
  'an entry that is too large to be shown still has an actor and a path',
  async t => {
    const { options, text } = reportFolder(t)
    const filler = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, i) => [`key-${i}`, 'x'.repeat(30)]),
    )
    await runHandler('audit', options, `${auditLine({ id: 'r1', data: filler })}\n`)
    const [header, row] = cells(text('x.csv'))
    const of = (name: string) => row![header!.indexOf(name)]
    t.strictSame([of('actor'), of('path')], ['192.0.2.10', 'sys/generate-root/update'])
    t.notMatch(text('x.json'), 'key-1')
    t.match(text('x.html'), '"hasEntry":[1]')
  },
)

t.test('two forms of a report can not have one name', async t => {
  const folder = reportFolder(t)
  const options = [...folder.options, '--csv', folder.file('x.json')]
  const { status, stderr } = await runHandler('audit', options, input)
  t.equal(status, 1)
  t.match(stderr, /nothing replayed: .*--csv and --json name the same file/)
  t.strictSame(folder.records(), [])
})

t.test('what can not be written is said before anything is replayed', async t => {
  const folder = reportFolder(t)
  const options = [...folder.options, '--csv', '/nowhere/x.csv']
  const { status, stderr } = await runHandler('audit', options, input)
  t.equal(status, 1)
  t.match(stderr, /nothing replayed: .*ENOENT.*\/nowhere\/x\.csv/)
  t.strictSame(folder.records(), [])
  t.strictSame(
    readdirSync(folder.dir).filter(name => name.startsWith('x.html')),
    [],
    'nor is any other form left there',
  )
})

t.test('a report that can not be put in its place costs no alert', async t => {
  const folder = reportFolder(t)
  mkdirSync(folder.file('x.csv'))
  const { status, stderr } = await runHandler('audit', folder.options, input)
  t.equal(status, 1)
  t.match(stderr, /the report is not written, or not whole: .*x\.csv/)
  t.equal(folder.records().length, 2)
})

t.test('a replay that is killed leaves the last report as it was', async t => {
  const { options, text, file } = reportFolder(t)
  writeFileSync(file('x.json'), '[]\n')
  const { child, done, stderr } = startHandler('audit', [...options, '-d'])
  child.stdin.write(input)
  while (!readdirSync(file('.')).some(name => name.startsWith('x.json.'))) {
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  child.kill('SIGKILL')
  await done
  t.equal(text('x.json'), '[]\n', stderr())
})

t.test('a replay that is stopped leaves it, too, and says so', async t => {
  const { options, text, file, records } = reportFolder(t)
  writeFileSync(file('x.html'), 'the last one')
  const { child, done } = startHandler('audit', options)
  child.stdin.write(input)
  while (records().length < 2) await new Promise(resolve => setTimeout(resolve, 20))
  child.kill('SIGTERM')
  const { status, stderr } = await done
  t.equal(status, 1)
  t.match(stderr, 'the report is not written, or not whole: stopped before the end')
  t.equal(text('x.html'), 'the last one')
  t.strictSame(
    readdirSync(file('.')).filter(name => name.startsWith('x.')),
    ['x.html', 'x.ini'],
    'nothing else is left there',
  )
})

t.test('--json is a file after replay, wherever the word stands', async t => {
  const { dir, bare } = handlerFolder(t, '', { test: {} as never })
  const file = `${dir}/x.json`
  for (const args of [
    ['replay', '--json', file],
    ['--json', file, 'replay'],
    ['-r', `test`, 'replay', '--json', file],
  ]) {
    const { stderr } = await runHandler('audit', [...args, ...bare, '-n'], input)
    t.notMatch(stderr, 'unknown command', args.join(' '))
  }
})

t.test('the options of a report are those of a replay', async t => {
  for (const [args, fault] of [
    [['--report', 'x.html'], '--report is for the command replay'],
    [['check', '--csv', 'x.csv'], '--csv is for the command replay'],
    [['replay', '--json'], '--json needs a value'],
    [['explain', '--json=x'], '--json takes no value'],
  ] as const) {
    const { status, stderr } = await runHandler('audit', [...args, '-n'])
    t.equal(status, 64, args.join(' '))
    t.match(stderr, fault)
  }
})
