import * as fc from 'fast-check'
import t from 'tap'
import type { Alert } from '../../src/alert/alert.js'
import type { Digest } from '../../src/alert/digest.js'
import {
  slackChunks,
  slackMessage,
  withoutBlocks,
  type SlackMessage,
} from '../../src/notify/slack-message.js'
import { severities } from '../../src/rule/severity.js'
import { largestDigest, sampleAlert, sampleDigest } from '../fixtures/alerts.js'
import { rendered } from '../fixtures/slack-stand-in.js'

const plain = sampleAlert({
  facts: {
    who: 'token-alice, policies admin',
    what: 'update sys/generate-root/attempt: succeeded',
    where: '10.0.0.7, namespace root',
    request: '9c1d4d39-6a60-4c1e-a2f7-5b4f0d9a7a10',
    find: "grep -hF '9c1d4d39-6a60-4c1e-a2f7-5b4f0d9a7a10' /var/log/vault/audit",
  },
})

const ofAlerts = (alerts: readonly Alert[]) => slackMessage({ kind: 'alerts', alerts })
const ofDigest = (digest: Digest) => slackMessage({ kind: 'digest', digest })

/** All that a message says, in its blocks and in its text. */
const variants = (message: SlackMessage) => [
  rendered(message),
  rendered(withoutBlocks(message)),
]
const sectionTexts = ({ blocks }: SlackMessage) =>
  blocks.flatMap(({ type, text }) => (type === 'section' ? [text.text] : []))

t.test('one alert: severity, title, id, rule, facts and how to find it', async t => {
  const message = ofAlerts([plain])
  const facts = `who token-alice, policies admin
what update sys/generate-root/attempt: succeeded
where 10.0.0.7, namespace root
when 2026-11-23T20:37:00Z
request 9c1d4d39-6a60-4c1e-a2f7-5b4f0d9a7a10
find grep -hF '9c1d4d39-6a60-4c1e-a2f7-5b4f0d9a7a10' /var/log/vault/audit`
  const alert = `🔴 critical Root token generation path accessed: sys/generate-root/attempt
alert 6f1e0c9a7b3d4e52 · rule generate-root-accessed`
  const [blocks, text] = variants(message)
  t.equal(blocks, `🔴 critical alert in the audit log\n${alert}\n${facts}`)
  t.equal(text, `${alert}\n${facts}`)
  t.match(message, { parse: 'none', link_names: false, unfurl_links: false })
  t.equal(message.unfurl_media, false)
})

t.test('several alerts on one event: the most severe first, the facts once', async t => {
  const titles = [
    ['low', 'a low one'],
    ['high', 'a high one'],
    ['info', 'an info'],
    ['high', 'another high one'],
  ] as const
  const alerts = titles.map(([severity, title], i) => ({
    ...plain,
    id: `id${i}`,
    severity,
    title,
  }))
  const message = ofAlerts(alerts)
  t.match(rendered(message), /^🟠 high and 3 more alerts in the audit log\n/)
  for (const said of variants(message)) {
    const order = said.match(/(?:🟠|🔵|⚪) .*(?=\nalert)/g)
    t.strictSame(order, [
      '🟠 high a high one',
      '🟠 high another high one',
      '🔵 low a low one',
      '⚪ info an info',
    ])
    t.strictSame(said.match(/id\d/g), ['id1', 'id3', 'id0', 'id2'])
    t.equal(said.match(/^who /gm)?.length, 1)
  }
  t.match(rendered(ofAlerts(alerts.slice(0, 2))), 'high and 1 more alert in')
})

t.test('facts that are not known are left out; empty data is a dash', async t => {
  const { who: _who, request: _request, ...facts } = plain.facts
  const bare = { ...plain, title: ' ', facts: { ...facts, where: '' } }
  for (const said of variants(ofAlerts([bare]))) {
    t.notMatch(said, /^(?:who|where|request)/m)
    t.match(said, /^what .*\nwhen /m)
    t.match(said, '🔴 critical -\n')
  }
})

const hostile: Record<string, string> = {
  'a channel mention': '<!channel> <!here|x> <!everyone>',
  'a user mention': '<@U1> <@W1|root> <!subteam^S1>',
  'a link': '<https://evil.example/|https://vault.example/>',
  'a bare link': 'https://evil.example/ mailto:a@evil.example evil.example',
  'names to link': '@here @channel #general',
  formatting: '*bold* _italic_ ~struck~',
  'a quote': '&gt; quoted > quoted',
  emoji: ':rotating_light: :+1:',
  'an escaped mention': '&lt;!channel&gt; &amp;lt;!channel&amp;gt;',
  'half an entity': '&am &amp &#60;!channel>',
}

for (const [name, text] of Object.entries(hostile)) {
  t.test(`${name} in the log stays text`, async t => {
    const message = ofAlerts([
      {
        ...plain,
        title: text,
        facts: { ...plain.facts, who: text, find: `: '${text}'` },
      },
    ])
    for (const said of variants(message)) {
      t.match(said, `🔴 critical ${text}\n`)
      t.match(said, `who ${text}\n`)
      t.match(said, `find : '${text}'`)
      t.notMatch(said, /PING|LINK|EMOJI|SPLIT/)
    }
    t.notMatch(JSON.stringify(message), /[<>]/)
  })
}

t.test(
  'the stand-in would show a mention, a link and an emoji outside of code',
  async t => {
    const text = '<!channel> <@U1> <https://e|x> :+1: *b*'
    const live = 'PING everyone (channel) PING user U1 LINK x (https://e) :+1: b'
    t.equal(rendered({ text }), live)
    t.equal(rendered({ text: ':fire: `:fire:`' }), 'EMOJI fire :fire:')
  },
)

t.test('the stand-in links what it is not told to leave alone', async t => {
  const text = '`https://e.example/x` @here #general mailto:a@e.example'
  const linked = 'LINK PING everyone (here) LINK LINK'
  const verbatim = text.replaceAll('`', '')
  const section = (more: object) => [
    { type: 'section', text: { type: 'mrkdwn', text, ...more } },
  ]
  t.equal(rendered({ text }), linked)
  t.equal(rendered({ text, parse: 'full' }), linked)
  t.equal(rendered({ text, parse: 'none', link_names: true }), linked)
  t.equal(rendered({ text, parse: 'none', link_names: false }), verbatim)
  t.equal(rendered({ blocks: section({}) }), linked)
  t.equal(rendered({ blocks: section({ verbatim: false }) }), linked)
  t.equal(rendered({ blocks: section({ verbatim: true }) }), verbatim)
})

t.test('the stand-in splits a long text, and cuts a longer one', async t => {
  const pieces = (chars: number) =>
    rendered({ text: 'x'.repeat(chars), parse: 'none' })
      .split('\nSPLIT\n')
      .map(piece => piece.length)
  t.strictSame(pieces(4_000), [4_000])
  t.strictSame(pieces(4_001), [4_000, 1])
  t.strictSame(pieces(50_000), [...Array.from({ length: 10 }, () => 4_000), 3])
})

const replaced: Record<string, [string, string]> = {
  'a backtick': ['a`<!channel>`b', 'aˋ<!channel>ˋb'],
  'a fence': ['```\n<!channel>', 'ˋˋˋ␊<!channel>'],
  'a line feed': ['a\nb\r\nc', 'a␊b␍␊c'],
  'other control characters': ['a\u0000\u001b[31m\u007f\u0085b', 'a␀␛[31m␡\ufffdb'],
  'line separators': ['a\u2028b\u2029c', 'a\ufffdb\ufffdc'],
  bidi: ['a\u202ecod.exe\u2066\u200f', 'a\ufffdcod.exe\ufffd\ufffd'],
  'what is invisible': ['a\u200bb\u{e0041}c\ufeffd', 'a\ufffdb\ufffdc\ufffdd'],
  'lone surrogates': ['a\ud83db\udd34c', 'a\ufffdb\ufffdc'],
}

for (const [name, [text, shown]] of Object.entries(replaced)) {
  t.test(`${name} in the log is made visible`, async t => {
    const message = ofAlerts([
      { ...plain, title: text, facts: { ...plain.facts, who: text } },
    ])
    for (const said of variants(message)) {
      t.match(said, `🔴 critical ${shown}\n`)
      t.match(said, `who ${shown}\n`)
    }
  })
}

t.test('the longest titles are whole, and leave room for the facts', async t => {
  for (const char of ['&', '<', '"', '\\', 'x', '🔥', '👩🏽']) {
    const title = char.repeat(500 / Array.from(char).length)
    const alert = { ...plain, id: 'f'.repeat(64), rule: 'r'.repeat(64), title }
    for (const said of variants(ofAlerts([alert]))) {
      t.match(said, `🔴 critical ${title}\n`)
      t.match(said, `request ${plain.facts.request}`)
      t.match(said, plain.facts.find)
    }
  }
})

t.test('a long fact is cut between code points, never inside an entity', async t => {
  for (const [text, piece] of [
    ['<', /^(?:&lt;)*…$/],
    ['🔥', /^🔥*…$/u],
    ['x🔥', /^(?:x🔥)*x?…$/u],
    ['"&', /^(?:"&amp;)*"?…$/],
  ] as const) {
    const facts = { ...plain.facts, who: text.repeat(1_000) }
    const message = ofAlerts([{ ...plain, facts }])
    for (const said of [message.text, sectionTexts(message).join('\n')]) {
      const who = /^who `(.*)`$/m.exec(said)?.[1] ?? ''
      t.match(who, piece)
      t.ok(JSON.stringify(who).length - 2 > 390 && JSON.stringify(who).length - 2 <= 400)
    }
  }
})

t.test('a fact that just fits is whole, one more character is not', async t => {
  const said = (who: string) =>
    rendered(ofAlerts([{ ...plain, facts: { ...plain.facts, who } }]))
  t.match(said('x'.repeat(400)), `who ${'x'.repeat(400)}\n`)
  t.match(said('x'.repeat(401)), `who ${'x'.repeat(399)}…\n`)
  t.match(said(`${'x'.repeat(398)}🔥`), `who ${'x'.repeat(398)}🔥\n`)
  t.match(said(`${'x'.repeat(399)}🔥`), `who ${'x'.repeat(399)}…\n`)
})

t.test('a command that is too long is left out, never cut', async t => {
  const find = `grep -F '${'x'.repeat(1_000)}' /var/log/vault/audit`
  for (const said of variants(
    ofAlerts([{ ...plain, facts: { ...plain.facts, find } }]),
  )) {
    t.match(said, 'find it by the alert id in the alert log')
    t.notMatch(said, 'grep')
  }
})

t.test(
  'chunks hold every alert once, most severe first, and usually are one',
  async t => {
    const alerts = Array.from({ length: 12 }, (_, i) => ({ ...plain, id: `id${i}` }))
    t.equal(slackChunks(alerts).length, 1)
    t.strictSame(slackChunks([]), [])
    const long = { ...plain, title: '&'.repeat(500) }
    const chunks = slackChunks([{ ...long, severity: 'info' }, long, plain])
    t.strictSame(
      chunks.map(chunk => chunk.map(alert => alert.severity)),
      [['critical'], ['critical'], ['info']],
    )
  },
)

t.test('of the shortest alerts no more go together than blocks may', async t => {
  const tiny = { ...plain, rule: 'r', title: 'x', severity: 'low' } as const
  const alerts = Array.from({ length: 100 }, (_, i) => ({ ...tiny, id: `${i}` }))
  const chunks = slackChunks(alerts)
  t.strictSame(
    chunks.map(chunk => chunk.length),
    [30, 30, 30, 10],
  )
  for (const chunk of chunks) t.ok(ofAlerts(chunk).blocks.length <= 50)
})

t.test(
  'of more alerts than fit, a message says how many; of none, it cannot be',
  async t => {
    const alerts = Array.from({ length: 100 }, (_, i) => ({ ...plain, id: `id${i}` }))
    const shown = slackChunks(alerts)[0]?.length ?? 0
    const rest = `and ${100 - shown} more, recorded in the alert log`
    for (const said of variants(ofAlerts(alerts))) t.match(said, rest)
    t.throws(() => ofAlerts([]), RangeError)
  },
)

const nasty = fc.oneof(
  fc.constantFrom('&', '<', '>', '`', '"', '\\', '\n', '\u202e', '\ud800', '🔥', ' '),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
)
const text = (max: number) =>
  fc.oneof(
    fc
      .array(nasty, { maxLength: max, size: 'max' })
      .map(parts => Array.from(parts.join('')).slice(0, max).join('')),
    fc.tuple(nasty, fc.nat(max)).map(([part, n]) => {
      return Array.from(part.repeat(n)).slice(0, max).join('')
    }),
  )
const anyAlert: fc.Arbitrary<Alert> = fc
  .record({
    id: fc.string({
      unit: fc.constantFrom(...Array.from('0123456789abcdef')),
      minLength: 16,
      maxLength: 64,
    }),
    severity: fc.constantFrom(...severities),
    title: text(500),
    rule: text(80),
    time: text(40),
    facts: fc.record({
      who: text(600),
      what: text(600),
      where: text(600),
      request: text(600),
      find: text(1_500),
    }),
  })
  .map(parts => ({ ...plain, ...parts }))

/** What data looks like in a message: the test's own words for it, not the code's. */
const shownAs = (data: string) =>
  data
    .trim()
    .replaceAll('`', 'ˋ')
    .replaceAll(/\p{Cc}/gu, c => {
      const code = c.codePointAt(0)!
      return code < 32
        ? String.fromCodePoint(0x2400 + code)
        : code === 127
          ? '␡'
          : '\ufffd'
    })
    .replaceAll(/\p{Cs}|\p{Zl}|\p{Zp}|\p{Cf}/gu, c =>
      c === '\u200c' || c === '\u200d' ? c : '\ufffd',
    ) || '-'

t.test('any alerts: within every bound, with every id and whole title', async t => {
  const property = fc.property(
    fc.array(anyAlert, { minLength: 1, maxLength: 20 }),
    alerts => {
      const chunks = slackChunks(alerts)
      const ids = (of: Alert[]) => of.map(alert => alert.id).sort()
      fc.pre(new Set(ids(alerts)).size === alerts.length)
      if (ids(chunks.flat()).join() !== ids(alerts).join())
        throw new Error('lost an alert')
      for (const chunk of chunks) {
        const message = ofAlerts(chunk)
        const { blocks } = message
        const sections = sectionTexts(message)
        const broken = [
          message.text.length > 3_500 && `text ${message.text.length}`,
          JSON.stringify(blocks).length > 10_000 &&
            `blocks ${JSON.stringify(blocks).length}`,
          blocks.length > 50 && `${blocks.length} blocks`,
          sections.some(section => section.length > 3_000) && 'a section',
          (blocks[0]?.text.text.length ?? 0) > 150 && 'the header',
          /[<>]|&(?!amp;|lt;|gt;)|\p{Cs}|\p{Cf}(?<![\u200c\u200d])/u.test(
            [message.text, ...sections].join('\n'),
          ) && 'unescaped',
        ]
        for (const said of variants(message)) {
          for (const { id, title } of chunk) {
            broken.push(!said.includes(`alert ${id} `) && `no id ${id}`)
            broken.push(!said.includes(` ${shownAs(title)}\n`) && `no title ${title}`)
          }
        }
        const faults = broken.filter(Boolean)
        if (faults.length > 0) throw new Error(faults.join(', '))
      }
    },
  )
  t.doesNotThrow(() => fc.assert(property, { numRuns: 30 }))
})

t.test(
  'a digest: counts, rules, first titles, ids, times and how to list it',
  async t => {
    const message = ofDigest(sampleDigest())
    const header = '🔴 14 alerts in one message, since there are too many to send each'
    const text = `${header}
🔴 critical 2 · 🔵 low 12
2 × generate-root-accessed
11 × login-failed
1 × other rules
first titles:
Root token generation path accessed: sys/generate-root/attempt
alerts ${'0a'.repeat(16)} to ${'9f'.repeat(16)}
from 2026-11-23T20:37:00Z to 2026-11-23T20:41:12Z
find grep -hF vault-digest /var/log/vault/audit.alert`
    for (const said of variants(message)) t.equal(said, text)
    t.match(message, { parse: 'none', link_names: false, unfurl_links: false })
    const replayed = ofDigest(sampleDigest({ reason: 'replay', otherRules: 0 }))
    for (const said of variants(replayed)) {
      t.match(said, /^🔴 14 alerts found by a replay of the logs\n/)
      t.notMatch(said, 'other rules')
    }
  },
)

/** What is wrong with a digest's message: nothing may be. */
const faultsOfDigest = (digest: Digest) => {
  const message = ofDigest(digest)
  const { blocks, text } = message
  const sections = sectionTexts(message)
  const size = JSON.stringify(blocks).length
  const { firstId, lastId, count, byRule, find, titles } = digest
  const faults = [
    text.length > 3_500 && `text ${text.length}`,
    JSON.stringify(text).length - 2 > 3_500 && `text as JSON ${text.length}`,
    size > 10_000 && `blocks ${size}`,
    sections.some(section => section.length > 3_000) && 'a section',
    (blocks[0]?.text.text.length ?? 0) > 150 && 'the header',
    /[<>]|&(?!amp;|lt;|gt;)|\p{Cs}|\p{Cf}(?<![\u200c\u200d])/u.test(
      [text, ...sections].join('\n'),
    ) && 'unescaped',
  ]
  for (const said of variants(message)) {
    const found = / ([0-9]+) alerts /.exec(said)?.[1]
    faults.push(found !== `${count}` && `count ${found}`)
    faults.push(!said.includes(`\nalerts ${firstId} to ${lastId}\n`) && 'no ids')
    for (const { rule, count } of byRule) {
      const shown = rule.length <= 64 ? rule : `${rule.slice(0, 63)}…`
      faults.push(!said.includes(`\n${count} × ${shown}\n`) && `no ${rule}`)
    }
    for (const title of titles) {
      // Each character takes at most 6 of the 200 that a title may take here.
      const start = Array.from(shownAs(title)).slice(0, 30).join('')
      faults.push(!said.includes(`\n${start}`) && `no title ${title}`)
    }
    const whole = said.endsWith(`\nfind ${shownAs(find)}`)
    const none = said.endsWith('\nfind them by these ids in the alert log')
    faults.push(!whole && !none && 'half a command')
    faults.push(none && shownAs(find).length <= 160 && 'a command left out')
    faults.push(/PING|LINK|EMOJI/.test(said) && 'something came to life')
  }
  return faults.filter(Boolean)
}

const byRule = (names: readonly string[], count: number) =>
  names.map(rule => ({ rule, severity: 'high' as const, count }))

t.test(
  'the largest digest is within the limits, and hostile titles in it stay text',
  async t => {
    for (const char of [
      '&',
      '<',
      '"',
      '\\',
      '🔥',
      '`',
      '\n',
      '*',
      ':+1:',
      '<!channel>',
    ]) {
      for (const findChars of [10, 950, 1_000, 5_000]) {
        const find = `grep -F '${'x'.repeat(findChars)}' /var/log/vault/audit.alert`
        const digest = largestDigest(char.repeat(500).slice(0, 500), find)
        t.strictSame(faultsOfDigest(digest), [], `${char}, ${findChars}`)
        const said = rendered(ofDigest(digest))
        t.equal(said.includes(digest.find), findChars < 1_000, 'whole or not at all')
      }
    }
  },
)

const anyDigest: fc.Arbitrary<Digest> = fc
  .record({
    count: fc.integer({ min: 1, max: 99_999_999 }),
    severity: fc.constantFrom(...severities),
    rules: fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/), {
      maxLength: 10,
    }),
    otherRules: fc.nat(99_999_999),
    titles: fc.array(text(500), { minLength: 1, maxLength: 5 }),
    find: text(1_500),
  })
  .map(({ rules, count, ...parts }) =>
    sampleDigest({ ...parts, count, byRule: byRule(rules, count) }),
  )

t.test('any digest: within every bound, with ids, counts and command', async t => {
  const property = fc.property(anyDigest, digest => {
    const faults = faultsOfDigest(digest)
    if (faults.length > 0) throw new Error(faults.join(', '))
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 60 }))
})
