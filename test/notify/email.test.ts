import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import { createDigestBuilder } from '../../src/alert/digest.js'
import { emailMessage } from '../../src/notify/email-message.js'
import { email } from '../../src/notify/email.js'
import type { Message } from '../../src/notify/notifier.js'
import { severities } from '../../src/rule/severity.js'
import { oneLine } from '../../src/text/one-line.js'
import { sampleAlert } from '../fixtures/alerts.js'
import { linkable, restored } from '../fixtures/links.js'
import { readMail } from '../fixtures/mail-reader.js'
import { programs } from '../fixtures/programs.js'

const never = new AbortController().signal
const now = Date.parse('2026-11-03T20:37:00Z')
const world = { env: process.env, now: () => now }
const frame = {
  to: ['secops@example.com', 'root'],
  from: 'vault@example.com',
  host: 'log.example.com',
  now,
}
const alert = sampleAlert({
  id: '6f1e0c9a7b3d4e526f1e0c9a7b3d4e52',
  entryJson: '{"secret":"entry"}',
  line: 'secret line',
  facts: {
    who: 'token-alice, policies admin',
    what: 'update sys/generate-root/attempt, succeeded',
    where: '10.0.0.7, namespace root',
    request: '9c1d4d39-6a60-4c1e-a2f7-5b4f0d9a7a10',
    find: "jq -c 'select(.request.id == \"9c1d4d39\")' '/var//log/www.vault/audit'",
  },
})
const message = (...alerts: Alert[]): Message => ({ kind: 'alerts', alerts })
const mailOf = (...alerts: Alert[]) => readMail(emailMessage(message(...alerts), frame))

const keep = 'cat > "$dir/mail"; printf "%s\\n" "$@" > "$dir/args"'

async function attempt(
  t: Test,
  settings: Record<string, string>,
  { what = message(alert), signal = never } = {},
) {
  const notifier = email.create('email', settings, world)
  const result = await notifier.send(what, signal)
  await notifier.close()
  t.notMatch(result.reason, /SECRET|[\p{Cc}\p{Cf}]/u)
  return result
}

t.test('a mail program gets the addresses as arguments, and the mail', async t => {
  const { sendmail, dir } = programs(t, { sendmail: keep })
  const settings = { to: 'secops@example.com,root', from: 'vault@example.com', sendmail }
  t.strictSame(await attempt(t, settings), {
    outcome: 'delivered',
    reason: 'sendmail exited with 0',
  })
  const read = (name: string) => readFileSync(join(dir, name), 'utf8')
  t.equal(read('args'), '-i\n-f\nvault@example.com\n--\nsecops@example.com\nroot\n')
  const { headers, lines } = readMail(read('mail'))
  t.strictSame(Object.fromEntries(headers), {
    from: 'vault@example.com',
    to: 'secops@example.com, root',
    subject:
      '[vault] critical: Root token generation path accessed: sys/generate-root/attempt',
    date: 'Tue, 03 Nov 2026 20:37:00 +0000',
    'message-id': `<${alert.id}@${hostname()}>`,
    'auto-submitted': 'auto-generated',
    'x-vault-log-severity': 'critical',
    'x-vault-log-rule': 'generate-root-accessed',
    'mime-version': '1.0',
    'content-type': 'text/plain; charset=utf-8',
    'content-transfer-encoding': 'quoted-printable',
  })
  t.strictSame(lines, [
    'critical: Root token generation path accessed: sys/generate-root/attempt',
    `alert ${alert.id}, rule generate-root-accessed`,
    '',
    'who: token-alice, policies admin',
    'what: update sys/generate-root/attempt, succeeded',
    'where: 10.0.0.7, namespace root',
    'when: 2026-11-23T20:37:00Z',
    'request: 9c1d4d39-6a60-4c1e-a2f7-5b4f0d9a7a10',
    `find: ${alert.facts.find}`,
  ])

  await attempt(t, { to: 'root', sendmail })
  t.equal(read('args'), '-i\n--\nroot\n')
  t.notOk(readMail(read('mail')).headers.has('from'), 'sendmail knows whom it runs for')
})

t.test('how it wants to be sent to', async t => {
  const notifier = email.create('email-soc', { to: 'root' }, world)
  t.match(notifier, { name: 'email-soc', intervalMs: 10_000, digestOver: 3 })
  t.notOk('split' in notifier)
  await t.rejects(notifier.send(message(), never), RangeError)
  await notifier.close()
})

t.test('several alerts of one event go in one mail', async t => {
  const second = { ...alert, id: 'b'.repeat(32), severity: 'low', title: 'two' } as const
  const { headers, lines } = mailOf(alert, second)
  t.match(headers.get('subject'), /^\[vault, 2 alerts\] critical: Root token/)
  t.equal(headers.get('message-id'), `<${alert.id}@log.example.com>`)
  t.strictSame(lines.slice(2, 5), [
    'low: two',
    `alert ${'b'.repeat(32)}, rule generate-root-accessed`,
    '',
  ])
  const many = Array.from({ length: 200 }, () => second)
  t.equal(mailOf(...many).lines.filter(line => line === 'low: two').length, 200)
})

t.test('a digest', async t => {
  const builder = createDigestBuilder()
  builder.add(alert)
  builder.add({ ...alert, title: 'see https://evil.example/' })
  const digest = builder.digest('flood', () => 'jq . /var/log/vault/audit.alert')
  const { headers, lines } = readMail(emailMessage({ kind: 'digest', digest }, frame))
  t.match(headers.get('subject'), '[vault] critical: 2 alerts in one message')
  t.equal(headers.get('message-id'), `<${digest.id}@log.example.com>`)
  t.equal(headers.get('x-vault-log-severity'), 'critical')
  t.notOk(headers.has('x-vault-log-rule'))
  t.ok(lines.includes('2 of rule generate-root-accessed'))
  t.ok(lines.includes('find: jq . /var/log/vault/audit.alert'))
  t.ok(lines.includes('first titles: see https[://]evil[.]example/'))
})

const hostile: Record<string, string> = {
  'a header': 'x\r\nBcc: evil@example.net\r\n\r\nbody',
  'a bare line feed': 'x\nBcc: evil@example.net',
  'a folded header': 'x\r\n Bcc: evil@example.net',
  'other line ends': 'x\u0085Bcc: y\u2028Bcc: y\u2029Bcc: y\u000bBcc: y\u000cBcc: y',
  'an encoded word': '=?UTF-8?B?DQpCY2M6IGV2aWxAZXhhbXBsZS5uZXQ=?=',
  'half an encoded word': '=?UTF-8?Q?=0ABcc:_evil?',
  'a dot on its own line': '\n.\nQUIT',
  'an mbox line': '\nFrom evil@example.net Mon',
  'a boundary': '--boundary\r\nContent-Type: text/html',
  'an address list': '"x" <evil@example.net>, root; (comment)',
  'a NUL': 'x\u0000y',
}

for (const [name, text] of Object.entries(hostile)) {
  t.test(`${name} in a title stays text`, async t => {
    const facts = { ...alert.facts, who: text, what: text }
    const sent = { ...alert, title: text, rule: text, id: text, facts }
    const { headers, lines } = mailOf(sent)
    const names = [...mailOf(alert).headers.keys()]
    t.strictSame([...headers.keys()], names)
    t.equal(headers.get('to'), 'secops@example.com, root')
    const subject = restored(headers.get('subject') ?? '')
    t.equal(subject, `[vault] critical: ${oneLine(text, 500)}`)
    t.match(headers.get('message-id'), /^<[\w.-]*@log\.example\.com>$/)
    t.match(headers.get('x-vault-log-rule'), /^[\w.-]*$/)
    t.equal(restored(lines[0] ?? ''), `critical: ${oneLine(text, 500)}`)
    t.equal(lines.length, 9)
  })
}

t.test('nothing in a mail is a link, and a command stays whole', async t => {
  const text = 'https://evil.example/ WWW.evil.example \\\\evil\\share mailto:a@b'
  const { headers, lines } = mailOf({ ...alert, title: text })
  const shown =
    'critical: https[://]evil[.]example/ [WWW.]evil[.]example [\\\\]evil\\share [mailto:]a[@]b'
  t.equal(lines[0], shown)
  t.equal(headers.get('subject'), `[vault] ${shown}`)
  t.equal(lines.at(-1), `find: ${alert.facts.find}`)
})

t.test('a subject: plain where it can be, cut where it is long', async t => {
  const subject = (title: string) => {
    const mail = emailMessage(message({ ...alert, title }), frame)
    return {
      written: /^Subject: (?:.*\n(?: .*\n)*)/m.exec(mail)?.[0] ?? '',
      read: readMail(mail).headers.get('subject'),
    }
  }
  t.equal(subject('plain words').written, 'Subject: [vault] critical: plain words\n')
  const folded = subject('word '.repeat(30).trim())
  t.match(
    folded.written,
    /^Subject: \[vault\] critical: (?:word )+word\n (?:word )+word\n/,
  )
  for (const title of ['Größe', '  two  blanks ', 'x'.repeat(100), '日本語 🔥']) {
    const { written, read } = subject(title)
    t.match(written, /^Subject: =\?UTF-8\?B\?/)
    t.equal(read, `[vault] critical: ${title}`)
  }
  const title = '🔥'.repeat(250)
  t.equal(subject(title).read, `[vault] critical: ${'🔥'.repeat(90)}…`)
  t.equal(mailOf({ ...alert, title }).lines[0], `critical: ${title}`)
})

t.test('a host without a usable name', async t => {
  const mail = readMail(emailMessage(message(alert), { ...frame, host: '\n ü' }))
  t.equal(mail.headers.get('message-id'), `<${alert.id}@localhost>`)
})

const statuses: [string, object][] = [
  ...([65, 67] as const).map((status): [string, object] => [
    `exit ${status}`,
    { outcome: 'refused' },
  ]),
  ...([64, 77, 78] as const).map((status): [string, object] => [
    `exit ${status}`,
    { outcome: 'suspended' },
  ]),
  ...[1, 2, 66, 68, 69, 70, 71, 72, 73, 74, 75, 76, 127].map(
    (status): [string, object] => [`exit ${status}`, { outcome: 'retry' }],
  ),
  [
    'echo "secops@example.com... User unknown" >&2; exit 67',
    {
      outcome: 'refused',
      reason: /^sendmail exited with 67 \(EX_NOUSER\): secops@example.com... User unk/,
    },
  ],
  [
    'echo "token hvs.SECRETSECRET" >&2; exit 75',
    {
      outcome: 'retry',
      reason: /^sendmail exited with 75 \(EX_TEMPFAIL\): token hvs.\[masked\]$/,
    },
  ],
]

t.test('exit statuses', async t => {
  for (const [text, expected] of statuses) {
    const { sendmail } = programs(t, { sendmail: text })
    const to = 'secops@example.com'
    t.match(await attempt(t, { to, sendmail }), expected, text)
  }
})

t.test('a mail program that is gone or hangs', async t => {
  const { hang, dir } = programs(t, { hang: 'exec sleep 600' })
  t.strictSame(await attempt(t, { to: 'root', sendmail: `${dir}/none` }), {
    outcome: 'retry',
    reason: "none can't be started: ENOENT",
  })
  const controller = new AbortController()
  const { signal } = controller
  const result = attempt(t, { to: 'root', sendmail: hang }, { signal })
  controller.abort()
  t.strictSame(await result, {
    outcome: 'retry',
    reason: 'hang was stopped at the time limit',
  })
})

t.test('keys of the ini', async t => {
  const { to, from, sendmail } = email.keys
  t.ok(to?.isRequired)
  t.strictSame(to?.parse('a.b+c_d=e@mail-1.example.com ,  root'), {
    value: 'a.b+c_d=e@mail-1.example.com,root',
  })
  t.strictSame(from?.parse('vault@example.com'), { value: 'vault@example.com' })
  const wrong = [
    '-oQ/tmp@example.com',
    '-Cfile',
    '|/bin/sh',
    '/etc/passwd',
    ':include:/etc/passwd',
    '"a b"@example.com',
    'Name <a@example.com>',
    'a@example.com\nBcc: b@example.com',
    'a b@example.com',
    'a@',
    '@b',
    'a@b@c',
    'a@-b',
    'a@b.',
    'a@[10.0.0.1]',
    'ü@example.com',
    'a!b',
    'a@b..c',
    'a%b@c',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(253)}`,
    '',
  ]
  for (const text of wrong) {
    const said = `must be addresses like name@host, got ${JSON.stringify(text.slice(0, 40))}`
    t.equal(from?.parse(text), said)
    t.equal(to?.parse(`root, ${text}`), said)
  }
  const list = (length: number) => Array.from({ length }, (_, i) => `u${i}`).join()
  t.strictSame(to?.parse(list(50)), { value: list(50) })
  t.equal(to?.parse(list(51)), 'must be at most 50 addresses, got 51')

  const { mailer } = programs(t, { mailer: '' })
  t.strictSame(sendmail?.parse(mailer), { value: mailer })
  t.match(sendmail?.parse('sendmail'), /^must name a program by its absolute path/)
  t.strictSame(sendmail?.parse(`${mailer}s`), {
    value: `${mailer}s`,
    trouble: `is ${mailer}s, which can't be executed: ENOENT`,
  })
  t.equal(email.trouble?.({ to: 'root', sendmail: mailer }), undefined)
  t.match(
    [email.trouble?.({ to: 'root' })],
    [/^needs a mail program: sendmail is \/usr\/sbin\/sendmail, which|^undefined$/],
  )
})

const nasty = fc.oneof(
  fc.constantFrom('=', '.', 'From ', '=?', '?=', ' ', '  ', 'ü', '日', '🔥', '\u0301'),
  fc.constantFrom(
    '://',
    '\\\\',
    '.a',
    '@a',
    'x'.repeat(80),
    '=?UTF-8?B?',
    '\t',
    ':',
    ',',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
)
const text = (max: number) =>
  fc.oneof(
    fc
      .array(nasty, { maxLength: max, size: 'max' })
      .map(parts => oneLine(parts.join(''), max)),
    fc.tuple(nasty, fc.nat(max)).map(([part, n]) => oneLine(part.repeat(n), max)),
  )

t.test('any alerts: a mail that is read, with every id and whole title', async t => {
  const anyAlert = fc
    .record({
      id: fc.stringMatching(/^[0-9a-f]{32}$/),
      severity: fc.constantFrom(...severities),
      title: text(500),
      facts: fc.record({ who: text(300), what: text(300), find: fc.constant('grep') }),
    })
    .map(parts => ({ ...alert, ...parts }))
  const property = fc.property(
    fc.array(anyAlert, { minLength: 1, maxLength: 3 }),
    alerts => {
      const written = emailMessage(message(...alerts), frame)
      const { headers, lines } = readMail(written)
      const [first] = alerts
      const facts = [first!.facts.who, first!.facts.what].filter(fact => fact !== '')
      const essential = alerts.flatMap(({ severity, title, id, rule }) => [
        `${severity}: ${title}`,
        `alert ${id}, rule ${rule}`,
      ])
      const subject = restored(headers.get('subject') ?? '')
      const prefix = alerts.length > 1 ? `[vault, ${alerts.length} alerts]` : '[vault]'
      const said = lines.slice(0, essential.length).map(restored)
      const broken = [
        said.join('\n') !== essential.map(restored).join('\n') &&
          `said ${said.join('\n')}`,
        subject !==
          restored(oneLine(`${prefix} ${first!.severity}: ${first!.title}`, 200)) &&
          `subject ${subject}`,
        lines.length !== essential.length + 1 + facts.length + 2 && 'other lines',
        written.includes('secret') && 'the entry',
        linkable.test([headers.get('subject'), ...lines].join('\n')) && 'a link',
      ].filter(Boolean)
      if (broken.length > 0) throw new Error(broken.join(', '))
    },
  )
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }))
})

t.test('the reader refuses what mail programs would change', async t => {
  const good = emailMessage(message(alert), frame)
  const [header = '', body = ''] = good.split('\n\n')
  const bad = [
    good.replaceAll('\n', '\r\n'),
    good.replace('Root', 'Größe'),
    good.slice(0, -1),
    header,
    `${header}\nSubject: twice\n\n${body}\n`,
    `${header}\nX\n\n${body}\n`,
    `${header}\nX: y\n \n\n${body}\n`,
    `${header}\nX: ${'y'.repeat(80)}\n\n${body}\n`,
    `${header}\nX: =?UTF-8?B?${'A'.repeat(72)}?=\n\n${body}\n`,
    `${header}\nX: =?UTF-8?B?/w==?=\n\n${body}\n`,
    `${header}\n\n${'x'.repeat(77)}\n`,
    `${header}\n\n.\n`,
    `${header}\n\nFrom x\n`,
    `${header}\n\nx \n`,
    `${header}\n\n=4g\n`,
    `${header}\n\n=FF\n`,
  ]
  for (const mail of bad) t.throws(() => readMail(mail), mail)
  t.doesNotThrow(() => readMail(good))
})
