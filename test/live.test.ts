import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t, { type Test } from 'tap'
import { until } from './e2e/until.js'
import { auditLine } from './fixtures/entries.js'
import { handlerFolder } from './fixtures/handler-folder.js'
import { handlerFile, runHandler, startHandler } from './fixtures/run-handler.js'
import { rendered, startSlackStandIn } from './fixtures/slack-stand-in.js'

async function standIn(t: Test) {
  const slack = await startSlackStandIn()
  t.teardown(() => slack.close())
  return slack
}

const line = (id: string) => `${auditLine({ id })}\n`

const rule = (id: string, title: string) =>
  JSON.stringify({
    id,
    log: 'audit',
    title,
    severity: 'high',
    when: { 'request.path': { startsWith: 'sys/' } },
    tests: [{ name: 'a', alerts: 1, entries: [{ request: { path: 'sys/a' } }] }],
  })

t.test('an event alerts once, over restarts and in both of two handlers', async t => {
  const slack = await standIn(t)
  const { args, records } = handlerFolder(t, `[slack]\nurl = ${slack.url}\n`)
  await runHandler('audit', args, line('a') + line('a'))
  const [first, second] = [startHandler('audit', args), startHandler('audit', args)]
  const input = ['a', 'b', 'c'].map(line).join('')
  first.child.stdin.end(input)
  second.child.stdin.end(input)
  const runs = await Promise.all([first.done, second.done])
  t.equal(records().length, 3)
  t.equal(slack.requests.length, 3)
  const recorded = runs.map(({ stderr }) => Number(/recorded=(\d+)/.exec(stderr)?.[1]))
  t.equal(recorded[0]! + recorded[1]!, 4)
})

t.test('what is unsent at the end goes out at the next start', async t => {
  const slack = await standIn(t)
  const { args } = handlerFolder(t, `[slack]\nurl = ${slack.url}\n`)
  slack.answer({ status: 429, headers: { 'retry-after': '12' } })
  const { stderr } = await runHandler('audit', args, line('a'))
  t.match(stderr, /unsent=1/)
  const next = startHandler('audit', args)
  await until('it is delivered', () => slack.requests.length === 2)
  next.child.stdin.end()
  t.match((await next.done).stderr, /deliveries=1/)
})

t.test('alerts wait for a URL that stands in a file that cannot be read yet', async t => {
  const slack = await standIn(t)
  const { args, dir } = handlerFolder(t)
  writeFileSync(`${dir}/x.ini`, `[slack]\nurl = file:${dir}/url\n`)
  const { stderr } = await runHandler('audit', args, line('a'))
  t.match(stderr, /slack is suspended, .*: url takes the file .*ENOENT/)
  t.match(stderr, /unsent=2/, 'the alert, and the one about the ini')
  writeFileSync(`${dir}/url`, slack.url)
  const next = await runHandler('audit', args, '')
  t.match(next.stderr, /deliveries=2/)
  t.match(slack.requests.map(({ body }) => rendered(body)).join(), /Settings at fault/)
})

t.test('what a sender finds at its start is told in a message, too', async t => {
  const slack = await standIn(t)
  const { args, stateDir, records } = handlerFolder(t, `[slack]\nurl = ${slack.url}\n`)
  mkdirSync(`${stateDir}/outbox/slack`, { recursive: true })
  writeFileSync(`${stateDir}/outbox/slack/pace.json`, '{{{')
  await runHandler('audit', args)
  t.match(records(), [{ rule: 'handler-state-corrupt' }])
  t.match(
    slack.requests.map(({ body }) => rendered(body)).join(),
    /pace\.json held what was never written/,
  )
})

t.test('each destination gets what its section asks for', async t => {
  const [all, severe, tagged] = [await standIn(t), await standIn(t), await standIn(t)]
  const { bare, dir } = handlerFolder(
    t,
    `[slack]
url = ${all.url}
[slack "oncall"]
url = ${severe.url}
min_severity = critical
[slack "handler"]
url = ${tagged.url}
tags = handler
`,
    { rules: { 'low.json': rule('low', 'low: {{request.path}}') } as never },
  )
  const withRules = [...bare, '-r', `${dir}/rules`]
  const handler = startHandler('audit', [...withRules, '--nope'])
  handler.child.stdin.write(line('a'))
  await until('all have theirs', () => all.requests.length + tagged.requests.length === 3)
  handler.child.stdin.end()
  await handler.done
  const bodies = all.requests.map(({ body }) => rendered(body)).join('\n')
  t.match(bodies, /low: sys/)
  t.match(bodies, /Settings at fault: unknown option --nope/)
  t.equal(severe.requests.length, 0)
  t.match(rendered(tagged.requests[0]?.body), /Settings at fault/)
})

t.test('a destination that refuses everything is told through another one', async t => {
  const slack = await standIn(t)
  const gone = slack.url.replace('/T/', '/gone/')
  const ini = `[slack]\nurl = ${gone}\n[slack "second"]\nurl = ${slack.url}\n`
  const { args } = handlerFolder(t, ini)
  const handler = startHandler('audit', args)
  handler.child.stdin.write(line('a'))
  const told = await slack.waitFor(
    ({ body }) => rendered(body).includes('slack is suspended: answered 404'),
    20_000,
  )
  t.ok(told)
  handler.child.stdin.end()
  await handler.done
  const toGone = slack.requests.filter(({ status }) => status === 404)
  t.equal(toGone.length, 1, 'and not through itself')
})

t.test(
  'messages about the handler itself are one an hour, their records are all',
  async t => {
    const slack = await standIn(t)
    const { args, records, stateDir } = handlerFolder(t, `[slack]\nurl = ${slack.url}\n`)
    for (let i = 0; i < 4; i++) await runHandler('audit', [...args, '--nope'])
    t.equal(records().length, 4)
    t.equal(slack.requests.length, 1)
    const file = `${stateDir}/own-messages.json`
    const kinds = JSON.parse(readFileSync(file, 'utf8')) as Record<
      string,
      { last: number }
    >
    t.match(kinds, { 'handler-config-invalid': { held: 3 } })
    kinds['handler-config-invalid']!.last -= 3_600_000
    writeFileSync(file, JSON.stringify(kinds))
    await runHandler('audit', [...args, '--nope'])
    t.match(
      rendered(slack.requests[1]?.body),
      /and 3 more like it since the last message/,
    )
  },
)

t.test('what was held back goes out after the hour, though nothing follows', async t => {
  const [gone, slack] = [await standIn(t), await standIn(t)]
  const dead = gone.url.replace('/T/', '/gone/')
  const lively = `[slack]\nurl = ${slack.url}\n`
  const deads = `[slack "one"]\nurl = ${dead}\n[slack "two"]\nurl = ${dead}\n`
  const { args, dir, stateDir, records } = handlerFolder(t, lively + deads)
  const handler = startHandler('audit', args)
  handler.child.stdin.write(line('a'))
  const suspended = ({ body }: { body: unknown }) =>
    rendered(body).includes('is suspended')
  await slack.waitFor(suspended, 20_000)
  await until('both are suspended', () => records().length === 3)
  handler.child.stdin.end()
  await handler.done
  t.equal(slack.requests.filter(suspended).length, 1)

  const file = `${stateDir}/own-messages.json`
  const kinds = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { last: number }>
  kinds['handler-destination-suspended']!.last -= 3_600_000
  writeFileSync(file, JSON.stringify(kinds))
  writeFileSync(`${dir}/x.ini`, lively)
  const next = startHandler('audit', args)
  await until('the second is told', () => slack.requests.filter(suspended).length === 2)
  const told = records().filter(({ rule }) => rule === 'handler-destination-suspended')
  t.equal(told.length, 3, 'recorded once more, as it goes out')
  t.equal(told[2]?.title, told[1]?.title)
  t.ok(rendered(slack.requests.at(-1)?.body).includes(told[1]!.title))
  next.child.stdin.end()
  await next.done
})

t.test(
  'own messages that nobody gets do not keep the next from those who would',
  async t => {
    const slack = await standIn(t)
    const { args, dir, stateDir } = handlerFolder(t, '')
    await runHandler('audit', [...args, '--nope'])
    writeFileSync(`${dir}/x.ini`, `[slack]\nurl = ${slack.url}\n`)
    await runHandler('audit', [...args, '--nope'])
    t.equal(slack.requests.length, 1)
    t.match(JSON.parse(readFileSync(`${stateDir}/own-messages.json`, 'utf8')), {
      'handler-config-invalid': { held: 0 },
    })
  },
)

t.test('what waits for a section that is gone is told', async t => {
  const slack = await standIn(t)
  const { args, dir, stateDir } = handlerFolder(t, `[slack "old"]\nurl = ${slack.url}\n`)
  slack.answer({ status: 429, headers: { 'retry-after': '60' } })
  await runHandler('audit', args, line('a'))
  writeFileSync(`${dir}/x.ini`, `[slack "new"]\nurl = ${slack.url}\n`)
  const handler = startHandler('audit', args)
  const told = () =>
    handler.stderr().match(/messages waiting in .*: 1, for a destination/g)
  await until('at the start', () => told()?.length === 1)
  t.match(handler.stderr(), `${stateDir}/outbox/`)
  handler.child.kill('SIGHUP')
  await until('and at a reload', () => told()?.length === 2)
  handler.child.stdin.end()
  await handler.done
})

t.test('a SIGHUP that comes while the handler starts is not lost', async t => {
  const { args } = handlerFolder(t)
  // Without the test runner's hooks, which take signals of their own.
  const command = ['-u', 'NODE_OPTIONS', process.execPath, handlerFile('audit')]
  const child = spawn('env', [...command, ...args])
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const isTaken = () => (caughtSignals(child.pid!) & 1n) === 1n
  await until('the signal is taken; before, it would end the process', isTaken)
  child.kill('SIGHUP')
  await until('the reload', () => said.includes('reloaded'))
  child.stdin.end()
  await once(child, 'close')
})

/** SigCgt of proc(5): bit 0 is SIGHUP. */
function caughtSignals(pid: number): bigint {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return BigInt(`0x${/SigCgt:\s+(\w+)/.exec(status)![1]}`)
}

t.test('SIGHUP takes new settings and rules, all or nothing', async t => {
  const [before, after] = [await standIn(t), await standIn(t)]
  const { bare, dir, records } = handlerFolder(t, `[slack]\nurl = ${before.url}\n`, {
    rules: { 'a.json': rule('a', 'old') } as never,
  })
  const handler = startHandler('audit', [...bare, '-r', `${dir}/rules`])
  const { stdin } = handler.child
  stdin.write(line('1'))
  await until('the first is delivered', () => before.requests.length === 1)

  writeFileSync(`${dir}/x.ini`, `[slack]\nurl = ${after.url}\n`)
  writeFileSync(`${dir}/rules/a.json`, rule('a', '{{broken'))
  handler.child.kill('SIGHUP')
  await until('the refusal is told', () => before.requests.length === 2)
  t.match(rendered(before.requests[1]?.body), /Reload refused: Rule files at fault/)
  stdin.write(line('2'))
  await until('the old rule still holds', () =>
    records().some(({ title }) => title === 'old'),
  )
  await until('and the old hook', () => before.requests.length === 3)

  writeFileSync(`${dir}/rules/a.json`, rule('a', 'new'))
  handler.child.kill('SIGHUP')
  await until('it is taken', () => handler.stderr().includes('reloaded'))
  stdin.end(line('3') + line('1'))
  const { stderr } = await handler.done
  t.equal(records().at(-1)?.title, 'new')
  t.equal(after.requests.length, 1, 'and what was alerted before is known')
  t.match(stderr, /reloads=1 reloads_refused=1/)
})

t.test('a server that asks for a day of silence does not silence another', async t => {
  const [first, second, other] = [await standIn(t), await standIn(t), await standIn(t)]
  const iniOf = (url: string) =>
    `[slack]\nurl = ${url}\n[slack "other"]\nurl = ${other.url}\n`
  const { args, dir } = handlerFolder(t, iniOf(first.url))
  first.answer({ status: 429, headers: { 'retry-after': '86400' } })
  const handler = startHandler('audit', args)
  handler.child.stdin.write(line('1'))
  const told = /slack asks for no message before \d{4}-[\d-]+T[\d:.]+Z: answered 429/
  await until('the silence is told', () =>
    other.requests.some(({ body }) => told.test(rendered(body))),
  )
  handler.child.stdin.end()
  await handler.done

  const again = startHandler('audit', args)
  await until('the silence is in force', () =>
    /asks for no message before .*, as it did before this start/.test(again.stderr()),
  )
  writeFileSync(`${dir}/x.ini`, iniOf(second.url))
  again.child.kill('SIGHUP')
  await until('what waited is sent', () => second.requests.length === 1)
  again.child.stdin.end()
  await again.done
  t.equal(first.requests.length, 1)
})

t.test(
  'a state folder that cannot be used stops neither records nor messages',
  async t => {
    const slack = await standIn(t)
    const { args, records, stateDir } = handlerFolder(t, `[slack]\nurl = ${slack.url}\n`)
    writeFileSync(stateDir, '')
    const handler = startHandler('audit', args)
    handler.child.stdin.write(line('a') + line('a'))
    await until('the alert is delivered', () =>
      slack.requests.some(({ body }) => rendered(body).includes('Root token')),
    )
    await until('and the trouble', () =>
      slack.requests.some(({ body }) =>
        rendered(body).includes("the state folder can't be written"),
      ),
    )
    handler.child.stdin.end()
    const { status, stderr } = await handler.done
    t.equal(status, 0)
    t.equal(records().filter(({ rule }) => rule === 'generate-root-accessed').length, 1)
    t.match(stderr, /state_errors=\d/)
  },
)

t.test('an alert log that cannot be written catches up when it can', async t => {
  const slack = await standIn(t)
  const { args, records, alertLog } = handlerFolder(t, `[slack]\nurl = ${slack.url}\n`)
  mkdirSync(alertLog, { recursive: true })
  const handler = startHandler('audit', args)
  handler.child.stdin.write(line('a') + line('b'))
  await until('both are sent', () => slack.requests.length >= 2)
  rmdirSync(alertLog)
  await until('the records are there', () => records().length >= 3)
  handler.child.stdin.end()
  const { stderr } = await handler.done
  const rules = records().map(({ rule }) => rule)
  t.equal(rules.filter(id => id === 'generate-root-accessed').length, 2)
  t.equal(rules.filter(id => id === 'handler-write-failed').length, 1, 'said once')
  t.match(stderr, /the alert log can be written again/)
})

t.test('a state folder out of reach ends nothing, whatever is wrong with it', async t => {
  const slack = await standIn(t)
  const { args, dir, records } = handlerFolder(t, `[slack]\nurl = ${slack.url}\n`)
  symlinkSync('loop', `${dir}/loop`)
  // The kernel has no such folder, and takes none.
  const nowhere = '/proc/nowhere/state'
  for (const [i, name] of ['loop/x', 'n'.repeat(300), 'x.ini/y', nowhere].entries()) {
    const handler = startHandler('audit', [...args, '--state-dir', resolve(dir, name)])
    handler.child.stdin.write(line(`${i}`))
    const sent = slack.requests.length
    await until('the alert is sent', () => slack.requests.length > sent)
    handler.child.stdin.end()
    t.equal((await handler.done).status, 0, name.slice(0, 10))
  }
  const found = records().filter(({ rule }) => rule === 'generate-root-accessed')
  t.equal(found.length, 4)
})

t.test('records that a full disk kept back are written in linear time', async t => {
  const { args, records, alertLog } = handlerFolder(t)
  mkdirSync(alertLog, { recursive: true })
  const count = 3_000
  const input = Array.from({ length: count }, (_, i) => line(`${i}`)).join('')
  await runHandler('audit', args, input)
  rmdirSync(alertLog)
  const start = Date.now()
  await runHandler('audit', args)
  t.ok(Date.now() - start < 10_000, `${Date.now() - start} ms`)
  const ids = records().map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length, 'each once')
  t.ok(ids.length >= count)
})

t.test('records that are lost are told, once', async t => {
  const slack = await standIn(t)
  const { args, alertLog, stateDir } = handlerFolder(
    t,
    `[slack]\nurl = ${slack.url}\nrules = handler-records-lost\n`,
  )
  mkdirSync(alertLog, { recursive: true })
  writeFileSync(stateDir, '')
  const input = Array.from({ length: 1_100 }, (_, i) => line(`${i}`)).join('')
  const { stderr } = await runHandler('audit', args, input)
  t.equal(slack.requests.length, 1)
  t.match(
    rendered(slack.requests[0]?.body),
    /Alerts missing in .*audit\.alert: \d+ so far/,
  )
  t.match(stderr, /records_lost=1\d\d\d/)
})

t.test('all rules of one request are one message, with its outcome', async t => {
  const slack = await standIn(t)
  const { bare, dir, records } = handlerFolder(t, `[slack]\nurl = ${slack.url}\n`, {
    rules: {
      'a.json': rule('a', 'a: {{vault.outcome}}'),
      'b.json': JSON.stringify({
        ...(JSON.parse(rule('b', 'b')) as object),
        when: { type: 'response' },
        tests: [{ name: 'a', alerts: 1, entries: [{ type: 'response' }] }],
      }),
    } as never,
  })
  const handler = startHandler('audit', [...bare, '-r', `${dir}/rules`])
  const send = (id: string, more: object) => {
    const entry = JSON.parse(auditLine({ id })) as object
    handler.child.stdin.write(`${JSON.stringify({ ...entry, ...more })}\n`)
  }
  const denied = { type: 'response', error: '1 error occurred: permission denied' }
  const shown = () => slack.requests.map(({ body }) => rendered(body))
  send('1', { type: 'request' })
  await until('it is recorded at once', () => records().length === 1)
  t.equal(slack.requests.length, 0, 'before its message')
  send('1', denied)
  await until('the outcome is sent', () => slack.requests.length === 1)
  t.match(shown()[0], /a: denied[^]*\bb\b/)
  t.match(records(), [
    { rule: 'a', title: 'a: -' },
    { rule: 'b', title: 'b' },
    { rule: 'a', title: 'a: denied', of: records()[0]!.id, outcome: 'denied' },
  ])

  send('2', { type: 'request' })
  await until(
    'what has no response goes out by itself',
    () => slack.requests.length === 2,
  )
  t.match(shown()[1], /a: -/)
  send('2', { type: 'response' })
  await until('which is recorded later', () => records().length === 6)
  send('3', { type: 'response' })
  await until('and all else is sent', () =>
    shown().some(text => /a: succeeded/.test(text)),
  )
  handler.child.stdin.end()
  const { stderr } = await handler.done
  t.match(stderr, /deliveries=4/, 'the response to 2 is a message for the rule b alone')
  t.match(records()[5], { of: records()[3]!.id, outcome: 'succeeded' })
})

const counting = JSON.stringify({
  ...(JSON.parse(rule('many', 'many')) as object),
  threshold: { count: 3, within: '10m' },
  tests: [{ name: 'a', alerts: 0, entries: [{ request: { path: 'sys/a' } }] }],
})
const timed = (id: string, time: string) =>
  `${JSON.stringify({ ...(JSON.parse(auditLine({ id })) as object), time: `2026-03-02T${time}Z` })}\n`

t.test('the next handler takes over what the one before it has counted', async t => {
  const { bare, dir, records } = handlerFolder(t, '', {
    rules: { 'many.json': counting } as never,
  })
  const args = [...bare, '-r', `${dir}/rules`, '-d']
  const first = startHandler('audit', args)
  first.child.stdin.write(timed('1', '10:00:00'))
  await until('it reads', () => first.stderr().includes('reading'))
  const second = startHandler('audit', args)
  await new Promise(resolve => setTimeout(resolve, 500))
  // As at a restart of syslog-ng: the second one starts while the first reads its pipe empty.
  first.child.stdin.end(timed('2', '10:00:01'))
  await first.done
  second.child.stdin.end(timed('3', '10:00:02'))
  await second.done
  t.match(records(), [{ rule: 'many' }])
})

t.test('a replay that begins within what goes on takes it for that', async t => {
  const { bare, dir, records } = handlerFolder(t, '', {
    rules: { 'many.json': counting } as never,
  })
  const args = [...bare, '-r', `${dir}/rules`]
  const times = ['10:00', '10:01', '10:02', '10:07', '10:08', '10:09', '10:14', '10:15']
  const lines = times.map((time, i) => timed(`${i}`, `${time}:00`))
  await runHandler('audit', args, lines.join(''))
  t.equal(records().length, 1)
  const { stderr } = await runHandler(
    'audit',
    ['replay', ...args],
    lines.slice(4).join(''),
  )
  t.match(stderr, /1 alerts, 1 of them recorded before, 0 new/)
})

t.test('a secret behind a mistyped key is not shown', async t => {
  const slack = await standIn(t)
  const ini = `[slack]
url = ${slack.url}
[slack "second"]
url: https://hooks.slack.com/services/T/B/secretpart
[pagerduty]
routing_key =
R0secretpartSECRETkey2SECRETkey3
`
  const { args, records } = handlerFolder(t, ini)
  const { stderr } = await runHandler('audit', args)
  t.match(stderr, /ini:4:1: unknown line of \d+ characters without "=" in \[slack/)
  t.match(stderr, /ini:7:1: unknown line of 32 characters without "=" in \[pagerduty\]/)
  const told = slack.requests.map(({ body }) => JSON.stringify(body)).join()
  t.match(told, /Settings at fault/)
  t.notMatch(stderr + JSON.stringify(records()) + told, /secretpart/)
})
