import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

// `npm run test:nodes [MAJOR ...]`: the whole test command on other majors of Node, each from the npm
// package that carries its binary.

const majors =
  process.argv.slice(2).length > 0 ? process.argv.slice(2) : ['20', '24', '26']
const carrier = `node-linux-${process.arch}`

const failed = majors.filter(major => !passesOn(major))
for (const major of failed) console.error(`the tests fail on Node ${major}`)
process.exitCode = failed.length === 0 ? 0 : 1

function passesOn(major: string): boolean {
  const dir = join('node_modules', '.cache', `node-${major}`)
  const bin = join(dir, 'node_modules', carrier, 'bin')
  if (!existsSync(join(bin, 'node'))) {
    mkdirSync(dir, { recursive: true })
    const install = ['install', '--prefix', dir, '--no-save', `${carrier}@${major}`]
    if (spawnSync('npm', install, { stdio: 'inherit' }).status !== 0) return false
  }
  const path = [join(process.cwd(), bin), process.env['PATH']].join(delimiter)
  const env = { ...process.env, PATH: path }
  const { stdout } = spawnSync('node', ['--version'], { env, encoding: 'utf8' })
  console.log(`Node ${stdout.trim()}`)
  return spawnSync('npm', ['test'], { env, stdio: 'inherit' }).status === 0
}
