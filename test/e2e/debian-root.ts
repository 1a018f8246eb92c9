import { execFile, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { until } from './until.js'

/** What a command in the root said, stdout and stderr as they came, and its exit status. */
export interface Said {
  readonly status: number | null
  readonly text: string
}

/** A fresh Debian or Ubuntu below a folder, with processes and a loopback network of its own. */
export interface DebianRoot {
  readonly dir: string
  /** A process in its namespaces. */
  readonly pid: string
  /** Runs a shell command as root, in the machine's network: for apt. */
  install(command: string): Said
  /** Runs one in the root's own network; the processes that it leaves go on. */
  run(command: string): Said
  /** The same, while what the command asks of this process is answered. */
  runBeside(command: string): Promise<Said>
  /** Puts a file of the machine into the root's /tmp; gives its path there. */
  put(file: string): string
  /** Ends all processes in it and deletes it. */
  remove(): void
}

const ubuntuSuites = new Set(['jammy', 'noble'])

// Debian has neither the key ring of Ubuntu nor, in Debian 12, a script for its later releases: all
// since 7.10 are made by the one of that. What apt fetches in the root is checked, as always.
const ubuntu = ['--no-check-gpg', '--components=main,universe']
const ubuntuFrom = [
  'http://archive.ubuntu.com/ubuntu',
  '/usr/share/debootstrap/scripts/gutsy',
]

/** Makes one of Debian or Ubuntu with debootstrap, which takes root, and a mirror that can be reached. */
export async function makeDebianRoot(suite: string): Promise<DebianRoot> {
  const dir = mkdtempSync(join(tmpdir(), `debian-${suite}-`))
  const options = ['--variant=minbase', '--include=iproute2,procps']
  must(
    say(
      'debootstrap',
      ubuntuSuites.has(suite)
        ? [...options, ...ubuntu, suite, dir, ...ubuntuFrom]
        : [...options, suite, dir],
    ),
  )
  // It is the root of all users in there.
  chmodSync(dir, 0o755)
  // No package starts a service in here: the test does.
  writeFileSync(join(dir, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', {
    mode: 0o755,
  })
  const begin = 'mount -t proc proc /proc; ip link set lo up; exec sleep infinity'
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child']
  const holder = spawn('unshare', [...namespaces, 'chroot', dir, 'sh', '-c', begin], {
    stdio: 'ignore',
  })
  const path = `/proc/${holder.pid}/task/${holder.pid}/children`
  const pid = await until(
    'the root runs',
    () => readFileSync(path, 'utf8').trim() || undefined,
  )
  const enter = ['-t', pid, '--net', '--mount', '--pid', '--root', '--wd']
  const run = (command: string) => say('nsenter', [...enter, 'sh', '-c', command])
  const root: DebianRoot = {
    dir,
    pid,
    install: command => say('chroot', [dir, 'sh', '-c', command]),
    run,
    runBeside: command => sayBeside('nsenter', [...enter, 'sh', '-c', command]),
    put(file) {
      copyFileSync(file, join(dir, 'tmp', basename(file)))
      return `/tmp/${basename(file)}`
    },
    remove() {
      holder.kill('SIGKILL')
      rmSync(dir, { recursive: true, force: true })
    },
  }
  try {
    await until('its network is there', () => run('ip addr').text.includes('127.0.0.1'))
    return root
  } catch (error) {
    root.remove()
    throw error
  }
}

/** Throws what a command said where it failed. */
export function must({ status, text }: Said): string {
  if (status !== 0) throw new Error(`exit status ${status}: ${text}`)
  return text
}

/** The test runner adds its hooks to each process of Node; in the root they can't be found. */
const plain = ['-u', 'NODE_OPTIONS']

const settings = {
  encoding: 'utf8',
  env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive' },
  timeout: 600_000,
} as const

function say(command: string, args: readonly string[]): Said {
  const { status, stdout, stderr, error } = spawnSync(
    'env',
    [...plain, command, ...args],
    settings,
  )
  return { status, text: error ? String(error) : `${stdout}${stderr}` }
}

function sayBeside(command: string, args: readonly string[]): Promise<Said> {
  return new Promise(resolve => {
    const child = execFile(
      'env',
      [...plain, command, ...args],
      settings,
      (_, stdout, stderr) =>
        resolve({ status: child.exitCode, text: `${stdout}${stderr}` }),
    )
  })
}
