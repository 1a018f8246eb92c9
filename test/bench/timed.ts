import { spawn, spawnSync } from 'node:child_process'
import { createReadStream, readFileSync } from 'node:fs'

/** What one run of a command took: seconds of wall clock and of processor (user and system). */
export interface Timing {
  readonly wall: number
  readonly cpu: number
}

/** Runs a shell command with a file on its stdin, through a pipe. Throws where the command isn't found. */
export function time(command: string, file: string): Timing {
  const script = `cat '${file}' | { TIMEFORMAT='%R %U %S'; time { ${command}; } >/dev/null 2>/dev/null; }`
  const { stderr, status } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
  const [wall = NaN, user = NaN, system = NaN] = stderr
    .trim()
    .split('\n')
    .at(-1)!
    .split(' ')
    .map(Number)
  if (status === 127 || Number.isNaN(wall)) throw new Error(`${command}: ${stderr}`)
  return { wall, cpu: user + system }
}

/** Runs commands in turn, so that what else the machine does hits all; gives each one's medians. */
export function compare(
  commands: Readonly<Record<string, string>>,
  file: string,
  rounds: number,
) {
  const runs = new Map<string, Timing[]>(Object.keys(commands).map(name => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, command] of Object.entries(commands)) {
      runs.get(name)!.push(time(command, file))
    }
  }
  return new Map(
    [...runs].map(([name, timings]) => [
      name,
      {
        wall: median(timings.map(({ wall }) => wall)),
        cpu: median(timings.map(({ cpu }) => cpu)),
      },
    ]),
  )
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

/** The most memory, in MB, that a command had resident, with a file `times` over on its stdin. */
export async function peakMemory(
  command: readonly string[],
  file: string,
  times: number,
): Promise<number> {
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const ended = new Promise(resolve => child.once('exit', resolve))
  let peak = 0
  const look = setInterval(() => {
    // What has ended is still there, without its memory.
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
  }, 20)
  for (let i = 0; i < times; i += 1) {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 })) {
      if (!child.stdin.write(chunk))
        await new Promise(resolve => child.stdin.once('drain', resolve))
    }
  }
  child.stdin.end()
  await ended
  clearInterval(look)
  return peak
}
