import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { testsPass } from './tests-pass.js'

// `npm run test:nodes [own | others | MAJOR ...]`: all tests on this Node, on the other majors (each from
// the npm package that carries its binary), on both, or on those named. Ends at the first that fails.

const own = process.version.slice(1).split('.')[0]!
const others = ['20', '24', '26'].filter(major => major !== own)
const asked = process.argv.slice(2)
const majors = (asked.length > 0 ? asked : ['own', 'others']).flatMap(word =>
  word === 'own' ? [own] : word === 'others' ? others : [word],
)
const carrier = `node-linux-${process.arch}`

for (const major of majors) {
  const isPassed = major === own ? await testsPass(process.env) : await passesOn(major)
  if (isPassed) continue
  console.error(`the tests fail on Node ${major}`)
  process.exitCode = 1
  break
}

async function passesOn(major: string): Promise<boolean> {
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
  return testsPass(env)
}
