import type { Test } from 'tap'
import { type SlackStandIn, startSlackStandIn } from '../fixtures/slack-stand-in.js'
import { fewRules } from '../fixtures/few-rules.js'
import { LogSystem } from './log-system.js'
import type { TlsDirs } from './site-config.js'

/** A log system that alerts at a stand-in for Slack, and that ends with the test; over TLS with `tls`. */
export async function logSystemFor(
  t: Test,
  tls?: TlsDirs,
): Promise<{ system: LogSystem; slack: SlackStandIn }> {
  const slack = await startSlackStandIn()
  t.teardown(() => slack.close())
  const system = await LogSystem.start(`[slack]\nurl = ${slack.url}\n`, fewRules, tls)
  t.teardown(async () => {
    if (!t.passing()) t.comment(...system.ownLogs())
    await system.close()
  })
  return { system, slack }
}
