import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import t, { type Test } from 'tap'
import { until } from './e2e/until.js'
import { auditLine } from './fixtures/entries.js'
import { handlerFolder } from './fixtures/handler-folder.js'
import { runHandler, startHandler } from './fixtures/run-handler.js'
import {
  rendered,
  startSlackStandIn,
  type SlackStandIn,
} from './fixtures/slack-stand-in.js'

/** A handler's folder, with a Slack that the ini names. */
async function withSlack(t: Test) {
  const slack = await startSlackStandIn()
  t.teardown(() => slack.close())
  return { slack, ...handlerFolder(t, `[slack]\nurl = ${slack.url}\n`) }
}

const lines = (ids: readonly string[], time?: string) =>
  ids
    .map(id => ({ ...(JSON.parse(auditLine({ id })) as object), ...(time && { time }) }))
    .map(entry => `${JSON.stringify(entry)}\n`)
    .join('')

const texts = (slack: SlackStandIn) => slack.requests.map(({ body }) => rendered(body))

t.test('a replay records and sends only what was missed, as one digest', async t => {
  const { slack, args, records, stateDir } = await withSlack(t)
  await runHandler('audit', args, lines(['a', 'b']))
  t.equal(records().length, 2)
  t.equal(slack.requests.length, 2)

  const all = lines(['a', 'b', ...Array.from({ length: 40 }, (_, i) => `n${i}`)])
  const first = await runHandler('audit', ['replay', ...args], all)
  t.equal(first.status, 0, first.stderr)
  t.match(first.stderr, /replayed 42 lines: 42 alerts, 2 of them recorded before, 40 new/)
  t.match(first.stderr, /1 messages sent, 0 unsent/)
  t.equal(records().length, 42)
  t.equal(slack.requests.length, 3)
  t.match(texts(slack)[2], /40 alerts found by a replay of the logs/)
  const [idFile] = readdirSync(`${stateDir}/digests`)
  const covered = readFileSync(`${stateDir}/digests/${idFile}`, 'utf8').split('\n')
  t.strictSame(
    covered.slice(0, -1),
    records()
      .slice(2)
      .map(({ id }) => id),
  )

  const again = await runHandler('audit', ['replay', ...args], all)
  t.match(again.stderr, /42 alerts, 42 of them recorded before, 0 new; 0 messages sent/)
  t.equal(records().length, 42)
  t.equal(slack.requests.length, 3)
})

for (const command of [[], ['replay']]) {
  const what = command.length === 0 ? 'the filter' : 'a replay'
  t.test(`what ${what} is refused at its end is told through the others`, async t => {
    const slack = await startSlackStandIn()
    t.teardown(() => slack.close())
    const refusal = { status: 400, body: 'invalid_payload' }
    slack.answer(...Array.from({ length: 20 }, () => refusal))
    const sent = `${t.testdirName}/sent`
    const ini = `[slack]\nurl = ${slack.url}\n[command "file"]\nrun = /usr/bin/tee -a ${sent}\n`
    const { args, records } = handlerFolder(t, ini)
    const { status, stderr } = await runHandler(
      'audit',
      [...command, ...args],
      lines(['a', 'b']),
    )
    t.equal(status, command.length === 0 ? 0 : 1, stderr)
    t.match(
      records().map(({ rule }) => rule),
      /handler-message-refused/,
    )
    t.match(readFileSync(sent, 'utf8'), /"rule":"handler-message-refused"/)
  })
}

t.test('a replay beside the live filter is sent by it, in its own time', async t => {
  const { slack, args, records } = await withSlack(t)
  const live = startHandler('audit', args)
  live.child.stdin.write(lines(['a']))
  await until('the live alert is delivered', () => slack.requests.length === 1)
  const { status, stderr } = await runHandler(
    'audit',
    ['replay', ...args],
    lines(['a', 'b', 'c']),
  )
  t.equal(status, 0, stderr)
  t.match(stderr, /3 alerts, 1 of them recorded before, 2 new; 0 messages sent, 0 unsent/)
  t.match(texts(slack)[1], /2 alerts found by a replay/)
  live.child.stdin.end(lines(['b', 'd']))
  await live.done
  t.equal(records().length, 4, 'the live filter knows what the replay has recorded')
})

t.test('what the live filter is refused of a replay is told by its status', async t => {
  const { slack, args } = await withSlack(t)
  const live = startHandler('audit', args)
  live.child.stdin.write(lines(['a']))
  await until('the live alert is delivered', () => slack.requests.length === 1)
  slack.answer(...Array.from({ length: 20 }, () => ({ status: 400, body: 'no_text' })))
  const { status, stderr } = await runHandler('audit', ['replay', ...args], lines(['b']))
  t.match(stderr, /1 new; 0 messages sent, 0 unsent/)
  t.match(stderr, /1 messages were refused for good/)
  t.equal(status, 1, stderr)
  live.child.stdin.end()
  await live.done
})

t.test('--notify each sends each, none sends none', async t => {
  const { slack, args, records } = await withSlack(t)
  await runHandler('audit', ['replay', '--notify', 'none', ...args], lines(['a', 'b']))
  t.equal(records().length, 2)
  t.equal(slack.requests.length, 0)
  const replay = ['replay', '--notify', 'each', ...args]
  await runHandler('audit', replay, lines(['a', 'b', 'c', 'd']))
  t.equal(slack.requests.length, 2)
  t.match(texts(slack)[0], /critical alert in the audit log/)
})

t.test('--since and --until choose by the time of the event', async t => {
  const { args, records } = await withSlack(t)
  const log = [
    lines(['early'], '2026-11-20T10:00:00Z'),
    lines(['there'], '2026-11-21T10:00:00Z'),
    lines(['late'], '2026-11-22T10:00:00Z'),
  ].join('')
  const range = ['--since', '2026-11-21', '--until', '2026-11-21T12:00:00+01:00']
  const { stderr } = await runHandler('audit', ['replay', ...range, ...args], log)
  t.equal(records().length, 1)
  t.match(stderr, /replayed 3 lines: 1 alerts/)
  t.match(stderr, /out_of_time=2/)
})

t.test(
  'what has no time of its own is in range wherever the entry before it is',
  async t => {
    const { dir, slack, args, records } = await withSlack(t)
    writeFileSync(
      `${dir}/x.ini`,
      `[slack]\nurl = ${slack.url}\n[limits]\nmax_line_bytes = 1048576\n`,
    )
    const overlong = (c: string) => `${c.repeat(2 * 1_048_576)}\n`
    const range = ['--since', '3h', '--until', '1m', ...args]
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString()
    const first = await runHandler('audit', ['replay', ...range], overlong('a'))
    t.equal(first.status, 0)
    t.match(
      records(),
      [{ rule: 'handler-line-overlong' }],
      'none before it: it may be any time',
    )
    await runHandler('audit', ['replay', ...range], lines(['x'], hourAgo) + overlong('b'))
    t.match(records().slice(1), [{ time: hourAgo }, { time: hourAgo }])
    const old = await runHandler(
      'audit',
      ['replay', ...range],
      lines(['y'], '2026-11-20T10:00:00Z') + overlong('c'),
    )
    t.match(old.stderr, /out_of_time=2/)
    const again = lines(['x'], hourAgo) + overlong('b') + overlong('a')
    t.match((await runHandler('audit', ['replay', ...range], again)).stderr, / 0 new/)
  },
)

t.test('a replay that is stopped says so, and sends what it found', async t => {
  const { slack, args, records } = await withSlack(t)
  const replay = startHandler('audit', ['replay', ...args])
  replay.child.stdin.write(lines(['a', 'b']))
  await until('they are recorded', () => records().length === 2)
  replay.child.kill('SIGTERM')
  const { status, stderr } = await replay.done
  t.equal(status, 1)
  t.match(stderr, /^stopped before the end of the input: the rest is to be replayed$/m)
  t.match(stderr, /replayed 2 lines: 2 alerts/)
  t.match(texts(slack), [/2 alerts found by a replay/])
})

t.test(
  'without the state folder nothing is replayed, lest all be sent again',
  async t => {
    const { slack, args, records, stateDir } = await withSlack(t)
    await runHandler('audit', args, lines(['a', 'b']))
    const [ledger] = readdirSync(`${stateDir}/ledger`)
    const file = `${stateDir}/ledger/${ledger}/000001`
    const spoilt: [string, () => void, () => void][] = [
      [
        'a ledger that cannot be read',
        () => (renameSync(file, `${file}.away`), mkdirSync(file)),
        () => (rmdirSync(file), renameSync(`${file}.away`, file)),
      ],
      [
        'a folder that cannot be written',
        () => mkdirSync(`${stateDir}/probe`),
        () => rmdirSync(`${stateDir}/probe`),
      ],
      [
        'no folder',
        () => (renameSync(stateDir, `${stateDir}.away`), writeFileSync(stateDir, '')),
        () => (rmSync(stateDir), renameSync(`${stateDir}.away`, stateDir)),
      ],
    ]
    for (const [what, spoil, mend] of spoilt) {
      spoil()
      const { status, stderr } = await runHandler(
        'audit',
        ['replay', ...args],
        lines(['a', 'c']),
      )
      mend()
      t.equal(status, 1, what)
      t.match(
        stderr,
        /nothing replayed: without .*\/state it can't be told what was recorded/,
      )
    }
    t.equal(records().length, 2)
    t.equal(slack.requests.length, 2)
    const { status, stderr } = await runHandler(
      'audit',
      ['replay', ...args],
      lines(['a', 'c']),
    )
    t.equal(status, 0)
    t.match(stderr, /2 alerts, 1 of them recorded before, 1 new/)
  },
)

t.test(
  'a replay whose messages are unsent says so, and the next start sends them',
  async t => {
    const { slack, args } = await withSlack(t)
    slack.answer({ status: 429, headers: { 'retry-after': '12' } })
    const { status, stderr } = await runHandler(
      'audit',
      ['replay', ...args],
      lines(['a', 'b']),
    )
    t.equal(status, 1)
    t.match(stderr, /0 messages sent, 1 unsent/)
    t.equal(slack.requests.length, 1)
    const start = Date.now()
    const live = startHandler('audit', args)
    await until('the digest is delivered', () => slack.requests.length === 2)
    t.ok(
      slack.requests[1]!.time - slack.requests[0]!.time >= 12_000,
      'not before Retry-After',
    )
    t.ok(Date.now() - start < 20_000)
    t.match(texts(slack)[1], /2 alerts found by a replay/)
    live.child.stdin.end()
    await live.done
  },
)

t.test('a replay that is killed leaves its digest to the next start', async t => {
  const { slack, args, records } = await withSlack(t)
  const replay = startHandler('audit', ['replay', ...args])
  replay.child.stdin.write(lines(['a', 'b', 'c']))
  await until('they are recorded', () => records().length === 3)
  replay.child.kill('SIGKILL')
  await replay.done
  t.equal(slack.requests.length, 0)
  await runHandler('audit', args)
  t.equal(slack.requests.length, 1)
  t.match(texts(slack)[0], /3 alerts found by a replay/)
})

t.test('a replay is strict, and --dry-run writes nothing', async t => {
  const { dir, args, records } = await withSlack(t)
  const dry = await runHandler('audit', ['replay', '-n', ...args], lines(['a']))
  t.match(JSON.parse(dry.stdout), { rule: 'generate-root-accessed' })
  t.strictSame(readdirSync(dir), ['x.ini'])
  const head = startHandler('audit', ['replay', '-n', ...args])
  head.child.stdout.destroy()
  head.child.stdin.write(lines(['a', 'b']))
  t.equal((await head.done).status, 0, 'and a reader that has gone is no fault')
  writeFileSync(`${dir}/x.ini`, '[nope]\n')
  t.equal((await runHandler('audit', ['replay', ...args], lines(['a']))).status, 78)
  const usage = ['replay', '--since', 'x', ...args]
  t.equal((await runHandler('audit', usage, lines(['a']))).status, 64)
  t.strictSame(records(), [])
})

t.test('redrive sends dead letters again', async t => {
  const { slack, args, stateDir } = await withSlack(t)
  slack.answer({ status: 400, body: 'invalid_payload' }, { status: 400, body: 'no_text' })
  await runHandler('audit', args, lines(['a']))
  const letters = () =>
    readFileSync(`${stateDir}/outbox/slack/dead-letters.ndjson`, 'utf8')
  t.match(JSON.parse(letters()), { reason: /invalid_payload.*no_text/ })
  slack.answer(...Array.from({ length: 2 }, () => ({ status: 400, body: 'no_text' })))
  const refused = await runHandler('audit', ['redrive', ...args])
  t.equal(refused.status, 1)
  t.match(refused.stdout, /0 messages unsent, 1 refused again/)
  t.match(JSON.parse(letters()), { reason: /no_text/ })
  const { status, stdout } = await runHandler('audit', ['redrive', ...args])
  t.equal(status, 0)
  t.equal(stdout, 'slack: 1 messages queued again\n0 messages unsent, 0 refused again\n')
  t.equal(slack.requests.at(-1)?.status, 200)
  t.throws(letters, { code: 'ENOENT' })
  const none = await runHandler('audit', ['redrive', 'pagerduty', ...args])
  t.equal(none.status, 78)
  t.match(none.stderr, /no destination named pagerduty/)
})
