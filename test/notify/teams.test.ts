import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Settings } from '../../src/notify/destination.js'
import type { Attempt, Message } from '../../src/notify/notifier.js'
import { teams } from '../../src/notify/teams.js'
import {
  teamsChunks,
  teamsMessage,
  type TeamsCard,
} from '../../src/notify/teams-message.js'
import { largestDigest, sampleAlert, sampleDigest } from '../fixtures/alerts.js'
import { anyAlerts, anyDigest } from '../fixtures/any-alert.js'
import type { Answer } from '../fixtures/http-stand-in.js'
import {
  refusal,
  renderedCard,
  startTeamsStandIn,
  type FlowShape,
} from '../fixtures/teams-stand-in.js'
import { linkable, restored } from '../fixtures/links.js'

const path =
  '/workflows/SECRET01/triggers/manual/paths/invoke?api-version=1&sig=SECRET02-_x'
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

const text = `critical: Root token generation path accessed: sys/generate-root/attempt
alert ${'6f'.repeat(16)}, rule generate-root-accessed
who: token-alice, policies admin
what: update sys/generate-root/attempt: succeeded
where: 10.0.0.7
when: 2026-11-23T20:37:00Z
request: 9c1d4d39
find: jq -c 'select(.request.id == "9c1d4d39")' /var/log/vault/audit`

const digestText = `critical: 14 alerts in one message, since there are too many to send each
2 critical, 12 low
alerts ${'0a'.repeat(16)} to ${'9f'.repeat(16)}
from 2026-11-23T20:37:00Z to 2026-11-23T20:41:12Z
find: grep -hF vault-digest /var/log/vault/audit.alert
2 of rule generate-root-accessed
11 of rule login-failed
1 of other rules
first titles: Root token generation path accessed: sys/generate-root/attempt`

/** One attempt; no reason may ever show the URL. */
async function attempt(t: Test, settings: Settings, sent = message): Promise<Attempt> {
  const notifier = teams.create('teams', settings, { env: {}, now })
  const result = await notifier.send(sent, never)
  await notifier.close()
  t.notMatch(result.reason, /SECRET|workflows|sig/)
  return result
}

async function standIn(t: Test, shape?: FlowShape) {
  const server = await startTeamsStandIn(shape, { path, isPatient: true })
  t.teardown(() => server.close())
  return server
}

const ofAlerts = (parts: object): Message => ({
  kind: 'alerts',
  alerts: [{ ...alert, ...parts }],
})
const card = (sent: Message) => teamsMessage(sent, 'card') as TeamsCard
const bytesOf = (body: unknown) => Buffer.byteLength(JSON.stringify(body))

t.test('a flow that was started is a delivery, and posts the card', async t => {
  const delivered = { outcome: 'delivered', reason: 'answered 202' }
  for (const [shape, settings] of [
    ['message', {}],
    ['message', { shape: 'message' }],
    ['card', { shape: 'card' }],
  ] as const) {
    const server = await standIn(t, shape)
    const { url } = server
    t.strictSame(await attempt(t, { url, ...settings }), delivered)
    const digest: Message = { kind: 'digest', digest: sampleDigest() }
    t.strictSame(await attempt(t, { url, ...settings }, digest), delivered)
    t.strictSame(server.runs, [{ posted: text }, { posted: digestText }], shape)
    t.equal(
      server.requests[0]?.headers['content-type'],
      'application/json; charset=utf-8',
    )
    t.notMatch(JSON.stringify(server.requests), /of the entry|the line/)
  }
})

t.test('a flow of the other shape is started too, and fails unseen', async t => {
  const message = await standIn(t, 'message')
  const card = await standIn(t, 'card')
  for (const settings of [
    { url: message.url, shape: 'card' },
    { url: card.url, shape: 'message' },
  ]) {
    t.match(await attempt(t, settings), { outcome: 'delivered' })
  }
  t.match(message.runs, [{ failed: /foreach.*Null/ }])
  t.match(card.runs, [{ failed: 'no valid card: type message' }])
})

t.test('one message a second; what belongs together goes together', async t => {
  const notifier = teams.create(
    'teams-ops',
    { url: 'https://a.example/' },
    { env: {}, now },
  )
  t.match(notifier, { name: 'teams-ops', intervalMs: 1_000, digestOver: 5 })
  const low = { ...alert, severity: 'low' as const }
  t.strictSame(notifier.split?.([low, alert]), [[alert, low]])
  await notifier.close()
})

const connectorSays =
  'Webhook message delivery failed with error: Microsoft Teams endpoint returned'
const classes: [Answer, Attempt][] = [
  [
    { status: 202, body: 'an error' },
    { outcome: 'delivered', reason: 'answered 202' },
  ],
  [
    { status: 202, body: `${connectorSays} HTTP error 429` },
    { outcome: 'delivered', reason: 'answered 202' },
  ],
  [{ status: 200 }, { outcome: 'delivered', reason: 'answered 200' }],
  [
    { status: 200, body: '1' },
    { outcome: 'delivered', reason: 'answered 200 1' },
  ],
  [
    { status: 201, body: '{"ok":true}' },
    { outcome: 'delivered', reason: 'answered 201 {"ok":true}' },
  ],
  [
    { status: 200, body: '{"ok":true,"error":null}' },
    { outcome: 'delivered', reason: 'answered 200 {"ok":true,"error":null}' },
  ],
  [
    { status: 200, body: '0 failures, no error' },
    { outcome: 'delivered', reason: 'answered 200 0 failures, no error' },
  ],
  [
    { status: 200, body: `${connectorSays} HTTP error 429 with ContextId SECRET02-_x` },
    { outcome: 'retry', reason: 'answered 200, in which Teams answered 429' },
  ],
  [
    { status: 200, body: `${connectorSays} HTTP error 413 with ContextId x` },
    { outcome: 'refused', reason: 'answered 200, in which Teams answered 413' },
  ],
  [
    { status: 200, body: `${connectorSays} HTTP error 404` },
    { outcome: 'suspended', reason: 'answered 200, in which Teams answered 404' },
  ],
  [
    { status: 200, body: 'The post failed: SECRET01' },
    { outcome: 'delivered', reason: 'answered 200 The post failed: …' },
  ],
  [
    { status: 200, body: 'Webhook message delivery failed' },
    { outcome: 'retry', reason: 'answered 200 Webhook message delivery failed' },
  ],
  [
    { status: 200, body: '\n<html>Log in' },
    { outcome: 'retry', reason: 'answered 200 <html>Log in' },
  ],
  [
    { status: 202, ending: 'close' },
    { outcome: 'delivered', reason: 'answered 202, cut off' },
  ],
  [
    { status: 200, ending: 'close' },
    { outcome: 'retry', reason: 'answered 200 and no text, cut off' },
  ],
  [
    refusal(400, 'TriggerInputSchemaMismatch'),
    { outcome: 'refused', reason: 'answered 400 TriggerInputSchemaMismatch' },
  ],
  [
    refusal(400, 'WorkflowTriggerIsNotEnabled'),
    { outcome: 'suspended', reason: 'answered 400 WorkflowTriggerIsNotEnabled' },
  ],
  [
    refusal(401, 'DirectApiAuthorizationRequired'),
    {
      outcome: 'suspended',
      reason: 'answered 401 DirectApiAuthorizationRequired',
    },
  ],
  [
    { status: 403, body: path },
    { outcome: 'suspended', reason: 'answered 403' },
  ],
  [
    refusal(404, 'WorkflowNotFound'),
    { outcome: 'suspended', reason: 'answered 404 WorkflowNotFound' },
  ],
  [{ status: 410 }, { outcome: 'suspended', reason: 'answered 410' }],
  [
    { status: 413, body: `{"error":{"code":"${path}"}}` },
    { outcome: 'refused', reason: 'answered 413' },
  ],
  [
    {
      status: 429,
      headers: { 'retry-after': '12' },
      body: '{"error":{"code":"Throttled',
    },
    { outcome: 'retry', reason: 'answered 429', retryAfterMs: 12_000 },
  ],
  [
    { status: 429, body: `{"error":{"code":"Throttled","message":"${'x'.repeat(9_000)}` },
    { outcome: 'retry', reason: 'answered 429 Throttled' },
  ],
  [refusal(502, 'NoResponse'), { outcome: 'retry', reason: 'answered 502 NoResponse' }],
  [
    { status: 302, headers: { location: path } },
    { outcome: 'suspended', reason: 'answered 302, a redirect' },
  ],
]

for (const [answer, expected] of classes) {
  t.test(`answered ${JSON.stringify(answer).slice(0, 90)}`, async t => {
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
})

t.test('the URL is of a workflow, not of a retired connector', async t => {
  const { url, shape } = teams.keys
  t.strictSame(Object.keys(teams.keys), ['url', 'shape', 'proxy', 'ca_file'])
  t.equal(url?.isRequired, true)
  for (const host of [
    'default0a1b.2c.environment.api.powerplatform.com',
    'prod-23.westeurope.logic.azure.com:443',
    'webhook.office.com.example',
    'notwebhook.office.com',
  ]) {
    t.strictSame(url?.parse(`https://${host}${path}`), {
      value: `https://${host}${path}`,
    })
  }
  for (const host of [
    'contoso.webhook.office.com',
    'CONTOSO.WEBHOOK.OFFICE.COM',
    'webhook.office.com',
    'outlook.office.com',
    'outlook.office365.com',
  ]) {
    const fault = url?.parse(
      `https://${host}/webhookb2/SECRET@SECRET/IncomingWebhook/SECRET`,
    )
    t.match(
      fault,
      /^is a retired .*create a workflow .*"When a Teams webhook request/,
      host,
    )
    t.notMatch(fault, 'SECRET')
  }
  t.match(url?.parse('contoso/SECRET'), /^must be an http:\/\/ or https:\/\/ URL/)
  t.match(shape?.parse('bare'), 'must be message or card, got "bare"')
  t.strictSame(shape?.parse('card'), { value: 'card' })
})

t.test(
  'the severity is the colour; the title is bold, the command monospaced',
  async t => {
    const styles = ['critical', 'high', 'medium', 'low', 'info'].map(severity => {
      const [first] = card(ofAlerts({ severity })).body
      return first?.type === 'Container' ? first.style : first
    })
    t.strictSame(styles, ['attention', 'attention', 'warning', 'accent', 'default'])
    const { body } = card(message)
    t.match(body[0], {
      items: [
        { inlines: [{ text: /^critical: Root/, weight: 'Bolder' }] },
        { inlines: [{ text: /^alert 6f6f/, weight: undefined }] },
      ],
    })
    t.match(body.at(-1), { inlines: [{ text: /^find: jq/, fontType: 'Monospace' }] })
    t.match(card(message), { version: '1.4', msteams: { width: 'Full' } })
  },
)

const hostile: Record<string, string> = {
  'a mention': '<at>everyone</at> @everyone <@all>',
  'a link': '[https://vault.example](https://evil.example) <https://evil.example>',
  'a bare link': 'https://evil.example/ mailto:a@evil.example',
  'a bare address': 'reset at evil.com/reset?u=1 or a@evil.com, \\\\evil.com\\share',
  formatting: '**bold** _italic_ ~~struck~~ `code` # head',
  'a list': '- item 1. item',
  HTML: '<b>b</b> <img src=x onerror=alert(1)> &lt;b&gt; &amp;',
  'a date': '{{DATE(2017-02-14T06:08:39Z, SHORT)}} {{{TIME(2017-02-14T06:08:39Z)}}}',
  braces: '{{{{DATE(2017-02-14T06:08:39Z)}}}} ${x} @{x} {{x}} {{DATE({{DATE(',
  JSON: '"}],"actions":[{"type":"Action.OpenUrl"}] \\u0022 \\',
}

for (const [name, data] of Object.entries(hostile)) {
  t.test(`${name} in the log stays text`, async t => {
    const server = await standIn(t)
    const sent = ofAlerts({ title: data, facts: { ...alert.facts, who: data } })
    t.match(await attempt(t, { url: server.url }, sent), { outcome: 'delivered' })
    const titles = [data]
    const digest: Message = { kind: 'digest', digest: sampleDigest({ titles }) }
    t.match(await attempt(t, { url: server.url }, digest), { outcome: 'delivered' })
    const [alerts = '', sum = ''] = server.runs.map(run =>
      'posted' in run ? run.posted : '',
    )
    t.ok(restored(alerts).startsWith(`critical: ${data}\n`))
    t.ok(restored(alerts).includes(`\nwho: ${data}\n`))
    t.ok(restored(sum).endsWith(`\nfirst titles: ${data}`))
    for (const said of [alerts, sum])
      t.notMatch(said.replace(/^find: .*$/m, ''), linkable)
    const types = [...JSON.stringify(card(sent)).matchAll(/"type":"(\w+)"/g)].map(
      m => m[1],
    )
    t.strictSame(
      new Set(types),
      new Set(['AdaptiveCard', 'Container', 'RichTextBlock', 'TextRun']),
      'nothing that renders Markdown, and nothing to click',
    )
    t.notMatch(JSON.stringify(server.requests), /"(?:entities|actions|selectAction)":/)
  })
}

t.test('the stand-in would show what works in other elements', async t => {
  const said = '[a](b) **c** <at>d</at> {{DATE(2017-02-14T06:08:39Z)}}'
  const live = 'LINK a (b) c PING d DATE of 2017-02-14T06:08:39Z'
  const value = { type: 'TextRun', text: said }
  t.equal(renderedCard({ body: [{ type: 'TextBlock', text: said }] }), live)
  t.equal(renderedCard({ body: [{ type: 'FactSet', facts: [{ title: said }] }] }), live)
  t.equal(
    renderedCard({ body: [{ type: 'RichTextBlock', inlines: [value] }] }),
    '[a](b) **c** <at>d</at> DATE of 2017-02-14T06:08:39Z',
  )
})

t.test('one alert with the longest texts takes less than 20,480 bytes', async t => {
  const server = await standIn(t)
  for (const part of ['"', '\\', '€', '.€', '@a', '🔥', '{{DATE(', '{{TIME(x)}} ', '<']) {
    const long = (max: number) => part.repeat(500).slice(0, max)
    const facts = {
      who: long(300),
      what: long(300),
      where: long(300),
      request: long(300),
      find: '"'.repeat(1_000),
    }
    const title = part.length === 2 ? long(500) : `${long(499)}.`
    const sent = ofAlerts({ title, rule: 'r'.repeat(100), facts })
    t.match(await attempt(t, { url: server.url }, sent), { outcome: 'delivered' })
    const { bytes } = server.requests.at(-1)!
    t.ok(bytes <= 20_480, `${part}: ${bytes}`)
    const posted = (server.runs.at(-1) as { posted: string }).posted
    t.ok(restored(posted).startsWith(`critical: ${title}\n`))
    t.ok(restored(posted).includes(`\nrequest: ${facts.request}\n`))
    t.ok(posted.endsWith(`\nfind: ${facts.find}`))
  }
  t.match(card(ofAlerts({ facts: { find: 'x'.repeat(1_001) } })).body.at(-1), {
    inlines: [{ text: 'find: by the alert id in the alert log' }],
  })
})

t.test('the largest digest takes less than 20,480 bytes', async t => {
  const server = await standIn(t)
  for (const part of ['"', '€', '.€', '🔥', '{{DATE(']) {
    const digest = largestDigest(part.repeat(500 / part.length), '"'.repeat(1_000))
    const sent: Message = { kind: 'digest', digest }
    t.match(await attempt(t, { url: server.url }, sent), { outcome: 'delivered' })
    const { bytes } = server.requests.at(-1)!
    t.ok(bytes <= 20_480, `${part}: ${bytes}`)
    const posted = (server.runs.at(-1) as { posted: string }).posted
    t.match(posted, `alerts ${digest.firstId} to ${digest.lastId}`)
    t.match(posted, `\nfind: ${digest.find}\n`)
    t.equal(posted.match(/^first titles: .{140,}…$/gmu)?.length, 5)
    t.equal(posted.match(/^99999999 of rule \dr{99}$/gm)?.length, 10)
  }
})

t.test(
  'of a digest, a title is cut only where its line takes over 310 characters',
  async t => {
    const said = (title: string) =>
      renderedCard({ ...card({ kind: 'digest', digest: largestDigest(title, 'x') }) })
    t.match(said('x'.repeat(296)), /^first titles: x{296}$/m)
    t.match(said('x'.repeat(297)), /^first titles: x{295}…$/m)
  },
)

t.test('many alerts: as few messages as hold them, the most severe first', async t => {
  const alerts = Array.from({ length: 50 }, (_, i) => ({
    ...alert,
    id: `${i}`.padStart(32, '0'),
    severity: i === 49 ? ('critical' as const) : ('low' as const),
  }))
  const chunks = teamsChunks(alerts)
  t.strictSame(
    chunks.map(chunk => chunk.length),
    [20, 20, 10],
  )
  t.equal(chunks[0]?.[0]?.id, alerts[49]?.id)
  const long = alerts.map(one => ({ ...one, title: '{{DATE('.repeat(71) }))
  t.ok(teamsChunks(long).every(chunk => chunk.length === 2))
  t.strictSame(teamsChunks([]), [])
  t.throws(() => teamsMessage({ kind: 'alerts', alerts: [] }, 'card'), RangeError)
})

t.test(
  'any alerts and digests: posted, within the limit, ids and titles whole',
  async t => {
    const server = await standIn(t)
    const notifier = teams.create('teams', { url: server.url }, { env: {}, now })
    t.teardown(() => notifier.close())
    const post = async (sent: Message) => {
      const { outcome, reason } = await notifier.send(sent, never)
      if (outcome !== 'delivered') throw new Error(reason)
      const run = server.runs.at(-1)!
      if ('failed' in run) throw new Error(run.failed)
      const { bytes } = server.requests.at(-1)!
      if (bytes > 20_480) throw new Error(`${bytes} bytes`)
      if (bytes !== bytesOf(teamsMessage(sent, 'message'))) throw new Error('not all')
      const live = run.posted.split('\n').find(line => linkable.test(line))
      if (live !== undefined && !live.startsWith('find: ')) throw new Error(live)
      return restored(run.posted).split('\n')
    }
    const property = fc.asyncProperty(anyAlerts, anyDigest, async (alerts, digest) => {
      const ids: string[] = []
      for (const chunk of teamsChunks(alerts)) {
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
  },
)
