import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { createPrograms } from '../../src/notify/run-program.js'
import { allGone, isRunning, programs, written } from '../fixtures/programs.js'

const never = new AbortController().signal
const env = process.env
const pidsIn = (text: string) => text.trim().split(/\s+/).map(Number)

t.test('a program gets its arguments, its input and our environment', async t => {
  const { say } = programs(t, {
    say: 'cat >&2; printf "|%s" "$@" "$NAME" "$PWD" >&2; echo ignored; exit 7',
  })
  const runner = createPrograms({ ...env, NAME: '$(id) value' }, 20_000)
  const args = ['a b', '', "'$NAME'", '`id`', '*', '\\', '-n']
  t.strictSame(await runner.run({ file: say, args, input: 'ü\n' }, never), {
    status: 7,
    stderr: `ü\n|${args.join('|')}|$(id) value|/`,
  })
  await runner.close()
})

t.test('input that is not read, or only begun, is no failure', async t => {
  const paths = programs(t, {
    deaf: 'exit 0',
    hasty: 'head -c 1 > /dev/null',
    closing: 'exec <&-; sleep 0.2; exit 3',
  })
  const runner = createPrograms(env, 20_000)
  const input = 'x'.repeat(1_000_000)
  const run = (file: string) => runner.run({ file, args: [], input }, never)
  t.match(await run(paths.deaf), { status: 0 })
  t.match(await run(paths.hasty), { status: 0 })
  t.match(await run(paths.closing), { status: 3 })
})

t.test('what cannot be started', async t => {
  const { dir, orphan, broken } = programs(t, {
    orphan: '#!/no/such/interpreter\n',
    broken: '#!/bin/sh\n',
  })
  const runner = createPrograms(env, 20_000)
  const run = (file: string, args: string[] = []) =>
    runner.run({ file, args, input: 'x' }, never)
  t.strictSame(await run(`${dir}/none`), { error: 'ENOENT' })
  t.strictSame(await run(dir), { error: 'EACCES' })
  t.strictSame(await run(orphan), { error: 'ENOENT' })
  t.strictSame(await run(broken, ['a\0b']), { error: 'ERR_INVALID_ARG_VALUE' })
  t.strictSame(await run(broken, ['x'.repeat(8_000_000)]), { error: 'E2BIG' })
  t.match(await run(broken), { status: 0 }, 'and the next one is')
})

t.test(
  'with no file descriptor left it is told, and the next one is started',
  async t => {
    const module = new URL('../../src/notify/run-program.ts', import.meta.url).href
    const dir = t.testdir({
      'start.mts': `
      import { closeSync, openSync } from 'node:fs'
      import { createPrograms } from '${module}'
      const runner = createPrograms(process.env, 20_000)
      const run = () =>
        runner.run({ file: '/bin/true', args: [], input: 'x' }, new AbortController().signal)
      const taken = []
      try {
        for (;;) taken.push(openSync('/dev/null'))
      } catch {}
      const ends = []
      // A program takes two pipes, and one for its start.
      for (let left = 0; left < 6; left += 1) {
        ends.push(await run())
        closeSync(taken.pop())
      }
      for (const fd of taken) closeSync(fd)
      ends.push(await run())
      process.stdout.write(JSON.stringify(ends))`,
    })
    const said = execFileSync(
      'sh',
      [
        '-c',
        'ulimit -n 64; exec "$0" --import tsx "$1"',
        process.execPath,
        join(dir, 'start.mts'),
      ],
      { encoding: 'utf8', env: { ...env, NODE_OPTIONS: '' } },
    )
    const ends = JSON.parse(said) as unknown[]
    t.strictSame(ends[0], { error: 'EMFILE' })
    t.strictSame(ends.at(-1), { status: 0, stderr: '' })
  },
)

t.test('a signal', async t => {
  const { crash } = programs(t, { crash: 'echo going >&2; kill -SEGV $$' })
  const runner = createPrograms(env, 20_000)
  t.strictSame(await runner.run({ file: crash, args: [], input: '' }, never), {
    killedBy: 'SIGSEGV',
    stderr: 'going\n',
  })
})

t.test('a flood on stderr is cut off, and holds nobody up', async t => {
  const { flood, patient } = programs(t, {
    flood: 'yes flood >&2; exit 0',
    patient: 'trap "" PIPE; yes flood >&2 2> /dev/null; exit 0',
  })
  const runner = createPrograms(env, 60_000)
  for (const file of [flood, patient]) {
    const before = performance.now()
    const end = await runner.run({ file, args: [], input: '' }, never)
    t.match(end, { status: 0, stderr: /^flood\n/ })
    t.equal('stderr' in end && end.stderr.length, 4_096)
    t.ok(performance.now() - before < 30_000)
  }
})

const family = `
trap "$1" TERM
sleep 600 & first=$!
sh -c 'trap "" TERM; sleep 600 & echo $! $$ > "$0.grandchild"; wait; wait' "$0" &
while [ ! -s "$0.grandchild" ]; do sleep 0.01; done
echo $$ $first $(cat "$0.grandchild") > "$0.pids"
wait; wait; wait`

t.test('at the timeout the whole group is stopped, however it resists', async t => {
  const paths = programs(t, { obedient: family, stubborn: family })
  for (const [file, trap] of [
    [paths.obedient, 'exit 0'],
    [paths.stubborn, ''],
  ] as const) {
    const runner = createPrograms(env, 1_000)
    const end = await runner.run({ file, args: [trap], input: 'x' }, never)
    t.match(end, { stopped: 'timeout' })
    const pids = pidsIn(await written(`${file}.pids`))
    t.equal(pids.length, 4)
    await allGone(pids)
    await runner.close()
  }
})

t.test('a program that is stopped may end in order', async t => {
  const { tidy } = programs(t, {
    tidy: `trap 'echo tidied > "$dir/end"; exit 0' TERM; echo > "$dir/ready"; sleep 600 & wait`,
  })
  const controller = new AbortController()
  const runner = createPrograms(env, 600_000)
  const end = runner.run({ file: tidy, args: [], input: '' }, controller.signal)
  await written(tidy.replace(/tidy$/, 'ready'))
  controller.abort()
  t.match(await end, { stopped: 'abort' })
  t.equal(await written(tidy.replace(/tidy$/, 'end')), 'tidied\n')
})

t.test('what is said right at the end is not lost', async t => {
  const { say } = programs(t, {
    say: '(while kill -0 $$; do :; done 2> /dev/null; echo late >&2) & exit 1',
  })
  const runner = createPrograms(env, 20_000)
  t.strictSame(await runner.run({ file: say, args: [], input: '' }, never), {
    status: 1,
    stderr: 'late\n',
  })
})

t.test('an abort and a close stop the group too', async t => {
  const paths = programs(t, { aborted: family, closed: family })
  const controller = new AbortController()
  const runner = createPrograms(env, 600_000)
  const aborted = runner.run(
    { file: paths.aborted, args: [''], input: '' },
    controller.signal,
  )
  const closed = runner.run({ file: paths.closed, args: [''], input: '' }, never)
  const first = pidsIn(await written(`${paths.aborted}.pids`))
  const second = pidsIn(await written(`${paths.closed}.pids`))
  controller.abort()
  t.match(await aborted, { stopped: 'abort' })
  await allGone(first)
  t.ok(second.every(isRunning), 'another run goes on')
  await runner.close()
  t.notOk(second.some(isRunning), 'a close waits for the end')
  t.match(await closed, { stopped: 'abort' })
  const { signal } = controller
  t.match(await runner.run({ file: '/none', args: [], input: '' }, signal), {
    stopped: 'abort',
  })
})

t.test('what a program that ended has left running is not waited for', async t => {
  const { leaving } = programs(t, {
    leaving: 'sleep 600 & echo $! > "$dir/pid"; echo said >&2; exit 0',
  })
  const runner = createPrograms(env, 600_000)
  const end = await runner.run({ file: leaving, args: [], input: 'x' }, never)
  t.strictSame(end, { status: 0, stderr: 'said\n' })
  const [pid = 0] = pidsIn(await written(leaving.replace('leaving', 'pid')))
  await runner.close()
  t.ok(isRunning(pid), 'it is left alone: mail programs deliver so')
  process.kill(pid)
})
