import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import type { OwnAlert } from '../src/alert/own-alert.js'
import { createCounters } from '../src/counters.js'
import { createDiagnostics } from '../src/diagnostics.js'
import { streamInput } from '../src/input.js'
import type { Pipeline } from '../src/pipeline.js'
import { readLog } from '../src/read-log.js'
import type { Shell } from '../src/shell.js'
import { takeSignals } from '../src/signals.js'

/** Reads this with a pipeline that has a fault. */
function reading(t: Test, stdin: Readable) {
  const signals = takeSignals()
  t.teardown(() => signals.release())
  const counters = createCounters()
  const said: OwnAlert[] = []
  const lines: string[] = []
  const diagnostics: string[] = []
  const pipeline: Pick<Pipeline, 'lines' | 'rest' | 'overlong'> = {
    lines(chunk) {
      const texts = chunk.toString().split('\n').slice(0, -1)
      return () => {
        for (let line = texts.shift(); line !== undefined; line = texts.shift()) {
          lines.push(line)
          counters.add('lines')
          if (line.startsWith('bad'))
            throw new Error(`fault over hvs.CAESIJ1234567890abcdef`)
        }
        return undefined
      }
    },
    rest: () => [],
    overlong: () => [],
  }
  const shell: Pick<Shell, 'stdin' | 'counters' | 'diagnostics' | 'signals'> = {
    stdin: streamInput(stdin),
    counters,
    diagnostics: createDiagnostics(line => diagnostics.push(line), Date.now, false),
    signals,
  }
  const done = readLog(
    pipeline as Pipeline,
    { emit() {}, say: own => said.push(own) },
    { maxLineBytes: 1_048_576, literals: [] },
    shell as Shell,
  )
  return { done, signals, counters, said, lines, diagnostics }
}

t.test(
  'a line that finds a fault of ours is given up, told, and nothing ends',
  async t => {
    const input = ['bad 1', 'good', 'bad 2', 'bad 3', 'last'].map(line => `${line}\n`)
    const { done, counters, said, lines } = reading(
      t,
      Readable.from(input.map(text => Buffer.from(text))),
    )
    t.equal(await done, 'end of input')
    t.equal(lines.length, 5)
    t.equal(counters.get('line_errors'), 3)
    t.match(said, [
      {
        kind: 'handler-lines-dropped',
        title: /: 1 so far, the last at line 1: Error: fault/,
      },
      { kind: 'handler-lines-dropped', title: /: 2 so far, the last at line 3/ },
    ])
    t.notMatch(JSON.stringify(said), 'CAESIJ')
  },
)

t.test('it is told how the reading ended', async t => {
  const endless = () => new Readable({ read() {} })
  const stopped = reading(t, endless())
  stopped.signals.stop.abort()
  t.equal(await stopped.done, 'stopped')

  const stdin = endless()
  const failed = reading(t, stdin)
  stdin.destroy(new Error('EIO'))
  t.equal(await failed.done, 'failed')
  t.match(failed.diagnostics, [/reading stdin failed: Error: EIO/])
})
