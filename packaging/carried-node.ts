import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The processors for which there are packages, as Node calls them. */
export type Processor = 'x64' | 'arm64'

interface Pinned {
  readonly version: string
  /** SHA-512 of each archive, as npm writes it. */
  readonly integrity: Readonly<Record<Processor, string>>
}

const pinned = JSON.parse(
  readFileSync(new URL('node.json', import.meta.url), 'utf8'),
) as Pinned

/**
 * Fetches the pinned Node for a processor from npm's registry, where each release is an archive of
 * its own, and unpacks it below `dir`. Gives the folder that has bin/node and LICENSE.
 * @throws where it can't be had, or isn't what is pinned
 */
export function fetchNode(processor: Processor, dir: string): string {
  const name = `node-linux-${processor}`
  const archive = join(dir, `${name}-${pinned.version}.tgz`)
  mkdirSync(dir, { recursive: true })
  const pack = ['pack', '--silent', '--pack-destination', dir]
  execFileSync('npm', [...pack, `${name}@${pinned.version}`])
  const digest = createHash('sha512').update(readFileSync(archive)).digest('base64')
  const wanted = pinned.integrity[processor]
  if (`sha512-${digest}` !== wanted) {
    throw new Error(
      `${name}@${pinned.version}: packaging/node.json pins ${wanted}, got sha512-${digest}`,
    )
  }
  execFileSync('tar', ['-xzf', archive, '-C', dir, 'package/bin/node', 'package/LICENSE'])
  return join(dir, 'package')
}
