import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'

// What the tests and the demo need of the system, and can't have from npm. Run by itself, as
// `npm test` does first, it ends with 1 where something is missing and can't be installed.

/** The packages of Debian and Ubuntu by the command that each is wanted for. */
const packages = {
  'syslog-ng': 'syslog-ng-core',
  logrotate: 'logrotate',
  zstd: 'zstd',
  jq: 'jq',
} as const

/** A command that the tests and the demo run. */
export type SystemTool = keyof typeof packages

const tools = Object.keys(packages) as SystemTool[]

/**
 * Installs what is missing where that is allowed, and otherwise prints the command that does it.
 * Returns the tools that are there at the end.
 */
export function installSystemTools(): Set<SystemTool> {
  const missing = tools.filter(tool => !isInstalled(tool))
  if (missing.length === 0) return new Set(tools)
  const names = missing.map(tool => packages[tool])
  if (isInstalled('apt-get') && process.getuid?.() === 0) {
    console.error(`Installing ${names.join(', ')} ...`)
    const fault = aptInstall(names)
    if (fault) console.error(fault)
  }
  const found = new Set(tools.filter(isInstalled))
  if (found.size < tools.length) console.error(advice(missing, names))
  return found
}

function isInstalled(command: string): boolean {
  // Where daemons lie isn't on everybody's PATH.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some(folder => existsSync(join(folder, command)))
}

/** Returns what went wrong, if something did. */
function aptInstall(names: string[]): string | undefined {
  // --no-remove: syslog-ng takes the place of another syslog daemon, which isn't ours to decide.
  const install = ['install', '--yes', '--no-install-recommends', '--no-remove', ...names]
  for (const args of [['update'], install]) {
    const { status, stderr, error } = spawnSync('apt-get', ['--quiet=2', ...args], {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    if (status !== 0)
      return error?.message ?? `apt-get ${args.join(' ')}: ${stderr.trim()}`
  }
  return undefined
}

function advice(missing: SystemTool[], names: string[]): string {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo '
  return [
    `Missing: ${missing.join(', ')}. On Debian and Ubuntu this installs what is needed:`,
    `  ${sudo}apt-get update && ${sudo}apt-get install --no-install-recommends ${names.join(' ')}`,
  ].join('\n')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = installSystemTools().size === tools.length ? 0 : 1
}
