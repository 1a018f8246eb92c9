// What befalls the system in a run, as chance has it: the handlers are killed, syslog-ng reloads,
// logs rotate, archives are replayed, Slack fails.

import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { LogSystem } from '../log-system.js'
import { archives, rotate } from '../rotation.js'
import { createAlarm } from './alarm.js'
import type { FailingSlack } from './failing-slack.js'
import { handlerKiller } from './kill-handlers.js'
import type { Mishap, Note } from './mishap.js'
import { peakMemoryMb } from './peak-memory.js'
import { replay } from './replay.js'
import { seededRandom, type Random } from './seeded-random.js'
import { slackFailer } from './slack-failures.js'
import { readLogFiles } from './stored-log.js'

/** What is going on. */
export interface Mishaps {
  readonly soFar: readonly Mishap[]
  /** The most memory that a handler had, in MB. */
  readonly peakMemoryMb: number
  /** So many alerting events were just written. */
  alerting(events: number): void
  /** No more of them; resolves when the last has ended. Rejects where one could not be made. */
  end(): Promise<void>
}

const burstEvents = 50

/** Starts them. `seconds` is the length of the run: in a longer one they are further apart. */
export function startMishaps(
  system: LogSystem,
  slack: FailingSlack,
  seed: number,
  seconds: number,
): Mishaps {
  const stretch = seconds > 120 ? 1.5 : 1
  const soFar: Mishap[] = []
  const over = new AbortController()
  const isOver = once(over.signal, 'abort')
  const alarms = { alert: createAlarm(), burst: createAlarm(), delivery: slack.delivery }
  let peakMb = 0

  const note: Note = async (what, detail, action) => {
    const from = Date.now()
    const known = await action()
    soFar.push({ what, detail, from, to: Date.now(), ...known })
  }

  /** One kind of mishap, again and again, `low` to `high` seconds apart. */
  const repeat = async (
    kind: string,
    [low, high]: readonly [number, number],
    prepare: (random: Random) => () => Promise<void>,
  ) => {
    const random = seededRandom(seed, kind)
    const action = prepare(random)
    for (;;) {
      const ms = random.between(low, high) * stretch * 1_000
      await pause(ms, undefined, { signal: over.signal }).catch(() => undefined)
      if (over.signal.aborted) return
      await action()
    }
  }

  const look = async () => {
    const logs = ['audit', 'server'] as const
    const pids = await Promise.all(logs.map(log => system.handlerPid(log)))
    peakMb = Math.max(peakMb, ...pids.map(peakMemoryMb))
  }

  const reload = (random: Random) => {
    const daemon = random.pick(['server', 'node'] as const)
    return note('reload', daemon, async () => void (await system[daemon].ctl('reload')))
  }

  const rotation = async (random: Random) => {
    const before = new Set(archives(system, 'audit'))
    await note('rotation', '', () => rotate(system))
    if (!random.chance(0.3)) return
    const newest = archives(system, 'audit').filter(file => !before.has(file))
    await note('replay', 'of an archive', async () => {
      const { said, status } = await replay(system, 'audit', readLogFiles(newest))
      if (status !== 0 && status !== 1) throw new Error(`replay: ${status} ${said}`)
    })
  }

  const running = Promise.all([
    repeat('kill', [2, 6], random => handlerKiller(system, random, alarms, note)),
    repeat('reload', [3, 10], random => () => reload(random)),
    repeat('rotation', [4, 12], random => () => rotation(random)),
    repeat('Slack', [2, 8], random =>
      slackFailer(slack, random, 6 * stretch, note, isOver),
    ),
    repeat('look', [2, 4], () => look),
  ])
  // Awaited in `end`; until then, a rejection is no one's.
  running.catch(() => undefined)

  return {
    soFar,
    get peakMemoryMb() {
      return peakMb
    },
    alerting(events) {
      if (events > 0) alarms.alert.ring()
      if (events >= burstEvents) alarms.burst.ring()
    },
    async end() {
      over.abort()
      await running
      await look()
    },
  }
}
