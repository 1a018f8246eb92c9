import { chmodSync, writeFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import * as fc from 'fast-check'
import t from 'tap'
import type { Alert } from '../src/alert/alert.js'
import { parseConfig, readConfig } from '../src/config/config.js'
import { exposedSecrets } from '../src/config/exposed-secrets.js'
import { parseIni } from '../src/config/parse-ini.js'
import { unknownRoutes } from '../src/config/unknown-routes.js'
import { formatFault } from '../src/fault.js'
import { isRouted, routeOf } from '../src/config/route.js'
import { parseOptions } from '../src/options.js'
import { sampleAlert } from './fixtures/alerts.js'

const url = 'https://hooks.slack.com/services/T000/B000/secretpart'
const now = Date.parse('2026-11-23T12:00:00Z')
const mebibyte = 1024 * 1024

function faultsOf(ini: string, env: NodeJS.ProcessEnv = {}): string[] {
  return parseConfig('x.ini', ini, env).faults.map(formatFault)
}

/** A section `[slack]` that takes everything. */
function slack(settings: Record<string, string>) {
  const route = { minSeverity: 'info', rules: [], tags: [] }
  return { name: 'slack', kind: 'slack', settings, route }
}

function urlOf(ini: string, env: NodeJS.ProcessEnv = {}) {
  return parseConfig('x.ini', ini, env).config.destinations[0]?.settings['url']
}

t.test("the article's ini works unchanged", async t => {
  const { config, faults } = parseConfig('x.ini', `[slack]\nurl=${url}\n`, {})
  t.strictSame(faults, [])
  t.strictSame(config, { destinations: [slack({ url })], maxLineBytes: 64 * mebibyte })
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
    destinations: [slack({ url, proxy: 'http://proxy.internal:3128', ca_file: caFile })],
    maxLineBytes: mebibyte,
  })
})

t.test('a value can stand in the environment or in a file', async t => {
  const dir = t.testdir({ url: `${url}\n` })
  const env = { SLACK_URL: url }
  t.equal(urlOf('[slack]\nurl = env:SLACK_URL', env), url)
  t.equal(urlOf(`[slack]\nurl = file:${dir}/url`), url)
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
      'x.ini:4:1: [slack] key "url" is there twice, and the last one holds',
    ],
    [
      `[slack]\nurl=${url}\nca_file=/no/such`,
      "x.ini:3:1: [slack] ca_file is /no/such, which can't be read: ENOENT",
    ],
    [
      `[slack]\nurl=${url}\nca_file=/dev/null`,
      'x.ini:3:1: [slack] ca_file is /dev/null, which holds no PEM certificate',
    ],
    [
      'url = x',
      'x.ini:1:1: key "url" stands in no section, or its [section] isn\'t closed',
    ],
    ['[slack]\nurl =', 'x.ini:2:1: [slack] url is empty'],
    [
      `[slack]\nurl=${url}\n tags = ,`,
      'x.ini:3:2: [slack] tags must be names, separated by commas or blanks, got ","',
    ],
    [
      `[webhook]\nurl=${url}\ntoken = abc; def`,
      'x.ini:3:12: [webhook] key "token" ends here, where a comment begins: quote the whole value, or put a blank before a comment',
    ],
    [
      `[webhook]\nurl=${url}#a # b`,
      `x.ini:2:${5 + url.length}: [webhook] key "url" ends here, where a comment begins: quote the whole value, or put a blank before a comment`,
    ],
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

t.test(
  'what the ini library takes for a comment is told, unless it looks like one',
  async t => {
    const sound = [
      `url = ${url} ; ours;theirs`,
      `url = ${url}\t# a#b`,
      `url = "${url};x#y"`,
      `url = '${url};x#y' `,
      `url = ${url}\\;x`,
      `url = ${url}\n; secret = a;b\n# a#b`,
    ]
    for (const line of sound) t.strictSame(faultsOf(`[webhook]\n${line}`), [], line)
    const values = fc.stringMatching(/^[a-z"' ;#\\=]{1,12}$/)
    fc.assert(
      fc.property(values, value => {
        const ini = `[webhook]\nurl=${url}\nsecret = x${value}x`
        const { sections, positions } = parseIni(ini)
        const { secret } = sections['webhook'] as { secret: string }
        const isCut = positions.some(({ cutAt }) => cutAt !== undefined)
        const whole = `x${value}x`.replace(/\\([;#\\])/g, '$1')
        return isCut ? secret !== whole : secret === whole || / [;#]/.test(value)
      }),
      { numRuns: 2_000 },
    )
  },
)

t.test('names that nothing has in a route are warned of', t => {
  const file = `${t.testdir()}/x.ini`
  const known = {
    rules: ['root-token-used', 'untagged', 'handler-disk-full'],
    tags: ['root', 'handler'],
  }
  const warnings = (ini: string) => {
    writeFileSync(file, ini)
    return unknownRoutes(file, known).map(({ line, column, message }) => [
      line,
      column,
      message,
    ])
  }
  const sound = `[slack]\nrules = root-token-used, untagged handler-disk-full\ntags = root,handler`
  t.strictSame(warnings(sound), [])
  t.strictSame(
    warnings('[slack]\ntags = roots\n[slack "x"]\n  rules = root-token-usd else'),
    [
      [2, 1, '[slack] no rule has the tag "roots", did you mean "root"?'],
      [
        4,
        3,
        '[slack "x"] no rule is called "root-token-usd", did you mean "root-token-used"?',
      ],
      [4, 3, '[slack "x"] no rule is called "else"'],
    ],
  )
  t.strictSame(warnings('[slack]\ntags = env:TAGS\n[limits]\nrules = x'), [])
  t.strictSame(unknownRoutes(`${file}/none`, known), [])
  t.end()
})

t.test(
  'what only cannot be used now is told, and leaves its section in force',
  async t => {
    const dir = t.testdir({ page: '' })
    const of = (ini: string) => parseConfig('x.ini', ini, {})
    const troubles: [string, RegExp][] = [
      [`[slack]\nurl = ${url}\nca_file = ${dir}/no.pem`, /ca_file is .*ENOENT$/],
      [
        `[slack]\nurl = ${url}\nca_file = ${dir}/page`,
        /ca_file is .* no PEM certificate$/,
      ],
      [`[command]\nrun = ${dir}/no -x`, /run is .*ENOENT$/],
      [`[command]\nrun = ${dir}/page`, /run is .*EACCES$/],
      [`[email]\nto = root\nsendmail = ${dir}`, /sendmail is .* no file$/],
      [
        `[pubsub]\ntopic = projects/security/topics/alerts\ncredentials_file = ${dir}/no`,
        /credentials_file is .*ENOENT$/,
      ],
    ]
    for (const [ini, trouble] of troubles) {
      const { config, faults } = of(ini)
      t.match(faults, [{ message: trouble }])
      const [, ...keys] = ini
        .split('\n')
        .map(line => line.split(' = ') as [string, string])
      t.match(config.destinations, [{ settings: Object.fromEntries(keys) }])
      t.notOk('lookAgain' in config.destinations[0]!)
    }
    const wrong = ['[command]\nrun = page', '[email]\nto = a b', '[slack]\nurl = x']
    for (const ini of wrong) t.strictSame(of(ini).config.destinations, [], ini)
  },
)

t.test('a value that stands elsewhere is awaited', async t => {
  const dir = t.testdir({ url: '\n' })
  const ini = `[slack]\nurl = file:${dir}/url\nproxy = env:PROXY\nmin_severity = high\n`
  const env: NodeJS.ProcessEnv = { PROXY: 'http://proxy.internal/' }
  const { config, faults } = parseConfig('x.ini', ini, env)
  t.strictSame(faults.map(formatFault), ['x.ini:2:1: [slack] url is empty'])
  t.match(config.destinations, [{ name: 'slack', route: { minSeverity: 'high' } }])
  const { lookAgain } = config.destinations[0]!
  t.equal(lookAgain?.(), 'url is empty')
  writeFileSync(`${dir}/url`, 'ftp://SECRET')
  t.match(lookAgain?.(), /^url must be an http:\/\/ or https:\/\/ URL, got a text of 12/)
  writeFileSync(`${dir}/url`, url)
  const settings = { url, proxy: 'http://proxy.internal/', min_severity: 'high' }
  t.strictSame(lookAgain?.(), settings)
  delete env['PROXY']
  t.equal(lookAgain?.(), 'proxy takes the environment variable PROXY, which is not set')
  const { destinations } = parseConfig('x.ini', ini, {}).config
  t.type(destinations[0]?.lookAgain, 'function', 'an optional one too')
})

t.test('what several awaited keys come to together is told in the end', async t => {
  const dir = t.testdir()
  const ini = `[servicebus]\nconnection_string = file:${dir}/c\nnamespace = alerts\nentity = a\n`
  const { lookAgain } = parseConfig('x.ini', ini, {}).config.destinations[0]!
  writeFileSync(
    `${dir}/c`,
    'Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=a2V5',
  )
  t.match(lookAgain?.(), /connection_string/)
})

t.test('nothing waits for a route, nor for what is missing as written', async t => {
  const routed = parseConfig('x.ini', `[slack]\nurl = ${url}\nrules = env:NO`, {})
  t.equal(routed.faults.length, 1)
  t.strictSame(routed.config.destinations, [slack({ url })])
  const ini = '[sns]\naccess_key_id = env:NO\nsecret_access_key = env:NO\n'
  t.strictSame(parseConfig('x.ini', ini, {}).config.destinations, [])
})

t.test('what may be a secret with a line to itself is not shown', async t => {
  const secret = 'R0SECRETkey1SECRETkey2SECRETkey3'
  const inSlack = `[slack]\nurl=${url}\n`
  const table: [string, string][] = [
    [
      `[pagerduty]\nrouting_key =\n${secret}`,
      'x.ini:3:1: unknown line of 32 characters without "=" in [pagerduty]',
    ],
    [secret, 'x.ini:1:1: line of 32 characters without "=" stands in no section, or'],
    [`${secret}=`, 'x.ini:1:1: key of 32 characters stands in no section, or'],
    [`${inSlack}${secret}==`, 'x.ini:3:1: unknown key of 32 characters in [slack]'],
    [`${inSlack}url_${secret} = x`, 'x.ini:3:1: unknown key of 36 characters in [slack]'],
    [
      `${inSlack}url: ${secret} = x`,
      'x.ini:3:1: unknown key of 37 characters in [slack]',
    ],
    [`${inSlack}urll`, 'x.ini:3:1: unknown line of 4 characters without "=" in [slack]'],
    [`${inSlack}colour = red`, 'x.ini:3:1: unknown key "colour" in [slack]'],
    [`${inSlack}URL2=x`, 'x.ini:3:1: unknown key "URL2" in [slack], did you mean "url"?'],
    [
      `${inSlack}${secret}\n${secret}`,
      'x.ini:4:1: [slack] line of 32 characters without "=" is there twice, and',
    ],
  ]
  for (const [ini, fault] of table) {
    const faults = faultsOf(ini)
    t.ok(
      faults.some(found => found.startsWith(fault)),
      `${fault}, got ${faults.join()}`,
    )
    t.notMatch(faults.join(), /SECRET/)
  }
})

t.test('what is valid holds in spite of faults elsewhere', async t => {
  const { config, faults } = parseConfig('x.ini', `[slack]\nurl=${url}\n[nope]\na=b`, {})
  t.equal(faults.length, 1)
  t.equal(config.destinations[0]?.settings['url'], url)
})

t.test('several destinations of a kind have labels, and each its route', async t => {
  const ini = `[slack]
url = ${url}
[slack "oncall"]
url = ${url}
min_severity = high
rules = a, b
tags = handler
[webhook "siem-1"]
url = https://siem.internal/in
`
  const { config, faults } = parseConfig('x.ini', ini, {})
  t.strictSame(faults, [])
  t.strictSame(
    config.destinations.map(({ name, kind }) => [name, kind]),
    [
      ['slack', 'slack'],
      ['slack-oncall', 'slack'],
      ['webhook-siem-1', 'webhook'],
    ],
  )
  const route = { minSeverity: 'high', rules: ['a', 'b'], tags: ['handler'] }
  t.strictSame(config.destinations[1]?.route, route)
  for (const [section, fault] of [
    ['[slack "a.b"]', /unknown section/],
    ['[slack "a b"]', /unknown section/],
    [`[slack "a"]\nurl = ${url}\n[slack  "a"]`, /is there twice, and the first one/],
    ['[slack oncall]', /unknown section/],
  ] as const) {
    t.match(faultsOf(`${section}\nurl = ${url}`)[0], fault)
  }
  t.strictSame(faultsOf(`[slack]\nurl = ${url}\nmin_severity = hihg`), [
    'x.ini:3:1: [slack] min_severity must be critical, high, medium, low or info, got "hihg"',
  ])
})

t.test(
  'a route takes what is severe enough, and of one of its rules or tags',
  async t => {
    const routed = (route: Record<string, string>, parts: Partial<Alert>) =>
      isRouted(
        sampleAlert({ rule: 'a', severity: 'medium', tags: ['t'], ...parts }),
        routeOf(route),
      )
    t.ok(routed({}, {}))
    t.ok(routed({ min_severity: 'medium' }, {}))
    t.notOk(routed({ min_severity: 'high' }, {}))
    t.ok(routed({ min_severity: 'high' }, { severity: 'critical' }))
    t.ok(routed({ rules: 'b,a' }, {}))
    t.notOk(routed({ rules: 'b' }, {}))
    t.ok(routed({ tags: 't' }, {}))
    t.ok(routed({ rules: 'b', tags: 'x t' }, {}), 'a rule or a tag')
    t.notOk(routed({ rules: 'a', min_severity: 'high' }, {}), 'and the severity')
  },
)

t.test('a missing ini is a fault only where it was named', async t => {
  const file = `${t.testdir()}/none.ini`
  t.strictSame(readConfig(file, false, {}).faults, [])
  t.match(readConfig(file, true, {}).faults, [{ file, message: /can't be read: ENOENT/ }])
  t.match(readConfig(t.testdir(), false, {}).faults, [{ message: /EISDIR/ }])
})

t.test('the defaults are those of the article', async t => {
  const options = parseOptions([], 'audit', now)
  t.match(options, {
    command: undefined,
    isPlainFilter: true,
    configFile: '/usr/local/etc/vault-log-handler.ini',
    siteFolder: '/usr/local/etc/vault-log-handler/rules',
    isConfigNamed: false,
    rules: [],
    alertLog: '/var/log/vault/audit.alert',
    stateDir: '/var/lib/vault-log-handler',
    dryRun: false,
    faults: [],
  })
  t.equal(parseOptions(['-c', '/srv/x.ini'], 'audit', now).siteFolder, '/srv/x/rules')
  t.equal(parseOptions([], 'server', now).alertLog, '/var/log/vault/messages.alert')
})

t.test('every option is read, short and long', async t => {
  const args =
    'check -c a.ini -r r1 --rules r2 --alert-log al --state-dir sd -nd --log lf'
  t.match(parseOptions(args.split(' '), 'audit', now), {
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
  t.match(parseOptions(['-h'], 'audit', now), { help: true })
  t.match(parseOptions(['--version'], 'audit', now), { version: true })
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
    const { faults, debug } = parseOptions(['-d', ...args.split(' ')], 'audit', now)
    t.strictSame(faults, [fault])
    t.ok(debug)
  }
})

t.test('the word after an unknown option is its value rather than a command', async t => {
  t.ok(parseOptions(['--alert-lgo', '/x'], 'audit', now).isPlainFilter)
  t.notOk(parseOptions(['chek'], 'audit', now).isPlainFilter)
})

t.test('a replay has times, a way to notify, and quiet; nothing else has', async t => {
  const of = (args: string) => parseOptions(args.split(' '), 'audit', now)
  t.match(of('replay'), {
    since: -Infinity,
    until: Infinity,
    notify: 'digest',
    quiet: false,
  })
  t.match(of('replay --since 2h --until 90m --notify each --quiet'), {
    since: now - 2 * 3_600_000,
    until: now - 90 * 60_000,
    notify: 'each',
    quiet: true,
    faults: [],
  })
  const { since, until } = of(
    'replay --since 2026-11-22 --until 2026-11-23T08:00:00+02:00',
  )
  t.equal(since, Date.parse('2026-11-22T00:00:00Z'))
  t.equal(until, Date.parse('2026-11-23T06:00:00Z'))
  const faults: [string, string][] = [
    [
      'replay --since yesterday',
      '--since is a time such as 2026-11-23T08:00:00Z or 24h, got "yesterday"',
    ],
    [
      'replay --until 2026-13-01',
      '--until is a time such as 2026-11-23T08:00:00Z or 24h, got "2026-13-01"',
    ],
    [
      'replay --since 2026-02-31',
      '--since is a time such as 2026-11-23T08:00:00Z or 24h, got "2026-02-31"',
    ],
    [
      'replay --until 2026-02-29T08:00:00Z',
      '--until is a time such as 2026-11-23T08:00:00Z or 24h, got "2026-02-29T08:00:00Z"',
    ],
    ['replay --since 1h --until 2h', '--since 1h is later than --until 2h'],
    ['replay --notify all', '--notify is each, digest or none, got "all"'],
    ['--since 2h', '--since is for the command replay'],
    ['check --quiet', '--quiet is for the command replay'],
  ]
  for (const [args, fault] of faults) t.strictSame(of(args).faults, [fault])
  t.equal(of('notify-test slack').operand, 'slack')
  t.equal(of('redrive').operand, undefined)
  t.strictSame(of('check slack').faults, ['unknown command "slack"'])
})

t.test('secrets in an ini that everybody can read are told, and not shown', async t => {
  const ini = `; mine
[slack "oncall"]
url = ${url}
min_severity = high
[webhook]
url = https://example.com/hook
secret = env:SECRET
token = 0123456789abcdef
[limits]
max_line_bytes = 1048576
`
  const file = `${t.testdir({ 'x.ini': ini })}/x.ini`
  chmodSync(file, 0o644)
  const told = exposedSecrets(file).map(formatFault)
  t.match(told, [
    /x\.ini:3:1: \[slack "oncall"\] url is a secret, .*\(mode 0644\): chmod o-r/,
    /x\.ini:8:1: \[webhook\] token is a secret/,
  ])
  t.equal(told.length, 2)
  t.notMatch(told.join(), /secretpart|0123456789abcdef/)
  writeFileSync(file, `\ufeff[slack]\nurl = ${url}\n`)
  t.match(
    exposedSecrets(file).map(formatFault),
    [/x\.ini:2:1: \[slack\] url/],
    'after a BOM',
  )
  chmodSync(file, 0o640)
  t.strictSame(exposedSecrets(file), [])
  t.strictSame(exposedSecrets(`${file}.missing`), [])
})

t.test('[metrics] and [heartbeat] are checked', async t => {
  const faultsOf = (ini: string) => parseConfig('x.ini', ini, {}).faults.map(formatFault)
  const configOf = (ini: string) => parseConfig('x.ini', ini, {}).config
  const slack = `[slack]\nurl = ${url}\n`
  t.strictSame(configOf('[metrics]\ntextfile_dir = /var/lib/x\n').metrics, {
    textfileDir: '/var/lib/x',
  })
  t.strictSame(configOf(`[heartbeat]\nurl = https://a.example/{log}\n`).heartbeat, {
    everyMs: 300_000,
    to: { url: 'https://a.example/{log}' },
  })
  t.strictSame(
    configOf(`[heartbeat]\ndestination = slack\nevery = 1m\n${slack}`).heartbeat,
    {
      everyMs: 60_000,
      to: { destination: 'slack' },
    },
  )
  const faults: [string, RegExp[]][] = [
    ['[metrics]\n', [/x\.ini:1:1: \[metrics\] has no usable textfile_dir/]],
    [
      '[metrics]\ntextfile_dir = here\n',
      [/x\.ini:2:1: .*begins with \/, got "here"/, /no usable/],
    ],
    [
      '[metrics]\ntextfile_dirs = /x\n',
      [/unknown key "textfile_dirs".*textfile_dir/, /no usable/],
    ],
    ['[heartbeat]\n', [/needs a usable url, or a destination/]],
    [
      `[heartbeat]\nurl = https://a.example/secretpart\n`,
      [/must have \{log\} in it/, /needs a usable/],
    ],
    [
      `[heartbeat]\nurl = secretpart-{log}\n`,
      [/must be an http:\/\/ or https/, /needs a usable/],
    ],
    [
      `[heartbeat]\nurl = https://a.example/{log}\ndestination = slack\n${slack}`,
      [/and not both/],
    ],
    [`[heartbeat]\ndestination = slak\n${slack}`, [/x\.ini:2:1: .*destinations: slack$/]],
    [
      `[heartbeat]\nurl = https://a.example/{log}\nevery = 5s\n`,
      [/must be from 1m to 24h, got "5s"/],
    ],
  ]
  for (const [ini, wanted] of faults) {
    const told = faultsOf(ini)
    t.match(told, wanted, ini)
    t.equal(told.length, wanted.length, told.join('; '))
    t.notMatch(told.join(), /secretpart/)
  }
  const file = `${t.testdir({ 'x.ini': '[heartbeat]\nurl = https://a.example/{log}\n' })}/x.ini`
  chmodSync(file, 0o644)
  t.match(exposedSecrets(file).map(formatFault), [/\[heartbeat\] url is a secret/])
})
