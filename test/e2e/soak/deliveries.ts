import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { rendered } from '../../fixtures/slack-stand-in.js'
import type { StandInRequest } from '../../fixtures/http-stand-in.js'

const run = promisify(execFile)

/** A message that Slack has taken. */
export interface Delivery {
  /** Epoch milliseconds. */
  readonly time: number
  readonly isDigest: boolean
  /** The alerts that it shows, or that its command lists. */
  readonly ids: readonly string[]
  /** What is wrong with it. */
  readonly faults: readonly string[]
}

/** The messages among the requests that were taken, each read as a person would. */
export function deliveries(requests: readonly StandInRequest[]): Delivery[] {
  return requests
    .filter(({ status }) => status === 200)
    .map(({ time, body }) => {
      const text = rendered(body)
      const isDigest = digestCommand(text) !== undefined
      const read = isDigest ? digestIds(text) : { ids: shownIds(text), faults: [] }
      const faults = [...read.faults, ...pings(text)]
      if (read.ids.length === 0) faults.push(`a message without an id: ${text}`)
      return { time, isDigest, ...read, faults }
    })
}

/** Runs the commands of all digests, and gives the faults of those that don't list their alerts. */
export async function faultsOfCommands(
  requests: readonly StandInRequest[],
): Promise<string[]> {
  const faults: string[] = []
  for (const { status, body } of requests) {
    const text = rendered(body)
    const command = digestCommand(text)
    if (status !== 200 || command === undefined) continue
    const { ids } = digestIds(text)
    const { stdout } = await run('sh', ['-c', command[0]], { maxBuffer: 1 << 28 })
    const lines = stdout.split('\n').slice(0, -1)
    const listed = lines.map(line => (JSON.parse(line) as { id: string }).id)
    if (listed.sort().join() !== ids.toSorted().join()) {
      faults.push(
        `a digest of ${ids.length} alerts whose command lists ${listed.length}: ${command[0]}`,
      )
    }
  }
  return faults
}

function digestCommand(text: string): RegExpExecArray | undefined {
  return /zstdcat -qf .* \| grep -Ff (\S+\.ids)/.exec(text) ?? undefined
}

function digestIds(text: string): { ids: string[]; faults: string[] } {
  const file = digestCommand(text)?.[1] ?? ''
  if (!existsSync(file)) return { ids: [], faults: [`a digest without its file ${file}`] }
  const ids = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  const said = Number(/(\d+) alerts/.exec(text)?.[1])
  const isSound = said === ids.length && new Set(ids).size === said
  return {
    ids,
    faults: isSound ? [] : [`a digest of ${said} alerts has ${ids.length} ids`],
  }
}

function shownIds(text: string): string[] {
  return [...text.matchAll(/^alert ([0-9a-f]{32}) · rule /gm)].map(([, id]) => id!)
}

/** What an alert's text has brought to life in the channel. */
function pings(text: string): string[] {
  return /^(?!.*`).*(?:PING|LINK) /m.test(text) ? [`mark-up came to life: ${text}`] : []
}
