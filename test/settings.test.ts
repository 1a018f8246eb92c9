import { rootCertificates } from 'node:tls'
import t from 'tap'
import { parseConfig, readConfig } from '../src/config.js'
import { formatFault } from '../src/fault.js'
import { parseOptions } from '../src/options.js'

const url = 'https://hooks.slack.com/services/T000/B000/secretpart'
const mebibyte = 1024 * 1024

function faultsOf(ini: string, env: NodeJS.ProcessEnv = {}): string[] {
  return parseConfig('x.ini', ini, env).faults.map(formatFault)
}

t.test("the article's ini works unchanged", async t => {
  const { config, faults } = parseConfig('x.ini', `[slack]\nurl=${url}\n`, {})
  t.strictSame(faults, [])
  t.strictSame(config, { slack: { url }, maxLineBytes: 64 * mebibyte })
})

t.test('every key is read, with or without a byte order mark', async t => {
  const caFile = `${t.testdir({ 'ca.pem': rootCertificates[0]! })}/ca.pem`
  const ini = `\ufeff[slack]
url = ${url}
proxy = http://proxy.internal:3128
ca_file = ${caFile}
[limits]
max_line_bytes = 1048576
`
  t.strictSame(parseConfig('x.ini', ini, {}).config, {
    slack: { url, proxy: 'http://proxy.internal:3128', caFile },
    maxLineBytes: mebibyte,
  })
})

t.test('a value can stand in the environment or in a file', async t => {
  const dir = t.testdir({ url: `${url}\n` })
  const env = { SLACK_URL: url }
  t.equal(parseConfig('x', '[slack]\nurl = env:SLACK_URL', env).config.slack?.url, url)
  t.equal(parseConfig('x', `[slack]\nurl = file:${dir}/url`, {}).config.slack?.url, url)
  t.strictSame(faultsOf('[slack]\nurl = env:NONE'), [
    'x.ini:2:1: [slack] url takes the environment variable NONE, which is not set',
  ])
  t.strictSame(faultsOf('[slack]\nurl = file:/no/such'), [
    "x.ini:2:1: [slack] url takes the file /no/such, which can't be read: ENOENT",
  ])
})

t.test('each fault of an ini is told with its place', async t => {
  const table: [string, string][] = [
    ['\n[slak]\nurl = x', 'x.ini:2:1: unknown section [slak], did you mean "slack"?'],
    [
      `[slack]\nurl=${url}\n  urll = x`,
      'x.ini:3:3: unknown key "urll" in [slack], did you mean "url"?',
    ],
    ['[slack]', 'x.ini:1:1: [slack] url is missing: nothing is sent'],
    [
      `[slack]\nurl=${url}\n# url\nurl = ${url}`,
      'x.ini:4:1: [slack] url is there twice, and the last one holds',
    ],
    [
      `[slack]\nurl=${url}\nca_file=/no/such`,
      "x.ini:3:1: [slack] ca_file is /no/such, which can't be read: ENOENT",
    ],
    [
      `[slack]\nurl=${url}\nca_file=/dev/null`,
      'x.ini:3:1: [slack] ca_file is /dev/null, which holds no PEM certificate',
    ],
    ['url = x', 'x.ini:1:1: "url" stands in no section, or its [section] isn\'t closed'],
    ['[slack]\nurl =', 'x.ini:2:1: [slack] url is empty'],
    ['[slack]\nurl', 'x.ini:2:1: [slack] url must be one text value'],
    [
      '[slack]\nurl = hooks.slack.com/services/secretpart',
      'x.ini:2:1: [slack] url must be an http:// or https:// URL, got a text of 35 characters',
    ],
    [
      '[slack]\nurl = https://hooks.slack.com/triggers/secretpart',
      'x.ini:2:1: [slack] url is a workflow trigger; create an incoming webhook (…/services/…) instead',
    ],
    [
      '[limits]\nmax_line_bytes = 10k',
      'x.ini:2:1: [limits] max_line_bytes must be a number of bytes from 1048576 to 268435456, got "10k"',
    ],
    ['[constructor]\na = b', 'x.ini:1:1: unknown section [constructor]'],
    [
      `[slack]\nurl=${url}\nconstructor = b`,
      'x.ini:3:1: unknown key "constructor" in [slack]',
    ],
  ]
  for (const [ini, fault] of table) t.strictSame(faultsOf(ini), [fault])
})

t.test('what is valid holds in spite of faults elsewhere', async t => {
  const { config, faults } = parseConfig('x.ini', `[slack]\nurl=${url}\n[nope]\na=b`, {})
  t.equal(faults.length, 1)
  t.equal(config.slack?.url, url)
})

t.test('a missing ini is a fault only where it was named', async t => {
  const file = `${t.testdir()}/none.ini`
  t.strictSame(readConfig(file, false, {}).faults, [])
  t.match(readConfig(file, true, {}).faults, [{ file, message: /can't be read: ENOENT/ }])
  t.match(readConfig(t.testdir(), false, {}).faults, [{ message: /EISDIR/ }])
})

t.test('the defaults are those of the article', async t => {
  const options = parseOptions([], 'audit')
  t.match(options, {
    command: undefined,
    isPlainFilter: true,
    configFile: '/usr/local/etc/vault-log-handler.ini',
    isConfigNamed: false,
    rules: [],
    alertLog: '/var/log/vault/audit.alert',
    stateDir: '/var/lib/vault-log-handler',
    dryRun: false,
    faults: [],
  })
  t.equal(parseOptions([], 'server').alertLog, '/var/log/vault/messages.alert')
})

t.test('every option is read, short and long', async t => {
  const args =
    'check -c a.ini -r r1 --rules r2 --alert-log al --state-dir sd -nd --log lf'
  t.match(parseOptions(args.split(' '), 'audit'), {
    command: 'check',
    isPlainFilter: false,
    configFile: 'a.ini',
    isConfigNamed: true,
    rules: ['r1', 'r2'],
    alertLog: 'al',
    stateDir: 'sd',
    dryRun: true,
    debug: true,
    diagnosticsFile: 'lf',
    faults: [],
  })
  t.match(parseOptions(['-h'], 'audit'), { help: true })
  t.match(parseOptions(['--version'], 'audit'), { version: true })
})

t.test('what is wrong with a command line is told, and the rest of it holds', async t => {
  const table: [string, string][] = [
    ['--alert-lgo /x', 'unknown option --alert-lgo, did you mean "--alert-log"?'],
    ['-x', 'unknown option -x'],
    ['-c', '-c needs a value'],
    ['-c -n', '-c needs a value'],
    ['--dry-run=yes', '--dry-run takes no value'],
    ['chek', 'unknown command "chek", did you mean "check"?'],
    ['check twice', 'unknown command "twice"'],
  ]
  for (const [args, fault] of table) {
    const { faults, debug } = parseOptions(['-d', ...args.split(' ')], 'audit')
    t.strictSame(faults, [fault])
    t.ok(debug)
  }
})

t.test('the word after an unknown option is its value rather than a command', async t => {
  t.ok(parseOptions(['--alert-lgo', '/x'], 'audit').isPlainFilter)
  t.notOk(parseOptions(['chek'], 'audit').isPlainFilter)
})
