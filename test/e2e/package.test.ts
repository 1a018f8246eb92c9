import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { auditLine } from '../fixtures/entries.js'

const project = fileURLToPath(new URL('../..', import.meta.url))
// Without the hooks of the test runner, which wouldn't find themselves in the installed tree.
const npm = (args: readonly string[], cwd: string) =>
  execFileSync('env', ['-u', 'NODE_OPTIONS', 'npm', ...args], { cwd, encoding: 'utf8' })

t.test('the packed tarball installs, and its executables run', t => {
  const dir = t.testdir()
  const packed = npm(
    ['pack', '--json', '--ignore-scripts', '--pack-destination', dir],
    project,
  )
  const [{ filename, files }] = JSON.parse(packed) as [
    { filename: string; files: { path: string }[] },
  ]
  const paths = files.map(file => file.path)
  for (const path of [
    'bin/audit-log-handler',
    'dist/bundle/main.js',
    'dist/report-page/page.css',
    'dist/report-page/page.js',
    'dist/scan.wasm',
    'dist/packaged-rules.json',
    'dist/packaged-rules.sha256',
  ]) {
    t.ok(paths.includes(path), `${path} is packed`)
  }
  t.notOk(paths.some(path => /^(?:src|test)\//.test(path)))

  npm(['install', '-g', '--prefix', join(dir, 'prefix'), join(dir, filename)], dir)
  for (const log of ['audit', 'server']) {
    const bin = join(dir, 'prefix', 'bin', `${log}-log-handler`)
    const run = (args: readonly string[]) =>
      spawnSync('env', ['-u', 'NODE_OPTIONS', bin, ...args], {
        encoding: 'utf8',
        cwd: '/',
        input: `${auditLine()}\n`,
      })
    t.match(run(['--version']).stdout, `${log}-log-handler`)
    t.match(run(['check', '-c', join(dir, 'none')]), { status: 78 })
    t.match(run(['test']), { status: 0, stdout: /, 0 failed/ })
    if (log === 'audit') {
      t.match(JSON.parse(run(['-n']).stdout), { rule: 'generate-root-accessed' })
      const report = join(dir, 'report.html')
      t.match(run(['replay', '-n', '--report', report]), { status: 0 })
      t.match(readFileSync(report, 'utf8'), 'generate-root-accessed')
    }
  }
  t.end()
})
