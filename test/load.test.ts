import { createReadStream, existsSync, readFileSync, readdirSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { until } from './e2e/until.js'
import { auditLine } from './fixtures/entries.js'
import { handlerFolder } from './fixtures/handler-folder.js'
import { handlerFile, startHandler } from './fixtures/run-handler.js'
import { rendered, startSlackStandIn } from './fixtures/slack-stand-in.js'

type Handler = Pick<ReturnType<typeof startHandler>, 'child'>

const policyChange = { path: 'sys/policies/acl/x' }
const ordinary = { path: 'secret/data/x', operation: 'read' }

async function standIn(t: Test) {
  const slack = await startSlackStandIn()
  t.teardown(() => slack.close())
  return slack
}

async function write({ child }: Handler, count: number, line: (i: number) => string) {
  for (let i = 0; i < count; i += 500) {
    const size = Math.min(500, count - i)
    const lines = Array.from({ length: size }, (_, j) => `${line(i + j)}\n`)
    if (!child.stdin.write(lines.join(''))) await once(child.stdin, 'drain')
  }
}

/** How many records an alert log has; it may be larger than what one read takes in. */
async function countRecords(alertLog: string): Promise<number> {
  if (!existsSync(alertLog)) return 0
  let count = 0
  for await (const chunk of createReadStream(alertLog)) {
    for (const byte of chunk as Buffer) if (byte === 10) count += 1
  }
  return count
}

async function untilRecorded(
  alertLog: string,
  count: number,
  pollMs = 10,
): Promise<void> {
  const end = Date.now() + 120_000
  while ((await countRecords(alertLog)) < count) {
    if (Date.now() > end) throw new Error(`waited 120 s for ${count} records`)
    await new Promise(resolve => setTimeout(resolve, pollMs))
  }
}

for (const [severity, change] of [
  ['critical', {}],
  ['high', policyChange],
] as const) {
  t.test(
    `500 ${severity} alerts in one second are few messages, and none is lost`,
    async t => {
      const slack = await standIn(t)
      const folder = handlerFolder(t, `[slack]\nurl = ${slack.url}\n`)
      const handler = startHandler('audit', folder.args)
      const start = Date.now()
      for (let i = 0; i < 500; i += 10) {
        await write(handler, 10, j => auditLine({ id: `r${i + j}`, ...change }))
        await new Promise(resolve => setTimeout(resolve, 15))
      }
      const ids = () => folder.records().map(({ id }) => id)
      /** The ids that the delivered messages cover, one by one or by the list of a digest. */
      const covered = () =>
        slack.requests.flatMap(({ body }) => {
          const text = rendered(body)
          const [list] = /[^\s']*\/digests\/[\w-]+\.ids/.exec(text) ?? []
          if (list !== undefined) return readFileSync(list, 'utf8').trim().split('\n')
          const known = new Set(ids())
          return [...new Set(text.match(/\b[0-9a-f]{32}\b/g))].filter(id => known.has(id))
        })
      await until('all are covered', () => covered().length >= 500)
      const within = slack.requests.filter(({ time }) => time < start + 10_000)
      t.ok(within.length <= 12, `${within.length} messages in 10 s`)
      t.strictSame(covered().sort(), ids().sort(), 'each by exactly one message')
      t.equal(new Set(ids()).size, 500)
      t.ok(slack.requests.every(({ status }) => status === 200))
      handler.child.stdin.end()
      await handler.done
    },
  )
}

t.test('a destination that hangs costs the reader nothing', async t => {
  const slack = await standIn(t)
  slack.answer(...Array.from({ length: 100 }, () => 'hang' as const))
  const times: Record<string, number[]> = { none: [], hanging: [] }
  for (const kind of Array.from({ length: 3 }, () => ['none', 'hanging']).flat()) {
    const ini = kind === 'none' ? '' : `[slack]\nurl = ${slack.url}\n`
    const folder = handlerFolder(t, ini)
    const asked = slack.requests.length
    const handler = startHandler('audit', folder.args)
    await write(handler, 1, () => auditLine({ id: 'first' }))
    await untilRecorded(folder.alertLog, 1)
    // What the first message loads is paid once, and not for each line.
    if (kind === 'hanging') await until('it hangs', () => slack.requests.length > asked)
    const start = performance.now()
    await write(handler, 600_000, i =>
      auditLine({ id: `r${i}`, ...(i % 6_000 === 5_999 ? {} : ordinary) }),
    )
    await untilRecorded(folder.alertLog, 101)
    times[kind]!.push(performance.now() - start)
    handler.child.kill('SIGKILL')
    await handler.done
  }
  // Whatever else the machine does can only slow a run: the fastest of each tell what it costs.
  const fastest = (kind: string) => Math.min(...times[kind]!)
  const ratio = fastest('hanging') / fastest('none')
  t.comment(
    `600,000 lines: ${fastest('none').toFixed(0)} ms without a destination, ` +
      `${fastest('hanging').toFixed(0)} ms with one that hangs, ratio ${ratio.toFixed(2)}`,
  )
  t.ok(ratio < 1.5, `ratio ${ratio.toFixed(2)}`)
})

t.test('100,000 undelivered alerts take little more memory than 1,000', async t => {
  const peaks: number[] = []
  const resident: number[] = []
  for (const count of [1_000, 100_000]) {
    // Nothing listens on port 9.
    const folder = handlerFolder(t, '[slack]\nurl = http://127.0.0.1:9/services/T/B/X\n')
    // Without the test runner's hooks, which take some 20 MB in each process of Node.
    const command = ['-u', 'NODE_OPTIONS', process.execPath, handlerFile('audit')]
    // With all packaged rules.
    const child = spawn('env', [...command, ...folder.bare])
    await write({ child }, count, i => auditLine({ id: `r${i}` }))
    // Seldom, since who counts all the time takes a processor from it, and its heap grows meanwhile.
    await untilRecorded(folder.alertLog, count, 1_000)
    await new Promise(resolve => setTimeout(resolve, 2_000))
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    const megabytes = (name: string) =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1_024
    peaks.push(megabytes('VmHWM'))
    resident.push(megabytes('VmRSS'))
    t.ok(readdirSync(`${folder.stateDir}/outbox/slack`).length > 0)
    child.kill('SIGKILL')
    await once(child, 'close')
  }
  const [peak = 0, highest = 0] = peaks
  const [few = 0, many = 0] = resident
  t.comment(
    `resident: ${few.toFixed(0)} MB with 1,000, ${many.toFixed(0)} MB with 100,000; ` +
      `at most ${peak.toFixed(0)} MB and ${highest.toFixed(0)} MB`,
  )
  t.ok(highest <= 120, `${highest.toFixed(0)} MB at most`)
  t.ok(many - few <= 20, `${(many - few).toFixed(0)} MB more`)
  // While they come in, Node 24 and 26 compile more: 23 MB more were measured.
  const most = process.version.startsWith('v20.') ? 20 : 30
  t.ok(highest - peak <= most, `${(highest - peak).toFixed(0)} MB more at most`)
})
