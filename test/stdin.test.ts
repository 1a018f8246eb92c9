import { spawn } from 'node:child_process'
import { openSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { text as textOf } from 'node:stream/consumers'
import t from 'tap'
import { auditLine } from './fixtures/entries.js'
import { handlerFile } from './fixtures/run-handler.js'

/** Some megabytes, so that lines lie across chunks; each an alert of its own. */
const input = Array.from({ length: 4_000 }, (_, i) => {
  const pad = 'p'.repeat((i * 37) % 900)
  return `${auditLine({ id: `r${i}`, path: 'sys/raw/core', pad })}\n`
}).join('')

/** Without the hooks of the test runner. */
const command = ['-u', 'NODE_OPTIONS', handlerFile('audit')]

/** Runs a dry run with this as its stdin; gives the ids of the alerted requests and how it ended. */
function run(stdin: number | 'pipe' | Socket) {
  const child = spawn('env', [...command, '-n', '-c', '/dev/null'], {
    stdio: [stdin, 'pipe', 'pipe'],
  })
  const done = Promise.all([
    textOf(child.stdout!),
    textOf(child.stderr!),
    once(child, 'close'),
  ]).then(([out, err, [status]]) => ({
    requests: out
      .trim()
      .split('\n')
      .filter(line => line !== '')
      .map(line => (JSON.parse(line) as { entry: { request: { id: string } } }).entry)
      .map(({ request }) => request.id),
    err,
    status: status as number,
  }))
  return { child, done }
}

const all = Array.from({ length: 4_000 }, (_, i) => `r${i}`)

t.test('a file is read to its end', async t => {
  const file = `${t.testdir()}/log`
  writeFileSync(file, input)
  const { requests, status } = await run(openSync(file, 'r')).done
  t.strictSame(requests, all)
  t.equal(status, 0)
})

t.test('a pipe is read to its end, however the lines are cut', async t => {
  const { child, done } = run('pipe')
  for (let at = 0, size = 1; at < input.length; at += size, size = (size * 7) % 60_013) {
    if (!child.stdin!.write(input.slice(at, at + size))) await once(child.stdin!, 'drain')
  }
  child.stdin!.end()
  const { requests, status } = await done
  t.strictSame(requests, all)
  t.equal(status, 0)
})

t.test('a socket is read to its end', async t => {
  const path = `${t.testdir()}/socket`
  const server = createServer(socket => socket.end(input)).listen(path)
  t.teardown(() => server.close())
  const socket = connect(path)
  await once(socket, 'connect')
  const { requests, status } = await run(socket).done
  socket.destroy()
  t.strictSame(requests, all)
  t.equal(status, 0)
})

t.test('what gives nothing is an end at once', async t => {
  const { requests, status } = await run(openSync('/dev/null', 'r')).done
  t.strictSame([requests, status], [[], 0])
})

t.test('what can not be read is told, and a failure', async t => {
  const { err, status } = await run(openSync(t.testdir(), 'r')).done
  t.match(err, /reading stdin failed: .*EISDIR/)
  t.equal(status, 1)
})
