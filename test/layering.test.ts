import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const src = fileURLToPath(new URL('../src', import.meta.url))

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .sort()

/** What a file imports, ours as paths below src/. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8')
  const names = [...text.matchAll(/(?:from |import\(|import )'([^']+)'/g)].map(m => m[1]!)
  return names.map(name =>
    name.startsWith('.')
      ? relative(src, join(src, dirname(file), name)).replace(/(?:\.js)?$/, '.ts')
      : name,
  )
}

t.test(
  'data flows one way: entry, rule, alert, state, delivery, and the shell around them',
  async t => {
    const mayImport: Record<string, RegExp> = {
      text: /^text\//,
      scan: /^scan\/|^(?:rule\/literals|entry\/entry)\.ts/,
      entry: /^entry\//,
      rule: /^(?:entry|rule|text)\/|^fault\.ts/,
      correlate: /^(?:correlate|entry|rule)\//,
      alert:
        /^(?:entry|alert|text)\/|^rule\/(?:severity|compile-rule|compile-clause)\.ts|^correlate\/correlator\.ts|^make-folder\.ts/,
      notify: /^(?:alert|notify|text)\/|^rule\/severity\.ts|^config\/ini-value\.ts/,
      config:
        /^config\/|^(?:entry\/json-object|notify\/destinations?|alert\/alert)\.ts|^rule\/(?:severity|did-you-mean|duration)\.ts|^fault\.ts/,
      state: /^(?:state|alert)\/|^rule\/severity\.ts|^make-folder\.ts/,
      report: /^(?:report|entry|alert|text)\/|^rule\/severity\.ts/,
      'report/browser': /^report\//,
      delivery:
        /^(?:delivery|state|notify|alert)\/|^config\/(?:config|route)\.ts|^(?:counters|diagnostics|make-folder)\.ts/,
    }
    for (const file of files) {
      const allowed = mayImport[dirname(file)]
      if (allowed === undefined) continue
      for (const name of importsOf(file).filter(imported => imported.endsWith('.ts'))) {
        t.match(name, allowed, `${file} imports ${name}`)
      }
    }
  },
)

t.test('only the shell touches files, processes and the clock', async t => {
  const touches: [RegExp, RegExp][] = [
    [
      /from 'node:fs/,
      /^(?:cli|stdin|become-owner|diagnostics|disk-space|make-folder)\.ts$|^command\/version\.ts$|^(?:state|config)\/|^delivery\/(?:dead-letters|compose-digest|pace-file)|^alert\/alert-log|^rule\/(?:rule-files|packaged-rules|built-rules|schema-check|validate-packaged)|^scan\/scanner|^notify\/(?:http|program|aws|azure|google)|^(?:monitor\/monitor|report\/(?:report-files|page-parts))\.ts$/,
    ],
    [
      /(?<![\w'-])process\.(?!\w*')/,
      /^(?:main|cli|stdin|become-owner|signals|small-heap)\.ts$|^rule\/validate-packaged\.ts$|^notify\/run-program\.ts$|^state\/correlation-file\.ts$|^(?:monitor\/monitor|report\/report-files)\.ts$/,
    ],
    [
      /Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval/,
      /^(?:notify|delivery)\/|^monitor\/(?:monitor|heartbeat)\.ts$|^(?:main|cli|signals|progress|live-output|live-correlation|reading-check)\.ts$/,
    ],
  ]
  for (const file of files) {
    const code = readFileSync(join(src, file), 'utf8').replace(
      /\/\*[^]*?\*\/|\/\/.*/g,
      '',
    )
    for (const [touch, mayTouch] of touches) {
      if (touch.test(code)) t.match(file, mayTouch, `${file} has ${String(touch)}`)
    }
  }
})

t.test('what is slow to load is loaded only when it is needed', async t => {
  // Follows the static imports of the filter, as a start in cron or by syslog-ng does.
  const reached = new Set<string>()
  const follow = (file: string) => {
    const text = readFileSync(join(src, file), 'utf8')
    const values = text.replace(/import type [^']*'[^']*'/g, '')
    const names = [...values.matchAll(/(?:from|import) '([^']+)'/g)].map(m => m[1]!)
    for (const name of names) {
      if (!name.startsWith('.')) reached.add(name)
      else {
        const next = relative(src, join(src, dirname(file), name)).replace(
          /(?:\.js)?$/,
          '.ts',
        )
        if (!reached.has(next)) {
          reached.add(next)
          follow(next)
        }
      }
    }
  }
  follow('command/filter.ts')
  for (const name of ['undici', 'ajv/dist/2020.js', 'jsonc-parser']) {
    t.notOk(reached.has(name), `${name} is imported at start`)
  }
  t.ok(reached.has('split2'))
})

t.test('every dependency is imported, and every import is a dependency', async t => {
  const manifest = JSON.parse(readFileSync(join(src, '../package.json'), 'utf8')) as {
    dependencies: Record<string, string>
    devDependencies: Record<string, string>
  }
  const packagesOf = (files: readonly string[]) => [
    ...new Set(
      files
        .flatMap(importsOf)
        .filter(name => !name.startsWith('node:') && !name.endsWith('.ts'))
        .map(name => name.split('/')[0]!),
    ),
  ]
  const isBundled = (file: string) => dirname(file) === 'report/browser'
  const shipped = packagesOf(files.filter(file => !isBundled(file)))
  t.strictSame(shipped.sort(), Object.keys(manifest.dependencies).sort())
  // The build puts these into the report's page: they are not installed with the handlers.
  const bundled = packagesOf(files.filter(isBundled))
  t.ok(bundled.length > 0)
  for (const name of bundled) t.ok(name in manifest.devDependencies, name)
})

t.test('no file is over 250 lines', async t => {
  for (const file of files) {
    const lines = readFileSync(join(src, file), 'utf8').split('\n').length
    t.ok(lines <= 250, `${file}: ${lines}`)
  }
})
