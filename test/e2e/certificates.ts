import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inSystemEnv } from './system-env.js'

const script = fileURLToPath(new URL('../../syslog-ng/vault-log-ca', import.meta.url))

/** The key, certificate and CA of one host, as text. */
export interface Credentials {
  readonly key: string
  readonly cert: string
  readonly ca: string
}

/** Runs the shipped vault-log-ca with its CA in `folder`; gives what it says. */
export function vaultLogCa(folder: string, ...args: string[]): string {
  return execFileSync('env', inSystemEnv(script, '-d', folder, ...args), {
    encoding: 'utf8',
    stdio: 'pipe',
  })
}

/** What the CA in `folder` has made for a host. */
export function credentials(folder: string, host: string): Credentials {
  const read = (name: string) => readFileSync(join(folder, host, name), 'utf8')
  return { key: read('key.pem'), cert: read('cert.pem'), ca: read('ca.pem') }
}

/** Puts a host's files where syslog-ng reads them, in place of what is there. */
export function install(folder: string, host: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  cpSync(join(folder, host), to, { recursive: true })
}
