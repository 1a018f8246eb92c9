import { readFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import { createDigestBuilder } from '../../src/alert/digest.js'
import { command } from '../../src/notify/command.js'
import { envelope } from '../../src/notify/envelope.js'
import type { Message } from '../../src/notify/notifier.js'
import { splitWords } from '../../src/notify/program-file.js'
import { sampleAlert } from '../fixtures/alerts.js'
import { allGone, programs, written } from '../fixtures/programs.js'

const never = new AbortController().signal
const world = { env: process.env, now: () => Date.parse('2026-11-23T20:37:00Z') }
const alert = sampleAlert({
  entryJson: '{"request":{"id":"9c1d4d39"}}',
  facts: { who: 'token-alice', find: 'grep -hF 9c1d4d39 /var/log/vault/audit' },
})
const message = (...alerts: Alert[]): Message => ({ kind: 'alerts', alerts })

/** One attempt; no reason may show what stands for a secret. */
async function attempt(
  t: Test,
  settings: Record<string, string>,
  { what = message(alert), signal = never } = {},
) {
  const notifier = command.create('command', settings, world)
  const result = await notifier.send(what, signal)
  await notifier.close()
  t.notMatch(result.reason, /SECRET/)
  t.notMatch(result.reason, /[\p{Cc}\p{Cf}]/u)
  return result
}

t.test('a program gets an alert as one line of JSON, and its words', async t => {
  const { keep, dir } = programs(t, {
    keep: 'cat > "$dir/stdin"; printf "%s\n" "$@" > "$dir/args"',
  })
  const run = `${keep} --to "on call" '$HOME' a'b "c'd`
  t.strictSame(await attempt(t, { run }), {
    outcome: 'delivered',
    reason: 'keep exited with 0',
  })
  const read = (name: string) => readFileSync(join(dir, name), 'utf8')
  t.equal(read('args'), `--to\non call\n$HOME\nab "cd\n`)
  t.equal(read('stdin'), `${envelope(message(alert))}\n`)
  t.equal(read('stdin').indexOf('\n'), read('stdin').length - 1, 'one line')
  t.match(JSON.parse(read('stdin')), {
    version: 1,
    kind: 'alert',
    alert: { id: alert.id, title: alert.title, entry: { request: { id: '9c1d4d39' } } },
    facts: alert.facts,
  })

  const builder = createDigestBuilder()
  builder.add(alert)
  const digest = builder.digest('replay', () => 'grep')
  t.match(await attempt(t, { run }, { what: { kind: 'digest', digest } }), {
    outcome: 'delivered',
  })
  t.strictSame(JSON.parse(read('stdin')), { version: 1, kind: 'digest', digest })
})

t.test('how it wants to be sent to', async t => {
  const notifier = command.create('command-page', { run: '/bin/true' }, world)
  t.match(notifier, { name: 'command-page', intervalMs: 0, digestOver: 1_000 })
  t.strictSame(notifier.split?.([alert, alert]), [[alert], [alert]])
  await t.rejects(notifier.send(message(alert, alert), never), RangeError)
  await notifier.close()
})

const ends: [string, object][] = [
  ['exit 0', { outcome: 'delivered', reason: 'p exited with 0' }],
  ['echo warned >&2; exit 0', { outcome: 'delivered', reason: 'p exited with 0' }],
  ['exit 1', { outcome: 'retry', reason: 'p exited with 1' }],
  [
    'printf "no\n  route\n" >&2; exit 2',
    { outcome: 'retry', reason: 'p exited with 2: no route' },
  ],
  ['exit 65', { outcome: 'refused', reason: 'p exited with 65 (EX_DATAERR)' }],
  ['exit 77', { outcome: 'suspended', reason: 'p exited with 77 (EX_NOPERM)' }],
  [
    'echo no key >&2; exit 78',
    { outcome: 'suspended', reason: 'p exited with 78 (EX_CONFIG): no key' },
  ],
  ['exit 64', { outcome: 'retry', reason: 'p exited with 64 (EX_USAGE)' }],
  ['exit 67', { outcome: 'retry', reason: 'p exited with 67 (EX_NOUSER)' }],
  ['exit 75', { outcome: 'retry', reason: 'p exited with 75 (EX_TEMPFAIL)' }],
  ['exit 255', { outcome: 'retry', reason: 'p exited with 255' }],
  [
    'echo bye >&2; kill -KILL $$',
    { outcome: 'retry', reason: 'p was killed by SIGKILL: bye' },
  ],
]

for (const [text, expected] of ends) {
  t.test(`a program: ${text}`, async t => {
    t.strictSame(await attempt(t, { run: programs(t, { p: text }).p }), expected)
  })
}

t.test('what a program says is shown without secrets, on one line, cut', async t => {
  const said: [string, string][] = [
    [
      `curl: https://u:SECRETpw@hooks.example/SECRETpath?k=SECRET failed`,
      'curl: https://hooks.example/… failed',
    ],
    ['token hvs.SECRETSECRETSECRET denied', 'token hvs.[masked] denied'],
    ['bad key keySECRETkey, or xSECRETkey', 'bad key …, or …'],
    ['usage: --header=Authorization: Bearer bearerSECRET', 'usage: …'],
    ['longer: keySECRETkey-withSECRETtail', 'longer: …'],
    ['got Bearer bearerSECRET', 'got Bearer …'],
    ["can't open /etc/page/config.json", "can't open /etc/page/config.json"],
    ['\u001b[31mred\u0007 \u202e', '\\u001b[31mred\\u0007 \\u202e'],
    ['x'.repeat(5_000), `${'x'.repeat(199)}…`],
    [`${'x'.repeat(198)}🔥🔥`, `${'x'.repeat(198)}…`],
  ]
  const { p } = programs(t, { p: 'cat "$dir/said" >&2; exit 1' })
  const args = `keySECRETkey keySECRETkey-withSECRETtail 'k=xSECRETkey' '--header=Authorization: Bearer bearerSECRET' /etc/page/config.json`
  for (const [text, shown] of said) {
    writeFileSync(p.replace(/p$/, 'said'), text)
    const { outcome, reason } = await attempt(t, { run: `${p} ${args}` })
    t.equal(outcome, 'retry')
    t.equal(reason, `p exited with 1: ${shown}`)
  }
})

t.test('a program that is gone, or never was one, is tried again', async t => {
  const { dir } = programs(t, { p: '' })
  t.strictSame(await attempt(t, { run: `${dir}/SECRET-less/none keySECRETkey` }), {
    outcome: 'retry',
    reason: "none can't be started: ENOENT",
  })
  t.match(await attempt(t, { run: dir }), { outcome: 'retry', reason: /: EACCES$/ })
})

t.test('a program that hangs is stopped with its children', async t => {
  const { hang } = programs(t, {
    hang: 'sleep 600 & echo $$ $! > "$dir/pids"; echo waiting >&2; wait',
  })
  const before = performance.now()
  t.strictSame(await attempt(t, { run: hang, timeout: '1' }), {
    outcome: 'retry',
    reason: 'hang was stopped, since it ran for over 1 s: waiting',
  })
  t.ok(performance.now() - before < 20_000)
  await allGone((await written(hang.replace(/hang$/, 'pids'))).split(' ').map(Number))
})

t.test('an abort stops it', async t => {
  const { hang } = programs(t, { hang: 'echo $$ > "$dir/pids"; exec sleep 600' })
  const controller = new AbortController()
  const result = attempt(t, { run: hang }, { signal: controller.signal })
  const pids = (await written(hang.replace(/hang$/, 'pids'))).split(' ').map(Number)
  controller.abort()
  t.strictSame(await result, {
    outcome: 'retry',
    reason: 'hang was stopped at the time limit',
  })
  await allGone(pids)
})

t.test('keys of the ini', async t => {
  const { run, timeout } = command.keys
  const { page, dir } = programs(t, { page: '' })
  const plain = join(dir, 'plain')
  writeFileSync(plain, '')
  mkdirSync(join(dir, 'a folder'))
  t.ok(run?.isRequired)
  t.strictSame(run?.parse(`${page} --key keySECRETkey`), {
    value: `${page} --key keySECRETkey`,
  })
  const wrong: [string, string][] = [
    [
      'page --key SECRET',
      'must name a program by its absolute path, got a text of 4 characters',
    ],
    ['"" x', 'must name a program by its absolute path, got a text of 0 characters'],
    [`${page} "SECRET`, 'has a quote that is not closed'],
  ]
  for (const [value, said] of wrong) t.equal(run?.parse(value), said)
  const unusable: [string, string][] = [
    [`${page}s SECRET`, `is ${page}s, which can't be executed: ENOENT`],
    [`${plain} SECRET`, `is ${plain}, which can't be executed: EACCES`],
    [`'${dir}/a folder' SECRET`, `is ${dir}/a folder, which is no file`],
  ]
  for (const [value, trouble] of unusable) {
    t.strictSame(run?.parse(value), { value, trouble }, 'in order as written')
  }
  t.strictSame(timeout?.parse('3600'), { value: '3600' })
  for (const value of ['0', '3601', '1.5', 'x']) {
    t.equal(
      timeout?.parse(value),
      `must be a number of seconds from 1 to 3600, got "${value}"`,
    )
  }
})

t.test('words: quotes group, and nothing else means anything', async t => {
  const split: [string, string[] | undefined][] = [
    ['/a b\tc  d ', ['/a', 'b', 'c', 'd']],
    [`"a b" 'c d' "" ''`, ['a b', 'c d', '', '']],
    [`a"b c"d'e "f'`, ['ab cde "f']],
    [`\\" \\ $HOME * ~`, undefined],
    [`a\\ "b\\"`, ['a\\', 'b\\']],
    [`it's`, undefined],
    ['$(id) `id` ; | > x', ['$(id)', '`id`', ';', '|', '>', 'x']],
  ]
  for (const [text, words] of split) t.strictSame(splitWords(text), words, text)
  const word = fc.string({ unit: 'binary', maxLength: 8 })
  const quoted = (text: string) =>
    text.replaceAll(/'+|[^']+/g, part => (part.includes("'") ? `"${part}"` : `'${part}'`))
  const property = fc.property(fc.array(word, { minLength: 1 }), words => {
    const line = words.map(text => quoted(text) || "''").join(' ')
    t.strictSame(splitWords(line), words)
  })
  t.doesNotThrow(() => fc.assert(property))
})
