import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { handlerFolder } from '../fixtures/handler-folder.js'
import { startHandler } from '../fixtures/run-handler.js'
import { lineOf, ruleOverTime } from '../fixtures/over-time.js'
import type { Rule } from '../../src/rule/rule.js'

const keys = 1_000_000
const by = 'auth.display_name'
const rules: Rule[] = [
  ruleOverTime('burst', { threshold: { count: 3, within: '10m', by } }),
  ruleOverTime('distinct', {
    threshold: { count: 3, within: '10m', by, distinct: 'request.path' },
  }),
  ruleOverTime('sequence', {
    sequence: {
      within: '10m',
      by,
      steps: [
        { when: { 'request.operation': 'k' } },
        { when: { 'request.operation': 'b' } },
      ],
    },
  }),
  ruleOverTime('silent', { absence: { within: '10m', by }, title: `{{${by}}}` }),
  ruleOverTime('new', {
    firstSeen: { value: 'request.path', by, within: '30d', learning: '1d' },
  }),
  ruleOverTime('other', {
    when: { 'request.operation': 'mine' },
    threshold: { count: 2, within: '10m', by },
  }),
]

t.test('a million keys of an attacker take bounded memory, and harm nobody', async t => {
  const folder = handlerFolder(t)
  mkdirSync(`${folder.dir}/rules`)
  for (const rule of rules) {
    const tests = [{ name: 'none', alerts: 0, entries: [{ request: {} }] }]
    writeFileSync(
      `${folder.dir}/rules/${rule.id}.json`,
      JSON.stringify({ ...rule, tests }),
    )
  }
  const args = [...folder.bare, '-r', `${folder.dir}/rules`, '--log', `${folder.dir}/log`]
  const { child: handler } = startHandler('audit', args)
  const write = async (lines: readonly string[]) => {
    const isTaken = handler.stdin.write(lines.map(line => `${line}\n`).join(''))
    if (!isTaken) await once(handler.stdin, 'drain')
  }
  const line = (at: number, key: string, kind = 'k') =>
    lineOf({ at, key, value: `v-${key}`, kind }, at)
  await write([line(0, 'victim'), line(1, 'victim'), line(2, 'me', 'mine')])
  for (let i = 0; i < keys; i += 1_000) {
    await write(
      Array.from({ length: 1_000 }, (_, j) => line(3 + (i + j) / 10, `key-${i + j}`)),
    )
  }
  const last = 4 + keys / 10
  await write([line(last, 'me', 'mine'), line(last + 1, 'victim')])
  const peakOf = () =>
    Number(
      /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${handler.pid}/status`, 'utf8'))![1],
    ) / 1_024
  let peakMb = peakOf()
  const watch = setInterval(() => (peakMb = Math.max(peakMb, peakOf())), 100)
  handler.stdin.end()
  await once(handler.stdin, 'finish')
  // The last lines are read when their alerts are there.
  while (folder.records().length < 2 && handler.exitCode === null) {
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  clearInterval(watch)
  if (handler.exitCode === null) await once(handler, 'exit')
  const [, evicted] = /keys_evicted=(\d+)/.exec(
    readFileSync(`${folder.dir}/log`, 'utf8'),
  )!
  const state = statSync(`${folder.stateDir}/correlation`)
  t.comment(
    `${keys} keys: at most ${peakMb.toFixed(0)} MB resident, ${evicted} keys given up`,
  )
  t.ok(state.isDirectory())
  t.ok(peakMb < 300, `${peakMb.toFixed(0)} MB`)
  t.ok(Number(evicted) > 3 * keys)
  t.strictSame(
    folder.records().map(({ rule }) => rule),
    ['other', 'burst'],
    'a rule that the attacker does not reach goes on, and a key that was seen twice outlives the flood',
  )
})
