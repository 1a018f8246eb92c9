import { durationMs } from '../rule/duration.js'
import { caFile, httpUrl, type IniValue } from './ini-value.js'
import type { FaultReport, Keys, ReadKeys } from './read-keys.js'

/** `[metrics]`: where node_exporter looks for files. */
export interface MetricsConfig {
  readonly textfileDir: string
}

/** `[heartbeat]`: a sign of life each so many milliseconds, to a URL or to a destination of the ini. */
export interface HeartbeatConfig {
  readonly everyMs: number
  readonly to:
    | { readonly url: string; readonly proxy?: string; readonly caFile?: string }
    | { readonly destination: string }
}

export const metricsKeys: Keys = {
  textfile_dir: { parse: absolutePath, isRequired: true },
}

export const heartbeatKeys: Keys = {
  every: { parse: interval },
  url: { parse: urlOfEach, isSecret: true },
  destination: { parse: value => ({ value }) },
  proxy: { parse: httpUrl },
  ca_file: { parse: caFile },
}

const defaultEvery = '5m'

/** What `[metrics]` says; reports where it is of no use. */
export function metricsConfig(
  { settings }: ReadKeys,
  { fault }: FaultReport,
): MetricsConfig | undefined {
  const { textfile_dir } = settings
  if (textfile_dir !== undefined) return { textfileDir: textfile_dir }
  fault(
    'metrics',
    undefined,
    '[metrics] has no usable textfile_dir: no metrics are written',
  )
  return undefined
}

/** What `[heartbeat]` says, where the ini has these destinations; reports where it is of no use. */
export function heartbeatConfig(
  { settings }: ReadKeys,
  destinations: readonly string[],
  { fault }: FaultReport,
): HeartbeatConfig | undefined {
  const { every = defaultEvery, url, destination, proxy, ca_file } = settings
  const everyMs = durationMs(every)!
  if ((url === undefined) === (destination === undefined)) {
    fault(
      'heartbeat',
      undefined,
      '[heartbeat] needs a usable url, or a destination, and not both: none is sent',
    )
    return undefined
  }
  if (url !== undefined) {
    const reach = { ...(proxy && { proxy }), ...(ca_file && { caFile: ca_file }) }
    return { everyMs, to: { url, ...reach } }
  }
  if (!destinations.includes(destination!)) {
    const known = destinations.join(', ') || 'none'
    fault(
      'heartbeat',
      'destination',
      `[heartbeat] destination must be one of this ini's destinations: ${known}`,
    )
    return undefined
  }
  return { everyMs, to: { destination: destination! } }
}

function absolutePath(value: string): IniValue {
  return value.startsWith('/')
    ? { value }
    : `must be a path that begins with /, got "${value.slice(0, 40)}"`
}

function interval(value: string): IniValue {
  const ms = durationMs(value)
  return ms !== undefined && ms >= 60_000 && ms <= 86_400_000
    ? { value }
    : `must be from 1m to 24h, got "${value.slice(0, 20)}"`
}

/** Else one handler's heartbeats would hide that the other has stopped. */
function urlOfEach(value: string): IniValue {
  if (!value.includes('{log}'))
    return 'must have {log} in it, which becomes audit or server: each handler has its own'
  return httpUrl(value)
}
