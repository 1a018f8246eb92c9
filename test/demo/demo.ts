import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { LogSystem } from '../e2e/log-system.js'
import { until } from '../e2e/until.js'
import { rendered, startSlackStandIn } from '../fixtures/slack-stand-in.js'
import { outage, quietDay, type Scene } from './story.js'
import { installSystemTools } from './system-tools.js'

// `npm run demo`: both roles of syslog-ng with the shipped files, both handlers and a stand-in for
// Slack, all on loopback; then a short story, and each alert as the channel would show it.

/** What takes the story's events: the whole way through syslog-ng, or only the handlers. */
interface Stage {
  readonly logDir: string
  play(scene: Scene): Promise<void>
  /** Ends it; the logs stay. */
  end(): Promise<void>
}

const say = (text: string) => console.log(text)

async function main(): Promise<void> {
  const tools = installSystemTools()
  run('npm', ['run', '--silent', 'build'])
  const slack = await startSlackStandIn()
  const ini = `[slack]\nurl = ${slack.url}\n`
  let shown = 0
  const perform = async (stage: Stage, scene: Scene, meanwhile = async () => {}) => {
    say(`\n▶ ${scene.says}`)
    await stage.play(scene)
    await meanwhile()
    await until(
      'the alerts arrive',
      () => slack.requests.length >= shown + scene.messages,
    )
    for (const { body } of slack.requests.slice(shown))
      say(`${indented(rendered(body))}\n`)
    shown = slack.requests.length
  }

  const system = tools.has('syslog-ng') ? await LogSystem.start(ini, []) : undefined
  if (system === undefined) {
    say(
      'syslog-ng is missing: the events go straight into the handlers, and the outage of',
    )
    say('the log server, with what buffers and recovers, is left out.')
  }
  const stage = system === undefined ? throughPipes(ini) : throughSyslog(system)
  for (const scene of quietDay) await perform(stage, scene)
  if (system !== undefined) {
    say('\n▶ The log server goes down.')
    await system.server.stop()
    await system.untilCutOff()
    await perform(stage, outage, async () => {
      say('  Vault’s lines are taken at once, and wait on the node’s disk.')
      say('\n▶ The log server comes back.')
      await system.server.start()
    })
  }
  await stage.end()
  tell(stage.logDir)
  await slack.close()
}

function throughSyslog(system: LogSystem): Stage {
  return {
    logDir: system.logDir,
    async play({ audit = [], journal = [] }) {
      await system.sendAudit(audit)
      await system.sendJournal([...journal])
    },
    end: () => system.stop(),
  }
}

function throughPipes(ini: string): Stage {
  const dir = mkdtempSync('/tmp/vault-log-')
  const logDir = join(dir, 'log')
  mkdirSync(logDir)
  writeFileSync(join(dir, 'handler.ini'), ini, { mode: 0o600 })
  const options = (alertLog: string) =>
    `-c ${dir}/handler.ini --alert-log ${logDir}/${alertLog} --state-dir ${dir}`.split(
      ' ',
    )
  const start = (log: string, alertLog: string): ChildProcess =>
    spawn(
      process.execPath,
      [`bin/${log}-log-handler`, ...options(alertLog), '--log', join(dir, `${log}.log`)],
      { stdio: ['pipe', 'inherit', 'inherit'] },
    )
  const handlers = {
    audit: start('audit', 'audit.alert'),
    server: start('server', 'messages.alert'),
  }
  // The logs are stored too, as syslog-ng would, so that what the messages point at is there.
  const feed = (to: ChildProcess, file: string, lines: readonly string[]) => {
    const text = lines.map(line => `${line}\n`).join('')
    appendFileSync(join(logDir, file), text)
    to.stdin!.write(text)
  }
  return {
    logDir,
    async play({ audit = [], journal = [] }) {
      feed(handlers.audit, 'audit', audit)
      const header = `<30> ${new Date().toISOString()} vault-node-1`
      feed(
        handlers.server,
        'messages',
        journal.map(
          entry => `${header} ${entry.program}[${entry.pid}]: ${entry.message}`,
        ),
      )
    },
    async end() {
      const ends = Object.values(handlers).map(async handler => {
        handler.stdin!.end()
        await once(handler, 'exit')
      })
      await Promise.all(ends)
    },
  }
}

function tell(logDir: string): void {
  say('\nWhat is kept, with its number of lines:')
  for (const name of ['audit', 'audit.alert', 'messages', 'messages.alert']) {
    const file = join(logDir, name)
    if (!existsSync(file)) continue
    say(`  ${file}  ${readFileSync(file, 'utf8').split('\n').length - 1}`)
  }
  say('\nTry:')
  say(`  jq -r '[.time, .severity, .title] | @tsv' ${logDir}/audit.alert`)
  say(`  bin/audit-log-handler -n < ${logDir}/audit | jq .title`)
}

function indented(text: string): string {
  return text
    .split('\n')
    .map(line => `  │ ${line}`)
    .join('\n')
}

/** Runs a command to its end; what it prints is shown only when it fails. */
function run(command: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
}

await main()
