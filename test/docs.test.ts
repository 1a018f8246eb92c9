import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { isOwnAlert } from '../src/alert/own-alert.js'
import { parseConfig } from '../src/config/config.js'
import { routeKeys } from '../src/config/route.js'
import { counterNames, labelledNames } from '../src/counters.js'
import { exitCode } from '../src/exit-code.js'
import { formatFault } from '../src/fault.js'
import { helpText } from '../src/help.js'
import { destinations } from '../src/notify/destinations.js'
import { parseOptions } from '../src/options.js'
import { loadRules } from '../src/rule/load-rules.js'
import { writeFiles } from './fixtures/site.js'
import { renderRulesPage, rulesPage } from './rules-page.js'

const project = fileURLToPath(new URL('..', import.meta.url))
const read = (file: string) => readFileSync(join(project, file), 'utf8')
const documents = ['README.md', 'CHANGELOG.md', 'terraform/README.md'].concat(
  readdirSync(join(project, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
)

t.test('each counter is explained in the words of the program', async t => {
  const text = read('docs/reliability.md').replaceAll(/ +/g, ' ')
  for (const [name, meaning] of Object.entries(counterNames)) {
    t.ok(text.includes(`| \`${name}\` | ${meaning} |`), name)
  }
})

t.test('the page of the packaged rules is that of their files: npm run docs', async t => {
  t.equal(await renderRulesPage(), readFileSync(rulesPage, 'utf8'))
})

t.test("each alert of the handlers' own is explained, and no other", async t => {
  const kinds = [...read('src/alert/own-alert.ts').matchAll(/'(handler-[a-z-]+)':/g)]
  t.ok(kinds.length > 5)
  const explained = [...read('docs/reliability.md').matchAll(/^\| `(handler-[a-z-]+)`/gm)]
  const names = (found: RegExpExecArray[]) => found.map(([, name = '']) => name).sort()
  t.strictSame(names(explained), names(kinds))
  for (const file of documents) {
    for (const [, name = ''] of read(file).matchAll(/`(handler-[a-z-]+)`/g)) {
      t.ok(isOwnAlert(name), `${file}: ${name}`)
    }
  }
})

t.test('each destination has a section of its own, with all its keys', async t => {
  const text = read('docs/destinations.md')
  const [general = '', ...sections] = text.split(/^## (?=[a-z]+$)/m)
  t.strictSame(
    sections.map(section => section.split('\n', 1)[0]!).sort(),
    Object.keys(destinations).sort(),
  )
  for (const section of sections) {
    const kind = section.split('\n', 1)[0]!
    for (const key of Object.keys(destinations[kind]!.keys)) {
      const place = key === 'proxy' || key === 'ca_file' ? general : section
      t.match(place, new RegExp(`\`${key}\`|^${key} = `, 'm'), `${kind}: ${key}`)
    }
  }
  for (const key of Object.keys(routeKeys)) t.ok(general.includes(`\`${key}\``), key)
})

t.test('the ini of an example is in order, but for files that are not here', async t => {
  for (const file of documents) {
    for (const [, ini = ''] of read(file).matchAll(/^ *```ini\n([^]*?)```/gm)) {
      const faults = parseConfig(file, ini, {}).faults.map(({ message }) => message)
      t.strictSame(
        faults.filter(message => !message.includes('ENOENT')),
        [],
        ini,
      )
    }
  }
})

t.test('the files of a site that the page on tuning shows are in order', async t => {
  const folder = t.testdir()
  const shown = read('docs/tuning.md').matchAll(
    /`((?:lists|exceptions|overrides)\/[\w-]+\.json)`:\n\n```json\n([^]*?)```/g,
  )
  const files = Object.fromEntries([...shown].map(([, name, text]) => [name, text]))
  t.ok(Object.keys(files).length >= 5)
  writeFiles(folder, files)
  const { faults, warnings } = await loadRules([], folder)
  t.strictSame([...faults, ...warnings].map(formatFault), [])
})

t.test('the lists that the page on tuning names are there', async t => {
  const [, table = ''] =
    /\| Lists [^\n]*\n[^\n]*\n([^]*?)\n\n/.exec(read('docs/tuning.md')) ?? []
  const names = [...table.matchAll(/`([\w-]+)`/g)].map(([, name]) => name!)
  t.ok(names.length >= 10)
  for (const name of names)
    t.ok(existsSync(join(project, `rules/lists/${name}.json`)), name)
})

t.test('no link between the documents leads nowhere', async t => {
  for (const file of documents) {
    for (const [, path = '', anchor] of read(file).matchAll(
      /\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g,
    )) {
      const target = path === '' ? file : join(dirname(file), path)
      t.ok(existsSync(join(project, target)), `${file}: ${target}`)
      if (anchor === undefined) continue
      const headings = [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w\- ]/g, '')
          .replaceAll(' ', '-'),
      )
      t.ok(headings.includes(anchor), `${file}: ${target}#${anchor}`)
    }
  }
})

t.test('the man page has every command, option and exit status', async t => {
  const page = read('packaging/man/audit-log-handler.1')
  const help = helpText(parseOptions(['--help'], 'audit', 0))
  const section = (title: string) =>
    new RegExp(`^${title}:\\n((?: .*\\n)+)`, 'm').exec(help)?.[1] ?? ''
  const commands = [...section('Commands').matchAll(/^ {2}([a-z-]+)/gm)]
  const flags = [...help.matchAll(/^ {2,6}(?:-\w, )?--([a-z-]+)/gm)]
  t.ok(commands.length > 5 && flags.length > 10, `${commands.length}, ${flags.length}`)
  for (const [, name = ''] of commands) t.match(page, `.It Cm ${name}`, name)
  for (const [, name = ''] of flags) {
    t.match(page, new RegExp(`Fl (?:\\w , )?-${name}\\b`, 'm'), name)
  }
  for (const status of Object.values(exitCode)) {
    t.match(page, new RegExp(`^\\.It (?:Li )?${status}\\b`, 'm'), `exit status ${status}`)
  }
})

t.test('each metric is explained', async t => {
  const text = read('docs/monitoring.md').replaceAll(/ +/g, ' ')
  for (const [name, { meaning, labels }] of Object.entries(labelledNames)) {
    const by = labels.map(label => `\`${label}\``).join(', ')
    t.ok(text.includes(`| \`${name}_total\` by ${by} | ${meaning} |`), name)
  }
  const gauges = read('src/monitor/metrics.ts').matchAll(/gauge\(\s*'(\w+)'/g)
  const names = [...gauges].map(([, name = '']) => name)
  t.ok(names.length > 7)
  for (const name of names) t.ok(text.includes(`\`${name}\``), name)
})
