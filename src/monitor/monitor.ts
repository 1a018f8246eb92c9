import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MetricsConfig } from '../config/monitoring.js'
import type { LiveOutput } from '../live-output.js'
import type { Pipeline } from '../pipeline.js'
import type { Options } from '../options.js'
import type { Shell } from '../shell.js'
import { exposition } from './metrics.js'

/** Tells a monitoring system how it goes. */
export interface Monitor {
  /** From now on the file is written into this folder; nowhere where there is none. */
  configure(metrics: MetricsConfig | undefined): void
  /** The metrics as they are now. */
  text(): string
  /** Writes the file a last time. */
  end(): void
}

/** node_exporter is asked every 15 to 60 seconds. */
const writeMs = 15_000

/** Watches the pipeline and the output; writes `<log>-log-handler.prom` at once and then every 15 seconds. */
export function startMonitor(
  pipeline: Pick<Pipeline, 'latest' | 'keys'>,
  live: Pick<LiveOutput, 'backlogs'>,
  { log }: Pick<Options, 'log'>,
  { counters, diagnostics, now }: Pick<Shell, 'counters' | 'diagnostics' | 'now'>,
): Monitor {
  const startedAt = now()
  let folder: string | undefined
  let lines = 0
  let lastLineAt: number | undefined
  let lagMs: number | undefined
  let known: string | undefined

  const look = () => {
    if (counters.get('lines') === lines) return
    lines = counters.get('lines')
    lastLineAt = now()
    const { latest } = pipeline
    if (latest !== undefined) lagMs = lastLineAt - Date.parse(latest)
  }
  const text = () => {
    look()
    return exposition(counters, {
      log,
      now: now(),
      startedAt,
      lastLineAt,
      lagMs,
      stateKeys: pipeline.keys(),
      memoryBytes: process.memoryUsage.rss(),
      backlogs: live.backlogs(),
    })
  }
  const write = () => {
    if (folder === undefined) return look()
    const file = join(folder, `${log}-log-handler.prom`)
    // A scrape must not see half of it; node_exporter passes over other names than *.prom. At a
    // restart the next handler writes one, too.
    const unfinished = `${file}.${process.pid}`
    try {
      writeFileSync(unfinished, text())
      // For node_exporter's user, whatever umask syslog-ng has handed down.
      chmodSync(unfinished, 0o644)
      renameSync(unfinished, file)
      known = undefined
    } catch (error) {
      counters.add('metrics_errors')
      const trouble = `${file} can't be written: ${(error as NodeJS.ErrnoException).code}`
      if (trouble !== known) diagnostics.error(trouble)
      known = trouble
    }
  }
  const timer = setInterval(write, writeMs).unref()
  return {
    configure(metrics) {
      folder = metrics?.textfileDir
      write()
    },
    text,
    end() {
      clearInterval(timer)
      write()
    },
  }
}
