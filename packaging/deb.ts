import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { put, readProject } from './tree.js'

/** What the templates in a package's folder name. */
interface Values {
  readonly package: string
  readonly version: string
  /** As Debian calls it. */
  readonly architecture: string
}

/**
 * Makes a package of the tree below `root`, with the control file and the scripts from
 * packaging/<role>/; all below etc/ is configuration. Gives its file, in `outDir`. Takes dpkg-deb.
 */
export function makeDeb(
  root: string,
  role: string,
  values: Values,
  outDir: string,
): string {
  const [size] = execFileSync('du', ['-sk', root], { encoding: 'utf8' }).split('\t')
  const fill = (text: string) =>
    text
      .replace('#restart-syslog-ng#\n', () => readProject('packaging/restart-syslog-ng'))
      .replaceAll(/@(\w+)@/g, (all, name: string) => ({ ...values, size })[name] ?? all)
  put(root, 'DEBIAN/control', fill(readProject(`packaging/${role}/control`)))
  for (const script of ['postinst', 'postrm']) {
    const text = fill(readProject(`packaging/${role}/${script}`))
    put(root, `DEBIAN/${script}`, text, 0o755)
  }
  const config = readdirSync(join(root, 'etc'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath.slice(root.length)}/${name}\n`)
  put(root, 'DEBIAN/conffiles', config.sort().join(''))
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', root])
  const file = join(
    outDir,
    `${values.package}_${values.version}_${values.architecture}.deb`,
  )
  // gzip: any dpkg can read it, and Node makes the package large whatever is taken.
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', root, file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return file
}
