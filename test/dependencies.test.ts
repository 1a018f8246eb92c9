import { readFileSync } from 'node:fs'
import t from 'tap'

interface Locked {
  license?: string
  dev?: boolean
  hasInstallScript?: boolean
  resolved?: string
  integrity?: string
}

const lock = JSON.parse(
  readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'),
) as { packages: Record<string, Locked> }

/** What asks no more of who passes it on than to keep the notice. */
const permissive = new Set(['Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'])

/** Put into the report's page by the build. */
const bundled = new Set(['node_modules/chart.js', 'node_modules/@kurkle/color'])

const shipped = Object.entries(lock.packages).filter(
  ([name, { dev }]) => name && (!dev || bundled.has(name)),
)

t.test('what is shipped may be passed on, is pinned, and runs no script', async t => {
  t.ok(shipped.length > 5)
  for (const name of bundled) t.ok(name in lock.packages, name)
  for (const [name, { license, hasInstallScript, resolved, integrity }] of shipped) {
    t.ok(permissive.has(license ?? ''), `${name}: ${license}`)
    t.notOk(hasInstallScript, `${name} has no install script`)
    t.match(integrity, /^sha512-/, name)
    // npm leaves the address out where it was told to; what it fetches has to have the hash anyway.
    if (resolved) t.match(resolved, /^https:\/\/registry\.npmjs\.org\//, name)
  }
})

t.test('the page of a report has the notices of what is in it', async t => {
  const script = readFileSync(
    new URL('../dist/report-page/page.js', import.meta.url),
    'utf8',
  )
  for (const name of ['Chart.js', '@kurkle/color']) {
    t.match(script, new RegExp(`\\* ${name} v[^*]*\\*[^]{0,120}MIT License`), name)
  }
})
