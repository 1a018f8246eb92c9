import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { startStandIn } from '../fixtures/http-stand-in.js'

/** Milliseconds from the writing of a line to the arrival of its POST. */
export interface Latency {
  readonly p50: number
  readonly p99: number
}

const path = '/hook'
const spacingMs = 150
const alertLine = (id: number, time: string) =>
  `{"time":"${time}","type":"request","auth":{"policies":["default"]},"request":{"id":"latency-${id}","operation":"read","path":"sys/raw/a","namespace":{"id":"root"}}}\n`

/**
 * Writes lines that alert, one after the other is delivered, to a live handler that posts to a server
 * on loopback; between them `filler` at so many bytes a second.
 */
export async function latency(
  handler: string,
  alerts: number,
  filler?: { readonly text: Buffer; readonly bytesPerSecond: number },
): Promise<Latency> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-latency-'))
  const usual = { status: 200 }
  const server = await startStandIn({ path, judge: () => usual, unknown: usual })
  writeFileSync(join(dir, 'ini'), `[webhook]\nurl = ${server.url}\n`)
  const child = spawn(
    handler,
    [
      '-c',
      join(dir, 'ini'),
      '--state-dir',
      join(dir, 'state'),
      '--alert-log',
      join(dir, 'alert'),
    ],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  )
  const over = new AbortController()
  const fill = async () => {
    if (filler === undefined) return
    const tickMs = 10
    const portion = Math.ceil((filler.bytesPerSecond * tickMs) / 1_000)
    for (
      let at = 0;
      !over.signal.aborted;
      at = (at + portion) % (filler.text.length - portion)
    ) {
      const from = filler.text.indexOf(10, at) + 1
      const end = filler.text.indexOf(10, from + portion) + 1
      if (!child.stdin.write(filler.text.subarray(from, end)))
        await new Promise(resolve => child.stdin.once('drain', resolve))
      await pause(tickMs)
    }
  }
  const filling = fill()
  // As the filler, of which none is late then.
  const time = '2026-03-02T00:00:00.000Z'
  const taken: number[] = []
  // The first ones start the handler, and its connection.
  for (let i = -5; i < alerts; i += 1) {
    const arrival = server.waitFor(
      ({ body }) => JSON.stringify(body).includes(`latency-${i}"`),
      60_000,
    )
    const start = performance.now()
    child.stdin.write(alertLine(i, time))
    await arrival
    if (i >= 0) taken.push(performance.now() - start)
    // Messages are paced; what is measured is the way of one.
    await pause(spacingMs)
  }
  over.abort()
  await filling
  child.stdin.end()
  await new Promise(resolve => child.once('exit', resolve))
  await server.close()
  rmSync(dir, { recursive: true })
  taken.sort((a, b) => a - b)
  return { p50: taken[taken.length >> 1]!, p99: taken[Math.floor(taken.length * 0.99)]! }
}
