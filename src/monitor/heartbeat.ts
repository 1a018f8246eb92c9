import { ownAlert } from '../alert/own-alert.js'
import type { DestinationConfig } from '../config/config.js'
import type { HeartbeatConfig } from '../config/monitoring.js'
import { wayTo } from '../delivery/way.js'
import type { Log } from '../entry/entry.js'
import { createHttp } from '../notify/http.js'
import { judge } from '../notify/http-answer.js'
import type { Attempt } from '../notify/notifier.js'
import { reasonCode } from '../notify/reason-code.js'
import type { Options } from '../options.js'
import type { Shell } from '../shell.js'

/** Signs of life, for a service that raises the alarm when they stop. */
export interface Heartbeat {
  /** From now on they go there; nowhere where there is none. */
  configure(
    heartbeat: HeartbeatConfig | undefined,
    destinations: readonly DestinationConfig[],
  ): void
  end(): Promise<void>
}

interface Target {
  send(signal: AbortSignal): Promise<Attempt>
  close(): Promise<void>
}

/** Sends one at once when it is configured, and then one each interval. A late one is of no use, so none is tried twice. */
export function startHeartbeat(
  options: Pick<Options, 'log' | 'alertLog'>,
  shell: Pick<Shell, 'counters' | 'diagnostics' | 'env' | 'now'>,
): Heartbeat {
  const { counters, diagnostics } = shell
  let timer: NodeJS.Timeout | undefined
  let target: Target | undefined
  let ending = new AbortController()
  let known: string | undefined

  const beat = async () => {
    if (target === undefined) return
    const { outcome, reason } = await target.send(ending.signal)
    if (ending.signal.aborted) return
    counters.addLabelled('heartbeats', [outcome, reasonCode(reason)])
    const trouble =
      outcome === 'delivered' ? undefined : `the heartbeat is not taken: ${reason}`
    if (trouble !== undefined && trouble !== known) diagnostics.error(trouble)
    if (trouble === undefined && known !== undefined)
      diagnostics.info('the heartbeat is taken again')
    known = trouble
  }
  const end = async () => {
    clearInterval(timer)
    ending.abort()
    const before = target
    target = undefined
    await before?.close()
  }
  return {
    configure(heartbeat, destinations) {
      void end()
      if (heartbeat === undefined) return
      ending = new AbortController()
      target = targetOf(heartbeat, destinations, options, shell)
      timer = setInterval(() => void beat(), heartbeat.everyMs).unref()
      void beat()
    },
    end,
  }
}

function targetOf(
  { to }: HeartbeatConfig,
  destinations: readonly DestinationConfig[],
  { log, alertLog }: Pick<Options, 'log' | 'alertLog'>,
  { counters, env, now }: Pick<Shell, 'counters' | 'env' | 'now'>,
): Target {
  if ('url' in to) {
    const url = to.url.replaceAll('{log}', log)
    const http = createHttp(to, env)
    return {
      send: async signal =>
        judge(await http.request({ method: 'GET', url }, signal), url, now(), verdicts),
      close: () => http.close(),
    }
  }
  const config = destinations.find(({ name }) => name === to.destination)!
  const { notifier } = wayTo(config, { env, now })
  let lines = 0
  return {
    send(signal) {
      const title = titleOf(log, counters.get('lines') - lines)
      lines = counters.get('lines')
      const alert = ownAlert(
        { kind: 'handler-heartbeat', title, detail: title },
        log,
        now(),
        alertLog,
      )
      return notifier.send({ kind: 'alerts', alerts: [alert] }, signal)
    },
    close: () => notifier.close(),
  }
}

const verdicts = {
  isDelivered: ({ status }: { status: number }) => status >= 200 && status < 300,
  suspending: new Set<number>(),
  word: () => '',
}

function titleOf(log: Log, lines: number): string {
  return `The handler of the ${log} log runs: ${lines} lines since its last heartbeat`
}
