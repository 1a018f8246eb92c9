import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

// `npm run test:again`: after `npm test` has failed, the files that failed once more, one after the
// other. Where a machine has neighbours, all that runs on it may stall for seconds, and what drives
// real processes fails. What fails by itself too is broken.

const results = '.tap/test-results'
/** More don't fail by chance. */
const most = 3

const texts = new Map(
  readdirSync(results, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.tap'))
    .map(file => [file.replace(/\.tap$/, ''), readFileSync(join(results, file), 'utf8')]),
)
const failed = [...texts.keys()].filter(file => /^ *not ok/m.test(texts.get(file)!))
for (const file of failed) {
  console.error(`${file} has failed:`)
  for (const [part] of texts.get(file)!.matchAll(/^ *not ok(?:.*\n){1,25}/gm))
    console.error(part)
}
if (failed.length === 0 || failed.length > most) {
  console.error(`${failed.length} test files have failed, which is not by chance`)
  process.exit(1)
}
const again = ['tap', '--disable-coverage', '--jobs=1', ...failed]
process.exitCode = spawnSync('npx', again, { stdio: 'inherit' }).status ?? 1
if (process.exitCode === 0) console.error(`passed by themselves: ${failed.join(' ')}`)
