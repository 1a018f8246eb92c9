import * as fc from 'fast-check'
import t from 'tap'
import { isUndecodable, type Entry } from '../../src/entry/entry.js'
import { createServerDecoder, serverEntry } from '../../src/entry/server-entry.js'

const reference = Date.parse('2026-03-02T12:00:00Z')
const header = '2026-03-02T10:15:30+00:00 node-1 vault[812]: '
const stamped = '2026-03-02T10:15:30.412Z [INFO]  '
const node1 = { host: 'node-1', program: 'vault', pid: '812' }

function decodeAll(...lines: string[]): Entry[] {
  const { decode } = createServerDecoder()
  return lines.map(line => {
    const decoded = decode(line, reference)
    if (isUndecodable(decoded)) throw new Error(`undecodable: ${line.slice(0, 200)}`)
    return decoded
  })
}

function decodeOne(line: string): Entry {
  const [entry] = decodeAll(line)
  if (!entry) throw new Error('no entry')
  return entry
}

const fieldsOf = (line: string) => decodeOne(line).fields
const argsOf = (args: string, stamp = stamped) =>
  fieldsOf(`${stamp}core: something: ${args}`)['fields']
const reasonOf = (line: string) => {
  const decoded = createServerDecoder().decode(line, reference)
  return isUndecodable(decoded) ? decoded.undecodable : undefined
}

t.test('headers of every shape', t => {
  const core = { level: 'info', module: 'core', message: 'vault is sealed' }
  const sealed = `${stamped}core: vault is sealed`
  const table: [prefix: string, fields: Record<string, unknown>][] = [
    ['', { program: 'vault' }],
    [header, node1],
    [`<30> ${header}`, { priority: 30, ...node1 }],
    [`<30>${header}`, { priority: 30, ...node1 }],
    ['2026-03-02T10:15:30.123456+05:30 n vault: ', { host: 'n', program: 'vault' }],
    ['Mar  2 10:15:30 node-1 vault[812]: ', node1],
    ['Mar 12 10:15:30 10.0.0.9 bao: ', { host: '10.0.0.9', program: 'bao' }],
    [
      'Mar  2 10:15:30 fd00::12 openbao[7]: ',
      { host: 'fd00::12', program: 'openbao', pid: '7' },
    ],
    ['<13> Mar  2 10:15:30 HOST ', { priority: 13, host: 'HOST', program: 'vault' }],
    ['<30>Mar  2 10:15:30 vault[812]: ', { priority: 30, program: 'vault', pid: '812' }],
    ['2026-03-02T10:15:30+00:00  vault[812]: ', { program: 'vault', pid: '812' }],
    ['node-1 vault: ', { host: 'node-1', program: 'vault' }],
    ['node-1 vault[812]: ', node1],
    ['vault[812]: ', { program: 'vault', pid: '812' }],
    ['node-1 consul: ', { host: 'node-1', program: 'consul' }],
    ['2026-03-02T10:15:30.412345678Z ', { program: 'vault' }],
    ['vault_1   | ', { program: 'vault' }],
    ['my-vault-0.pod | ', { program: 'vault' }],
    ['2026-03-02T10:15:30.412345678Z stdout F ', { program: 'vault' }],
    ['2026-03-02T10:15:30.412345678+01:00 stderr P ', { program: 'vault' }],
    ['2026-03-02T10:15:30.500Z [vault] ', { program: 'vault' }],
    [`${header}2026-03-02T10:15:30.500Z [vault] `, node1],
    [
      'Mar  2 10:15:30 h docker/app[3]: vault_1  | ',
      { host: 'h', program: 'docker/app', pid: '3' },
    ],
  ]
  for (const [prefix, fields] of table) {
    const entry = decodeOne(prefix + sealed)
    t.strictSame(entry.fields, { ...fields, ...core }, prefix)
    t.equal(entry.time, '2026-03-02T10:15:30.412Z', prefix)
    t.equal(entry.line, prefix + sealed)
    t.equal(entry.log, 'server')
  }
  t.end()
})

t.test('hclog text of all ages', t => {
  const table: [line: string, level: string, module: string | undefined, time: string][] =
    [
      ['2026-03-02T10:15:30.412Z [INFO]  core: msg', 'info', 'core', '10:15:30.412'],
      ['2026-03-02T10:15:30.412-0500 [ERROR] core: msg', 'error', 'core', '15:15:30.412'],
      ['2026-03-02T10:15:30.412+05:30 [WARN]  core: msg', 'warn', 'core', '04:45:30.412'],
      [
        '2026-03-02T10:15:30Z [DEBUG] storage.raft-net.x_1: msg',
        'debug',
        'storage.raft-net.x_1',
        '10:15:30.000',
      ],
      ['2026-03-02T10:15:30.412Z [TRACE] msg', 'trace', undefined, '10:15:30.412'],
      ['2026-03-02T10:15:30.412Z [WARN] core: msg', 'warn', 'core', '10:15:30.412'],
      ['2026-03-02T10:15:30.412Z [INFO ] core: msg', 'info', 'core', '10:15:30.412'],
      ['2026/03/02 10:15:30.412503 [WARN ] core: msg', 'warn', 'core', '10:15:30.412'],
      ['2026/03/02 10:15:30 [INFO] core: msg', 'info', 'core', '10:15:30.000'],
      ['2026/03/02 10:15:30.4 [WRN] core: msg', 'warn', 'core', '10:15:30.400'],
      ['2026/03/02 10:15:30.4 [INF] core: msg', 'info', 'core', '10:15:30.400'],
      ['2026/03/02 10:15:30.4 [ERR] core: msg', 'error', 'core', '10:15:30.400'],
      ['2026/03/02 10:15:30.4 [TRC] core: msg', 'trace', 'core', '10:15:30.400'],
      ['2026/03/02 10:15:30.4 [DBG] core: msg\r', 'debug', 'core', '10:15:30.400'],
    ]
  for (const [line, level, module, time] of table) {
    const entry = decodeOne(line)
    const expected = {
      program: 'vault',
      level,
      ...(module && { module }),
      message: 'msg',
    }
    t.strictSame(entry.fields, expected, line)
    t.equal(entry.time, `2026-03-02T${time}Z`, line)
  }
  t.end()
})

t.test('splits the message from its arguments', t => {
  const table: [
    text: string,
    module: string | undefined,
    message: string,
    args?: object,
  ][] = [
    [
      'core: failed to audit response: request_path=sys/leases/renew',
      'core',
      'failed to audit response',
      { request_path: 'sys/leases/renew' },
    ],
    [
      'http: TLS handshake error from 10.0.0.7:5: remote error: tls: bad certificate',
      'http',
      'TLS handshake error from 10.0.0.7:5: remote error: tls: bad certificate',
    ],
    [
      'storage migration check error: error="code: 500"',
      undefined,
      'storage migration check error',
      { error: 'code: 500' },
    ],
    ['core: a: b: backoff time=10ms', 'core', 'a: b', { 'backoff time': '10ms' }],
    ['reload: path=/etc/x', undefined, 'reload', { path: '/etc/x' }],
    ['core: x=1', undefined, 'core', { x: '1' }],
    ['core: see https://a.example/?x=1', 'core', 'see https://a.example/?x=1'],
    ['core: failed to write:', 'core', 'failed to write'],
    ['core:', 'core', ''],
    ['', undefined, ''],
  ]
  for (const [text, module, message, args] of table) {
    const expected = {
      program: 'vault',
      level: 'info',
      ...(module && { module }),
      message,
      ...(args && { fields: args }),
    }
    t.strictSame(fieldsOf(stamped + text), expected, text)
  }
  t.end()
})

t.test('reads arguments: quoted, bracketed, with spaces, with keys of two words', t => {
  const table: [args: string, fields: Record<string, string>][] = [
    ['a=1 b=2', { a: '1', b: '2' }],
    ['leader= next=', { leader: '', next: '' }],
    ['a="" b=x', { a: '', b: 'x' }],
    [
      String.raw`a="q \"x\" \\ \t\n \x41\xff \u00e4 \U0001f600 \'" b=2`,
      { a: `q "x" \\ \t\n A\ufffd ä 😀 '`, b: '2' },
    ],
    [String.raw`a="\Uffffffff\a\q"`, { a: '\ufffd\x07q' }],
    ['a="x=1 y=2" b=3', { a: 'x=1 y=2', b: '3' }],
    [
      'peer=10.0.0.1:8201 backoff time=10ms error="no route"',
      { peer: '10.0.0.1:8201', 'backoff time': '10ms', error: 'no route' },
    ],
    [
      'peer="{Voter n 10.0.0.1:8201}" backoff time=10ms',
      { peer: '{Voter n 10.0.0.1:8201}', 'backoff time': '10ms' },
    ],
    ['peer={Voter n 10.0.0.1} error=EOF', { peer: '{Voter n 10.0.0.1}', error: 'EOF' }],
    ['list=["a b]", "c=1"] n=2', { list: '["a b]", "c=1"]', n: '2' }],
    ['address=[::1]:8200 tls=enabled', { address: '[::1]:8200', tls: 'enabled' }],
    ['a=[open b={c d=2', { a: '[open', b: '{c', d: '2' }],
    ['a=["open b=2', { a: '["open', b: '2' }],
    ['a="open b=2', { a: '"open', b: '2' }],
    ['a="x"y b=2', { a: '"x"y', b: '2' }],
    ['a="x" and so on b=2', { a: '"x" and so on', b: '2' }],
    [
      'error=no such file or directory code=7',
      { error: 'no such file or directory', code: '7' },
    ],
    ['error=got ?= back b=2', { error: 'got ?= back', b: '2' }],
    ['a=1 a=2', { a: '2' }],
    ['path=/x?a=b b=2', { path: '/x?a=b', b: '2' }],
  ]
  for (const [args, fields] of table) t.strictSame(argsOf(args), fields, args)

  const old = '2017/03/16 13:43:20.166090 [ERROR] '
  t.strictSame(
    argsOf(
      'backend=syslog/ error=write unixgram @->/dev/log: write: message code=7',
      old,
    ),
    {
      backend: 'syslog/',
      error: 'write unixgram @->/dev/log: write: message',
      code: '7',
    },
    'logxi left values with spaces unquoted',
  )
  t.strictSame(argsOf('error=not found code=7', old), { error: 'not found', code: '7' })

  const hostile = argsOf('__proto__=x constructor=y') as Record<string, unknown>
  t.strictSame(Object.keys(hostile), ['__proto__', 'constructor'])
  t.equal(Object.getPrototypeOf(hostile), Object.prototype)

  const many = argsOf(Array.from({ length: 1000 }, (_, i) => `k${i}=${i}`).join(' '))
  const last = Object.entries(many as Record<string, string>).at(-1)
  t.equal(last?.[0], 'k256')
  t.match(last?.[1], /^256 k257=257 .* k999=999$/, 'past the cap the text is kept')

  const long = `"${String.raw`\n`.repeat(600_000)}"`
  t.strictSame(argsOf(`a=${long} b=2`), { a: long, b: '2' }, 'too long to unescape')
  t.end()
})

t.test('log_format=json gives what the text gives', t => {
  const json = JSON.stringify({
    '@level': 'error',
    '@message': 'failed to revoke lease',
    '@module': 'expiration',
    '@timestamp': '2026-03-02T11:15:30.412503+01:00',
    attempts: 6,
    done: false,
    error: 'no route',
    nothing: null,
    listener: { IP: '127.0.0.1', Port: 8200 },
    list: ['a', 1],
  })
  const expected = {
    level: 'error',
    module: 'expiration',
    message: 'failed to revoke lease',
    fields: {
      attempts: '6',
      done: 'false',
      error: 'no route',
      listener: { IP: '127.0.0.1', Port: 8200 },
      list: ['a', 1],
    },
  }
  for (const prefix of ['', header, `<30> ${header}`, 'vault_1  | ']) {
    const { fields, time } = decodeOne(prefix + json)
    t.match(fields, expected, prefix)
    t.notOk('nothing' in (fields['fields'] as object))
    t.equal(fields['program'], 'vault')
    t.equal(time, '2026-03-02T10:15:30.412Z')
  }
  t.strictSame(fieldsOf(`<13> Mar  2 10:15:30 HOST ${json}`)['host'], 'HOST')
  t.strictSame(fieldsOf('{"@message":"x"}'), { program: 'vault', message: 'x' })
  t.strictSame(
    fieldsOf('{"@message":"x","@level":"all","@module":7,"@timestamp":{}}'),
    { program: 'vault', message: 'x' },
    'parts of the wrong type are left out',
  )
  const hostile = fieldsOf('{"@message":"x","__proto__":{"level":"error"}}')[
    'fields'
  ] as object
  t.strictSame(Object.keys(hostile), ['__proto__'])
  t.equal(Object.getPrototypeOf(hostile), Object.prototype)

  t.equal(reasonOf('{"type":"request"}'), 'JSON without @message, or cut off')
  t.equal(reasonOf('{"@message":"cut'), 'JSON without @message, or cut off')
  t.equal(reasonOf('{"@message":7}'), 'JSON without @message, or cut off')
  t.strictSame(fieldsOf(`${header}{"@message":"cut`), {
    ...node1,
    message: '{"@message":"cut',
  })
  t.end()
})

t.test("Vault's output that no logger wrote", t => {
  const table: [line: string, fields: Record<string, unknown>][] = [
    ['==> Vault shutdown triggered', { program: 'vault' }],
    ['==> OpenBao shutdown triggered', { program: 'openbao' }],
    ['==> Vault server started! Log data will stream in below:', { program: 'vault' }],
    ['WARNING! dev mode is enabled!', { program: 'vault' }],
    ['Unseal Key: bm90IGEga2V5', { program: 'vault' }],
    ['Unseal Key 3: bm90IGEga2V5', { program: 'vault' }],
    ['Root Token: none', { program: 'vault' }],
    ['Initial Root Token: none', { program: 'vault' }],
    ['panic: runtime error: index out of range', { program: 'vault' }],
    ['fatal error: all goroutines are asleep', { program: 'vault' }],
  ]
  for (const [line, fields] of table) {
    t.strictSame(fieldsOf(line), { ...fields, message: line })
    t.equal(decodeOne(line).time, undefined)
    t.strictSame(fieldsOf(header + line), { ...node1, message: line })
    t.strictSame(fieldsOf(`<13> Mar  2 10:15:30 HOST ${line}`), {
      priority: 13,
      host: 'HOST',
      ...fields,
      message: line,
    })
  }
  t.equal(
    fieldsOf('^C==> Vault shutdown triggered')['message'],
    '==> Vault shutdown triggered',
  )
  const contained = decodeOne(
    '2026-03-02T10:15:30.5Z stdout F ==> Vault shutdown triggered',
  )
  t.equal(contained.time, '2026-03-02T10:15:30.500Z', 'the container runtime says when')
  t.end()
})

t.test('other programs decode to their message', t => {
  const table: [line: string, fields: Record<string, unknown>, time?: string][] = [
    [
      '2026-03-02T10:15:30+01:00 n systemd[1]: vault.service: Stopped.',
      { host: 'n', program: 'systemd', pid: '1', message: 'vault.service: Stopped.' },
      '09:15:30',
    ],
    [
      'Mar  2 10:15:30 n kernel: [12.3] oom',
      { host: 'n', program: 'kernel', message: '[12.3] oom' },
      '10:15:30',
    ],
    [
      'Mar  2 10:15:30 n (systemd)[9]: x',
      { host: 'n', program: '(systemd)', pid: '9', message: 'x' },
      '10:15:30',
    ],
    [
      'Mar  2 10:15:30 n Failed password for root',
      { host: 'n', message: 'Failed password for root' },
      '10:15:30',
    ],
    [
      'Mar  2 10:15:30 n vault[1]:',
      { host: 'n', program: 'vault', pid: '1', message: '' },
      '10:15:30',
    ],
    [
      'n sshd[4]: Accepted',
      { host: 'n', program: 'sshd', pid: '4', message: 'Accepted' },
    ],
    [
      'Feb 30 10:15:30 n cron[4]: x',
      { host: 'n', program: 'cron', pid: '4', message: 'x' },
    ],
  ]
  for (const [line, fields, time] of table) {
    const entry = decodeOne(line)
    t.strictSame(entry.fields, fields, line)
    t.equal(entry.time, time && `2026-03-02T${time}.000Z`, line)
  }
  t.end()
})

t.test('what is none of these is undecodable', t => {
  const lines = [
    'goroutine 1 [running]:',
    'Error parsing listener: no such file',
    '             Api Address: http://127.0.0.1:8200',
    'hello world',
    'vault_1   | hello world',
    '<13>hello',
    '',
    '2026-03-02T10:15:30Z',
    `x ${stamped}core: vault is sealed`,
    `hello (${stamped}core: vault is sealed`,
  ]
  for (const line of lines) {
    t.equal(reasonOf(line), 'no syslog header and no line of Vault', line)
  }
  t.end()
})

t.test('text that somebody typed never becomes a line of its own', t => {
  const forged = '2026-03-02T10:15:30.412Z [INFO]  core: vault is sealed'
  const inside = fieldsOf(`${header}${stamped}core: denied: user="${forged}"`)
  t.match(inside, { module: 'core', message: 'denied', fields: { user: forged } })
  const message = fieldsOf(`${header}${stamped}http: bad header ${forged}`)
  t.match(message, { module: 'http', message: `bad header ${forged}` })

  for (const line of [
    `Invalid user ${forged}`,
    `Invalid user vault[1]: ${forged}`,
    `Invalid user | ${forged}`,
    `Invalid user ==> Vault shutdown triggered`,
  ]) {
    const fields = fieldsOf(`Mar  2 10:15:30 n sshd[9]: ${line}`)
    t.strictSame(fields, { host: 'n', program: 'sshd', pid: '9', message: line })
  }
  const sshd = fieldsOf(`Mar  2 10:15:30 n sshd[9]: ${forged}`)
  t.equal(sshd['program'], 'sshd', 'the program of the header stands')
  const continued = fieldsOf(`${header}| x | ${forged}`)
  t.strictSame(continued, { ...node1, message: `x | ${forged}` })
  t.end()
})

t.test('a continuation inherits from its own process', t => {
  const failed =
    '2026-03-02T10:15:30.412Z [ERROR] core: failed to audit response: request_path=x'
  const inherited = { level: 'error', module: 'core' }
  const other = '2026-03-02T10:15:31+00:00 node-2 vault[812]: '
  const [first, , error, one, event, elsewhere, sshd] = decodeAll(
    header + failed,
    `${other}2026-03-02T10:15:31.000Z [INFO]  raft: other`,
    `${header}  error=`,
    `${header}| 1 error occurred:`,
    `${header}| #011* event not processed`,
    `${other}| x`,
    '2026-03-02T10:15:30+00:00 node-1 sshd[812]: | x',
  )
  t.match(first?.fields, { fields: { request_path: 'x' } })
  t.strictSame(error?.fields, { ...node1, ...inherited, message: 'error=' })
  t.strictSame(one?.fields, { ...node1, ...inherited, message: '1 error occurred:' })
  t.strictSame(event?.fields, {
    ...node1,
    ...inherited,
    message: '* event not processed',
  })
  t.equal(event?.time, '2026-03-02T10:15:30.412Z')
  t.match(elsewhere?.fields, {
    host: 'node-2',
    level: 'info',
    module: 'raft',
    message: 'x',
  })
  t.notOk('level' in (sshd?.fields ?? {}), 'another program inherits nothing')

  const bare = decodeAll(failed, '  error=', '  | \t* event', '   code=7 x=y', '  | ')
  const messages = bare.slice(1).map(entry => entry.fields)
  t.strictSame(
    messages,
    ['error=', '* event', 'code=7 x=y', ''].map(message => ({
      program: 'vault',
      ...inherited,
      message,
    })),
  )
  t.strictSame(
    fieldsOf('  | x'),
    { program: 'vault', message: 'x' },
    'nothing to inherit',
  )

  const boxes = decodeAll(`a_1 | ${failed}`, `b_1 | ${stamped}raft: x`, 'a_1 |   | y')
  t.match(boxes[2]?.fields, { ...inherited, message: 'y' }, 'containers are kept apart')
  t.end()
})

t.test('the memory for continuations is bounded, oldest out', t => {
  const process = (pid: number, text: string) => `n vault[${pid}]: ${text}`
  const logged = `${stamped}core: x`
  const lines = Array.from({ length: 1000 }, (_, pid) => process(pid, logged))
  const entries = decodeAll(
    ...lines,
    process(0, logged),
    process(1000, logged),
    process(0, '| x'),
    process(1, '| x'),
    process(2, '| x'),
  ).slice(-3)
  t.strictSame(
    entries.map(entry => entry.fields['module']),
    ['core', undefined, 'core'],
  )
  t.end()
})

t.test('times fall back from stamp to header to container', t => {
  const table: [line: string, time: string | undefined][] = [
    [
      '2026-03-02T10:15:30-0500 n vault: 2026/03/02 09:00:00 [INFO] core: x',
      '2026-03-02T14:00:00.000Z',
    ],
    [
      'Mar  2 10:15:30 n vault: 2026/03/02 09:00:00 [INFO] core: x',
      '2026-03-02T09:00:00.000Z',
    ],
    ['2026/03/02 09:00:00 [INFO] core: x', '2026-03-02T09:00:00.000Z'],
    [`${header}2026-02-30T10:00:00Z [INFO]  core: x`, '2026-03-02T10:15:30.000Z'],
    [`${header}{"@message":"x","@timestamp":"soon"}`, '2026-03-02T10:15:30.000Z'],
    ['2026-02-30T10:00:00Z [INFO]  core: x', undefined],
    ['2026-13-45T99:99:99Z n sshd[1]: x', undefined],
  ]
  for (const [line, time] of table) t.equal(decodeOne(line).time, time, line)
  t.end()
})

t.test('the identity is what makes the event one', t => {
  const args = `${stamped}core: done: b=2 a=1`
  t.strictSame(decodeOne(`<30> ${header}${args}`).identity, [
    'server',
    'node-1',
    'vault',
    '812',
    '2026-03-02T10:15:30.412Z',
    'info',
    'core',
    'done',
    '{"a":"1","b":"2"}',
  ])
  t.strictSame(decodeOne('Mar  2 10:15:30 n cron: hello').identity, [
    'server',
    'n',
    'cron',
    '',
    'Mar  2 10:15:30',
    '',
    '',
    'hello',
    '',
  ])
  t.strictSame(
    decodeOne('{"@message":"x","z":{"b":[1,{"d":null,"c":true}],"a":""}}').identity.at(
      -1,
    ),
    '{"z":{"a":"","b":[1,{"c":true,"d":null}]}}',
  )
  const deep = decodeOne(`{"@message":"x","a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`)
  t.match(deep.identity.at(-1), /^\{"a":\[{63}"too deep"\]{63}\}$/)
  const long = `{"@message":"x","b":1,"a":"${'a'.repeat(2e6)}"}`
  t.equal(decodeOne(`${header}${long} `).identity.at(-1), long, 'too long to sort')
  t.end()
})

t.test('an entry of parts, as rule tests give them', t => {
  const parts = {
    program: 'vault',
    message: 'vault is sealed',
    fields: { b: '1', a: '2' },
  }
  t.strictSame(serverEntry(parts), {
    log: 'server',
    line: JSON.stringify(parts),
    time: undefined,
    fields: parts,
    identity: [
      'server',
      '',
      'vault',
      '',
      '',
      '',
      '',
      'vault is sealed',
      '{"a":"2","b":"1"}',
    ],
  })
  const timed = serverEntry({
    line: 'x',
    time: '2026-03-02T11:00:00+01:00',
    level: 'info',
  })
  t.match(timed, {
    line: 'x',
    time: '2026-03-02T10:00:00.000Z',
    fields: { level: 'info' },
  })
  t.end()
})

const piece = fc.constantFrom(
  '<13> ',
  '<',
  header,
  stamped,
  'Mar  2 10:15:30 ',
  '2026/03/02 10:15:30 [WRN] ',
  'vault_1  | ',
  '2026-03-02T10:15:30Z stdout F ',
  '2026-03-02T10:15:30Z [vault] ',
  '^C',
  '==> ',
  'host ',
  'vault[1]: ',
  'core: ',
  'message',
  ': ',
  'key=',
  'two words=',
  '"',
  '\\',
  '\\x',
  '[',
  ']',
  '{',
  '}',
  ' ',
  '  | ',
  '#011',
  '{"@message":"x","@level":"info","a":',
  '{"@timestamp":"',
  '}',
  '1}',
  'error=',
  'panic: ',
  '\t',
  '\n',
  '=',
)
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string())
const mixture = fc
  .array(fc.oneof({ weight: 4, arbitrary: piece }, text))
  .map(all => all.join(''))

t.test('never throws, and <PRI> changes nothing but the priority', t => {
  fc.assert(
    fc.property(fc.oneof(text, mixture), fc.double(), (line, near) => {
      fc.pre(!line.startsWith('<'))
      const bare = createServerDecoder().decode(line, near)
      const prioritised = createServerDecoder().decode(`<30> ${line}`, near)
      if (isUndecodable(bare)) return isUndecodable(prioritised)
      t.ok(
        bare.time === undefined || /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/.test(bare.time),
      )
      return (
        !isUndecodable(prioritised) &&
        prioritised.fields['priority'] === 30 &&
        JSON.stringify(prioritised.identity) === JSON.stringify(bare.identity) &&
        bare.identity.length === 9 &&
        !Object.values(bare.fields).includes(undefined)
      )
    }),
    { numRuns: 3000 },
  )
  t.end()
})

t.test('behind a header every text decodes, and its program stands', t => {
  fc.assert(
    fc.property(fc.oneof(text, mixture), said => {
      const decoded = createServerDecoder().decode(
        `Mar  2 10:15:30 n sshd[9]: ${said}`,
        reference,
      )
      return !isUndecodable(decoded) && decoded.fields['program'] === 'sshd'
    }),
    { numRuns: 1000 },
  )
  t.end()
})

t.test('quoted arguments come back as they were', t => {
  const value = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(fc.uniqueArray(value, { minLength: 1, maxLength: 20 }), values => {
      // JSON's escapes are a subset of Go's.
      const args = values.map((each, i) => `k${i}=${JSON.stringify(each)}`).join(' ')
      const read = argsOf(args) as Record<string, string>
      t.strictSame(Object.values(read), values)
    }),
  )
  t.end()
})

t.test('a hostile line of a megabyte takes no time to speak of', t => {
  const units = [
    'a',
    ' ',
    '| ',
    ': ',
    '=',
    ' =',
    'a=1 ',
    'a="b ',
    'a=[ ',
    'a=["',
    '[',
    '\\',
    '\\"',
    '#011',
    '2026-',
    ': a a',
  ]
  const starts = [
    '',
    `${header}${stamped}`,
    `${header}${stamped}core: x: a=`,
    `${header}${stamped}core: x: a="`,
    '  | ',
  ]
  const { decode } = createServerDecoder()
  for (const start of starts) {
    for (const unit of units) {
      const line = start + unit.repeat(2 ** 20 / unit.length)
      const before = performance.now()
      decode(line, reference)
      const took = performance.now() - before
      // Measured at 1 to 90 ms; what is quadratic takes minutes.
      t.ok(
        took < 2000,
        `${JSON.stringify(start.slice(-12) + unit)} took ${took.toFixed()} ms`,
      )
    }
  }
  t.end()
})
