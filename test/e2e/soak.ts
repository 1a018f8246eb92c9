// The soak: real syslog-ng and logrotate, both handlers and a known load, while everything fails
// that can; afterwards, nothing may be lost, doubled or sent too fast.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { LogSystem } from './log-system.js'
import { faultsOfCommands } from './soak/deliveries.js'
import { gatherEvidence } from './soak/evidence.js'
import { type FailingSlack, startFailingSlack } from './soak/failing-slack.js'
import { type Figures, figuresOf } from './soak/figures.js'
import { startMishaps, type Mishaps } from './soak/mishaps.js'
import { replay, type Replayed } from './soak/replay.js'
import { seededRandom } from './soak/seeded-random.js'
import { countAndHash, logFiles, readLogFiles } from './soak/stored-log.js'
import { createTraffic, type Traffic } from './soak/traffic.js'
import {
  faultsOfDeliveries,
  faultsOfPace,
  faultsOfPauses,
  faultsOfRecords,
} from './soak/verdict.js'
import { until } from './until.js'

/** A run. */
export interface SoakOptions {
  /** How long lines are written. */
  readonly seconds: number
  /** Decides the load and the mishaps. */
  readonly seed: number
  readonly linesPerSecond: number
  /** Tells how it goes. */
  readonly say: (text: string) => void
}

/** What a run came to. */
export interface SoakResult {
  readonly figures: Figures
  /** What must not be; empty where all is well. */
  readonly faults: readonly string[]
}

/** A handler takes about 110; one that spins at its end took 20 more a second. */
const maxMemoryMb = 170
const tickMs = 25
/** Before the lines end, so that what is left has a chance without mishaps as well. */
const calmSeconds = 8
/** After a digest others gather for a minute at most, and a failure may be waited out before. */
const drainMs = 180_000

/** Runs it once. Rejects where the run itself can't be made. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const slack = await startFailingSlack()
  const system = await LogSystem.start(`[slack]\nurl = ${slack.url}\n`)
  try {
    return await soakSystem(system, slack, options)
  } catch (fault) {
    for (const log of system.ownLogs()) options.say(log)
    throw fault
  } finally {
    await system.close()
    await slack.close()
  }
}

async function soakSystem(
  system: LogSystem,
  slack: FailingSlack,
  options: SoakOptions,
): Promise<SoakResult> {
  const { seconds, seed, linesPerSecond, say } = options
  const start = performance.now()
  const traffic = createTraffic(seededRandom(seed, 'traffic'), seconds, linesPerSecond)
  const mishaps = startMishaps(system, slack, seed, seconds)
  const hash = await writeTraffic(system, traffic, mishaps, seconds)
  say(`${sinceStart(start)}: ${traffic.written} lines written`)
  await until('nothing waits in syslog-ng', () => isIdle(system), drainMs)
  const faults = await faultsOfStoring(system, traffic, hash)

  const replayedAt = Date.now()
  const found = await replayAll(system)
  for (const { said } of found) say(`${sinceStart(start)}: ${said.split('\n')[0]}`)
  const gather = () =>
    gatherEvidence(system, slack.requests(), traffic.expected, mishaps.soFar)
  const limit = performance.now() + drainMs
  let evidence = await gather()
  while (faultsOfDeliveries(evidence).length > 0 && performance.now() < limit) {
    await pause(500)
    evidence = await gather()
  }
  say(`${sinceStart(start)}: what waited is delivered`)
  for (const { status, fresh, said } of await replayAll(system)) {
    if (status !== 0 || fresh !== 0) faults.push(`a second replay: ${status}: ${said}`)
  }

  evidence = await gather()
  const letters = join(system.dir, 'state/outbox/slack/dead-letters.ndjson')
  faults.push(
    ...faultsOfRecords(evidence),
    ...faultsOfDeliveries(evidence),
    ...faultsOfPace(evidence),
    ...faultsOfPauses(evidence),
    ...(await faultsOfCommands(evidence.requests)),
    ...faultsOfExits(system.server.ownLog),
    ...evidence.own.map(({ rule, title }) => `the handler said ${rule}: ${title}`),
    ...(mishaps.peakMemoryMb > maxMemoryMb
      ? [`a handler took ${mishaps.peakMemoryMb} MB`]
      : []),
    ...(existsSync(letters) ? [`given up: ${readFileSync(letters, 'utf8')}`] : []),
  )
  const figures = figuresOf(evidence, {
    lines: traffic.written,
    replayedAt,
    linesDropped: await system.server.counter('_handler', 'dropped'),
    peakMemoryMb: mishaps.peakMemoryMb,
  })
  if (faults.length > 0) for (const log of system.ownLogs()) say(log)
  return { figures, faults }
}

/** Writes the load, with the mishaps beside it; gives the hash of the audit lines. */
async function writeTraffic(
  system: LogSystem,
  traffic: Traffic,
  mishaps: Mishaps,
  seconds: number,
): Promise<string> {
  const hash = createHash('sha256')
  const start = performance.now()
  const calm = pause((seconds - calmSeconds) * 1_000).then(() => mishaps.end())
  // It is awaited below; its fault must not end the process before.
  calm.catch(() => undefined)
  for (let elapsed = 0; elapsed < seconds * 1_000;) {
    await pause(tickMs)
    elapsed = performance.now() - start
    const { audit, journal, alerting } = traffic.due(elapsed)
    for (const line of audit) hash.update(`${line}\n`)
    mishaps.alerting(alerting)
    await Promise.all([system.sendAudit(audit), system.sendJournal([...journal])])
  }
  await calm
  return hash.digest('hex')
}

/** Each audit line is stored once and in order, and as many server lines as were written. */
async function faultsOfStoring(
  system: LogSystem,
  { auditCount, journalCount }: Traffic,
  hash: string,
): Promise<string[]> {
  const audit = await countAndHash(logFiles(system, 'audit'))
  const messages = await countAndHash(logFiles(system, 'messages'))
  return [
    ...(audit.hash === hash
      ? []
      : [`of ${auditCount} audit lines, ${audit.lines} are stored, or others`]),
    ...(messages.lines === journalCount
      ? []
      : [`of ${journalCount} server lines, ${messages.lines} are stored`]),
  ]
}

/** A handler ends by a kill, or well; syslog-ng tells how. */
function faultsOfExits(serverLog: string): string[] {
  return [...serverLog.matchAll(/Child program exited.*status='(\d+)'/g)]
    .filter(([, status]) => status !== '9' && status !== '0')
    .map(([line]) => line)
}

/** Replays all that is stored, as an operator would. */
function replayAll(system: LogSystem): Promise<Replayed[]> {
  return Promise.all([
    replay(system, 'audit', readLogFiles(logFiles(system, 'audit'))),
    replay(system, 'server', readLogFiles(logFiles(system, 'messages'))),
  ])
}

async function isIdle({ node, server }: LogSystem): Promise<boolean> {
  const queued = await Promise.all([node, server].map(at => at.counter('', 'queued')))
  return queued.every(count => count === 0)
}

function sinceStart(start: number): string {
  return `${((performance.now() - start) / 1_000).toFixed(1)} s`
}
