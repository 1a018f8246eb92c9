import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Settings } from '../../src/notify/destination.js'
import type { Attempt, Message } from '../../src/notify/notifier.js'
import { webex } from '../../src/notify/webex.js'
import { webexChunks, webexText } from '../../src/notify/webex-message.js'
import { largestDigest, sampleAlert, sampleDigest } from '../fixtures/alerts.js'
import { anyAlerts, anyDigest } from '../fixtures/any-alert.js'
import type { Answer } from '../fixtures/http-stand-in.js'
import { linkable, restored } from '../fixtures/links.js'
import { rendered, startWebexStandIn, webexError } from '../fixtures/webex-stand-in.js'

const path = '/v1/webhooks/incoming/Y2lzSECRET01zcGFyazovL3VzL1dFQkhPT0s'
const never = new AbortController().signal
const now = () => Date.parse('2026-11-23T20:37:00Z')

const alert = sampleAlert({
  id: '6f'.repeat(16),
  entryJson: '{"auth":"of the entry"}',
  line: 'the line',
  facts: {
    who: 'token-alice, policies admin',
    what: 'update sys/generate-root/attempt: succeeded',
    where: '10.0.0.7',
    request: '9c1d4d39',
    find: `jq -c 'select(.request.id == "9c1d4d39")' /var/log/vault/audit`,
  },
})
const message: Message = { kind: 'alerts', alerts: [alert] }

/** One attempt; no reason may ever show the URL. */
async function attempt(t: Test, settings: Settings, sent = message): Promise<Attempt> {
  const notifier = webex.create('webex', settings, { env: {}, now })
  const result = await notifier.send(sent, never)
  await notifier.close()
  t.notMatch(result.reason, /SECRET|webhooks|incoming/)
  return result
}

async function standIn(t: Test) {
  const server = await startWebexStandIn({ path, isPatient: true })
  t.teardown(() => server.close())
  return server
}

const ofAlerts = (parts: object): Message => ({
  kind: 'alerts',
  alerts: [{ ...alert, ...parts }],
})
const bytesOf = (sent: Message) => Buffer.byteLength(webexText(sent))

t.test('what Webex takes is delivered: plain text, and nothing else', async t => {
  const server = await standIn(t)
  const { url } = server
  const digest: Message = { kind: 'digest', digest: sampleDigest() }
  const delivered = { outcome: 'delivered', reason: 'answered 204' }
  t.strictSame(await attempt(t, { url }), delivered)
  t.strictSame(await attempt(t, { url }, digest), delivered)
  t.strictSame(
    server.requests.map(request => request.body),
    [
      {
        text: `critical: Root token generation path accessed: sys/generate-root/attempt
alert ${'6f'.repeat(16)}, rule generate-root-accessed
who: token-alice, policies admin
what: update sys/generate-root/attempt: succeeded
where: 10.0.0.7
when: 2026-11-23T20:37:00Z
request: 9c1d4d39
find: jq -c 'select(.request.id == "9c1d4d39")' /var/log/vault/audit`,
      },
      {
        text: `critical: 14 alerts in one message, since there are too many to send each
2 critical, 12 low
alerts ${'0a'.repeat(16)} to ${'9f'.repeat(16)}
from 2026-11-23T20:37:00Z to 2026-11-23T20:41:12Z
find: grep -hF vault-digest /var/log/vault/audit.alert
2 of rule generate-root-accessed
11 of rule login-failed
1 of other rules
first titles: Root token generation path accessed: sys/generate-root/attempt`,
      },
    ],
  )
  t.equal(server.requests[0]?.headers['content-type'], 'application/json; charset=utf-8')
})

t.test('one message a second; what belongs together goes together', async t => {
  const notifier = webex.create(
    'webex-ops',
    { url: 'https://a.example/' },
    { env: {}, now },
  )
  t.match(notifier, { name: 'webex-ops', intervalMs: 1_000, digestOver: 5 })
  const low = { ...alert, severity: 'low' as const }
  t.strictSame(notifier.split?.([low, alert]), [[alert, low]])
  await notifier.close()
})

const classes: [Answer, Attempt][] = [
  [{ status: 204 }, { outcome: 'delivered', reason: 'answered 204' }],
  [{ status: 200 }, { outcome: 'delivered', reason: 'answered 200' }],
  [
    { status: 200, body: '<html>Log in' },
    { outcome: 'retry', reason: 'answered 200 <html>Log in' },
  ],
  [
    { status: 200, ending: 'close' },
    { outcome: 'retry', reason: 'answered 200 and no text, cut off' },
  ],
  [
    { status: 200, body: '{', ending: 'close' },
    { outcome: 'delivered', reason: 'answered 200, cut off' },
  ],
  [{ status: 202 }, { outcome: 'retry', reason: 'answered 202 and no text' }],
  [
    webexError(400, 'Missing required parameter.'),
    { outcome: 'refused', reason: 'answered 400 Missing required parameter.' },
  ],
  [
    webexError(401, `No hook at ${path} or Y2lzSECRET01zcGFyazovL3VzL1dFQkhPT0s`),
    { outcome: 'suspended', reason: 'answered 401 No hook at … or …' },
  ],
  [
    { status: 403, body: path },
    { outcome: 'suspended', reason: 'answered 403' },
  ],
  [
    webexError(404, 'The requested resource could not be found.'),
    {
      outcome: 'suspended',
      reason: 'answered 404 The requested resource could not be found.',
    },
  ],
  [{ status: 410 }, { outcome: 'suspended', reason: 'answered 410' }],
  [{ status: 413 }, { outcome: 'refused', reason: 'answered 413' }],
  [
    { status: 429, headers: { 'retry-after': '26' } },
    { outcome: 'retry', reason: 'answered 429', retryAfterMs: 26_000 },
  ],
  [
    { status: 400, body: '{"message":5}' },
    { outcome: 'refused', reason: 'answered 400' },
  ],
  [
    { status: 503, body: `<h1>${path}</h1>` },
    { outcome: 'retry', reason: 'answered 503' },
  ],
  [
    { status: 301, headers: { location: path } },
    { outcome: 'suspended', reason: 'answered 301, a redirect' },
  ],
]

for (const [answer, expected] of classes) {
  t.test(`answered ${JSON.stringify(answer).slice(0, 80)}`, async t => {
    const server = await standIn(t)
    server.answer(answer)
    t.strictSame(await attempt(t, { url: server.url }), expected)
    t.equal(server.requests.length, 1)
  })
}

t.test('trouble with the network, and the keys for it', async t => {
  const server = await standIn(t)
  const { url } = server
  t.strictSame(await attempt(t, { url, proxy: 'http://127.0.0.1:1' }), {
    outcome: 'retry',
    reason: '127.0.0.1: ECONNREFUSED',
  })
  t.strictSame(await attempt(t, { url, ca_file: '/no/such/file' }), {
    outcome: 'retry',
    reason: '127.0.0.1: CA_FILE_ENOENT',
  })
  server.answer('close')
  t.match(await attempt(t, { url }), {
    outcome: 'retry',
    reason: /^127\.0\.0\.1: [A-Z_]+$/,
  })
  const { url: key } = webex.keys
  t.strictSame(Object.keys(webex.keys), ['url', 'proxy', 'ca_file'])
  t.equal(key?.isRequired, true)
  t.strictSame(key?.parse(url), { value: url })
  t.match(key?.parse('webexapis.com/SECRET'), /^must be an http:\/\/ or https:\/\/ URL/)
})

const hostile: Record<string, string> = {
  'a mention': '<@all> <@personEmail:bob|Bob> <@personId:Y2lz> @all',
  'a link': '[https://vault.example](https://evil.example)',
  'a bare link': 'https://evil.example/a?b webexteams://im http://192.0.2.1/ x//y',
  'a bare address':
    'evil.example www.evil.example, a@evil.example (e\u0301.example) ev-il.example пример.рф',
  'a mail address': 'mailto:a.b@evil.example',
  formatting: '**bold** _italic_ `code` # head > quote 1. one',
  JSON: '","markdown":"<@all>',
}

for (const [name, data] of Object.entries(hostile)) {
  t.test(`${name} in the log stays text`, async t => {
    const server = await standIn(t)
    const { url } = server
    const sent = ofAlerts({ title: data, facts: { ...alert.facts, who: data } })
    t.match(await attempt(t, { url }, sent), { outcome: 'delivered' })
    const digest: Message = { kind: 'digest', digest: sampleDigest({ titles: [data] }) }
    t.match(await attempt(t, { url }, digest), { outcome: 'delivered' })
    const [alerts = '', sum = ''] = server.requests.map(({ body }) => {
      t.strictSame(Object.keys(body as object), ['text'])
      return rendered(body)
    })
    t.ok(restored(alerts).startsWith(`critical: ${data}\n`))
    t.ok(restored(alerts).includes(`\nwho: ${data}\n`))
    t.ok(restored(sum).endsWith(`\nfirst titles: ${data}`))
    // Of the commands, which are ours and must be pasted as they are, clients may make links.
    for (const said of [alerts, sum]) {
      const text = said.replace(/^find: .*$/m, '')
      t.notMatch(text, /PING|LINK|FORMAT/)
      t.notMatch(text, linkable)
    }
  })
}

t.test('the stand-in would show a mention, formatting and links', async t => {
  t.equal(rendered({ markdown: '<@all> **b** [x](y)' }), 'PING all b LINK x (y)')
  t.equal(rendered({ text: '<@all> **b** [x](y)' }), '<@all> **b** [x](y)')
  for (const text of ['https://e', 'evil.example/x', 'a@evil.example', 'im://x']) {
    t.match(rendered({ text: `go to ${text} now` }), /^go to (?:a@)?LINK now$/, text)
  }
})

t.test('what is no address stays as it is, and so does the command', async t => {
  const title = 'From 10.0.0.7 at 10:15:30.412Z, twice. Then v1.2, sys/a:b, http: x'
  t.match(webexText(ofAlerts({ title })), `critical: ${title}\n`)
  const find = "jq -c 'select(.request.id)' https://a.example"
  t.ok(webexText(ofAlerts({ facts: { find } })).endsWith(`\nfind: ${find}`))
})

t.test(
  'one alert with the longest texts takes at most 7,439 bytes, all whole',
  async t => {
    for (const part of ['€', '🔥', '.€', '.a', '@€', '://', '"', '\\', '<']) {
      const long = (max: number) => part.repeat(max / part.length)
      const facts = {
        who: long(300),
        what: long(300),
        where: long(300),
        request: long(300),
        find: `x${'€'.repeat(333)}`,
      }
      const sent = ofAlerts({ title: long(500), rule: 'r'.repeat(100), facts })
      t.ok(bytesOf(sent) <= 7_439, `${part}: ${bytesOf(sent)}`)
      const said = restored(webexText(sent))
      t.ok(said.startsWith(`critical: ${long(500)}\n`))
      t.ok(said.includes(`\nrequest: ${long(300)}\n`))
      t.ok(said.endsWith(`\nfind: ${facts.find}`))
    }
    const find = '€'.repeat(334)
    const said = webexText(ofAlerts({ facts: { find } }))
    t.ok(said.endsWith('\nfind: by the alert id in the alert log'), 'whole or not at all')
  },
)

t.test('the largest digest takes at most 7,439 bytes', async t => {
  const server = await standIn(t)
  for (const part of ['€', '🔥', '.€', '"']) {
    const digest = largestDigest(part.repeat(500 / part.length), '€'.repeat(333))
    const sent: Message = { kind: 'digest', digest }
    t.match(await attempt(t, { url: server.url }, sent), { outcome: 'delivered' }, part)
    t.ok(bytesOf(sent) <= 7_439, `${part}: ${bytesOf(sent)}`)
    const said = webexText(sent)
    t.match(said, `alerts ${digest.firstId} to ${digest.lastId}`)
    t.match(said, `\nfind: ${digest.find}\n`)
    t.equal(said.match(/^first titles: .{140,}…$/gmu)?.length, 5)
    t.equal(said.match(/^99999999 of rule \dr{99}$/gm)?.length, 10)
  }
})

t.test('many alerts: as few messages as hold them, the most severe first', async t => {
  const alerts = Array.from({ length: 50 }, (_, i) => ({
    ...alert,
    id: `${i}`.padStart(32, '0'),
    severity: i === 49 ? ('critical' as const) : ('low' as const),
  }))
  const chunks = webexChunks(alerts)
  t.strictSame(
    chunks.map(chunk => chunk.length),
    [19, 19, 12],
  )
  t.equal(chunks[0]?.[0]?.id, alerts[49]?.id)
  const short = alerts.map(one => ({ ...one, title: 'x', rule: 'r' }))
  t.equal(webexChunks(short)[0]?.length, 20, 'nor more than one can read')
  const long = alerts.map(one => ({ ...one, title: '€'.repeat(500) }))
  t.ok(webexChunks(long).every(chunk => chunk.length === 1))
  const facts = { ...alert.facts, who: '€'.repeat(300), what: '€'.repeat(300) }
  const dots = alerts.map(one => ({ ...one, title: '.a'.repeat(250), facts }))
  for (const chunk of webexChunks(dots)) {
    t.ok(bytesOf({ kind: 'alerts', alerts: chunk }) <= 4_700, 'counted as it is sent')
  }
  t.strictSame(webexChunks([]), [])
  t.throws(() => webexText({ kind: 'alerts', alerts: [] }), RangeError)
})

t.test('any alerts and digests: taken, with ids and titles whole', async t => {
  const server = await standIn(t)
  const notifier = webex.create('webex', { url: server.url }, { env: {}, now })
  t.teardown(() => notifier.close())
  const post = async (sent: Message) => {
    const { outcome, reason } = await notifier.send(sent, never)
    if (outcome !== 'delivered') throw new Error(reason)
    const said = rendered(server.requests.at(-1)?.body)
    const live = said.split('\n').find(line => /PING|LINK|FORMAT/.test(line))
    if (live !== undefined && !live.startsWith('find: '))
      throw new Error(`alive: ${live}`)
    return restored(said).split('\n')
  }
  const property = fc.asyncProperty(anyAlerts, anyDigest, async (alerts, digest) => {
    const ids: string[] = []
    for (const chunk of webexChunks(alerts)) {
      const lines = await post({ kind: 'alerts', alerts: chunk })
      for (const { id, rule, severity, title } of chunk) {
        const at = lines.indexOf(`alert ${id}, rule ${rule}`)
        if (lines[at - 1] !== restored(`${severity}: ${title}`)) {
          throw new Error(`no ${title}`)
        }
        ids.push(id)
      }
      if (!lines.at(-1)?.startsWith('find: ')) throw new Error('no command')
    }
    if (
      ids.sort().join() !==
      alerts
        .map(({ id }) => id)
        .sort()
        .join()
    ) {
      throw new Error('not each alert once')
    }
    const lines = await post({ kind: 'digest', digest })
    const { firstId, lastId, count, byRule, titles } = digest
    const expected = [
      `alerts ${firstId} to ${lastId}`,
      ...byRule.map(counted => `${counted.count} of rule ${counted.rule}`),
      ...titles
        .filter(title => title.length < 290)
        .map(title => restored(`first titles: ${title}`)),
    ]
    const missing = expected.filter(line => !lines.includes(line))
    if (missing.length > 0) throw new Error(`no ${missing.join()}`)
    if (!lines[0]?.includes(`: ${count} alerts in one message`))
      throw new Error('no count')
  })
  await t.resolves(fc.assert(property, { numRuns: 40 }))
})
