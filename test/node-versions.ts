import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

// `npm run test:nodes [MAJOR ...]`: the whole test command on other majors of Node, each from the npm
// package that carries its binary. Ends at the first that fails, so that its results stay.

const own = process.version.slice(1).split('.')[0]
const majors =
  process.argv.length > 2
    ? process.argv.slice(2)
    : ['20', '24', '26'].filter(major => major !== own)
const carrier = `node-linux-${process.arch}`

const failed = majors.find(major => !passesOn(major))
if (failed !== undefined) {
  console.error(`the tests fail on Node ${failed}`)
  process.exitCode = 1
}

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
  const passes = (...command: string[]) =>
    spawnSync('npm', command, { env, stdio: 'inherit' }).status === 0
  return passes('test') || passes('run', 'test:again')
}
