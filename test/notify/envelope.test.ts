import { Ajv2020 } from 'ajv/dist/2020.js'
import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { alertRecord } from '../../src/alert/alert-record.js'
import type { Alert } from '../../src/alert/alert.js'
import { envelope, labels, oneByOne } from '../../src/notify/envelope.js'
import type { Message } from '../../src/notify/notifier.js'
import { sampleAlert, sampleDigest } from '../fixtures/alerts.js'

const alert = sampleAlert({
  id: 'c0ffee00c0ffee00c0ffee00c0ffee00',
  tags: ['root'],
  facts: { who: 'alice', find: 'grep -F c0ffee00 /var/log/vault/audit.alert' },
})
const one = (parts: Partial<Alert> = {}): Message => ({
  kind: 'alerts',
  alerts: [{ ...alert, ...parts }],
})
const digest = sampleDigest()
const read = (text: string) => JSON.parse(text) as Record<string, Record<string, unknown>>

t.test('an alert: the record of the alert log, and the facts', async t => {
  const entryJson = '{"type":"request","n":12345678901234567890,"request":{"id":"1"}}'
  const text = envelope(one({ entryJson }))
  t.notMatch(text, /\n/)
  const { version, kind, alert: record, facts, ...others } = read(text)
  t.strictSame([version, kind, others], [1, 'alert', {}])
  t.strictSame(record, read(alertRecord({ ...alert, entryJson })))
  t.strictSame(facts, alert.facts)
  t.match(text, '"n":12345678901234567890,', 'the entry is as it was written')
})

t.test('its record is what the published schema says', async t => {
  const schema = readFileSync(
    new URL('../../rules/schema/alert.schema.json', import.meta.url),
    'utf8',
  )
  const validate = new Ajv2020({ allowUnionTypes: true }).compile(
    JSON.parse(schema) as object,
  )
  for (const parts of [{}, { entryJson: '{"a":1}' }, { line: '<13>1 x' }]) {
    t.ok(validate(read(envelope(one(parts)))['alert']), JSON.stringify(validate.errors))
  }
  t.notOk(validate(read(envelope(one({ title: '' })))['alert']))
})

t.test('a digest: all that is in it', async t => {
  t.strictSame(JSON.parse(envelope({ kind: 'digest', digest })), {
    version: 1,
    kind: 'digest',
    digest,
  })
})

t.test('an entry or a line that does not fit is left out, and its size told', async t => {
  const entryJson = JSON.stringify({ data: 'é'.repeat(1_000) })
  const line = '🔥'.repeat(1_000)
  for (const [parts, omitted] of [
    [{ entryJson }, { entry: 2_011 }],
    [{ line }, { line: 4_000 }],
  ] as const) {
    const whole = envelope(one(parts))
    const bytes = Buffer.byteLength(whole)
    t.equal(envelope(one(parts), bytes), whole)
    const smaller = envelope(one(parts), bytes - 1)
    t.strictSame(read(smaller)['omitted'], omitted)
    t.strictSame(read(smaller)['alert'], read(alertRecord(alert)))
    t.strictSame(read(smaller)['facts'], alert.facts)
    t.ok(Buffer.byteLength(smaller) < 1_000)
  }
})

t.test('labels: of an alert, and of a digest, which has no rule', async t => {
  t.strictSame(labels(one()), {
    id: alert.id,
    severity: 'critical',
    rule: 'generate-root-accessed',
    log: 'audit',
  })
  t.strictSame(labels({ kind: 'digest', digest }), {
    id: digest.id,
    severity: 'critical',
  })
})

t.test('one alert an envelope, neither none nor several', async t => {
  for (const alerts of [[], [alert, alert]]) {
    t.throws(() => envelope({ kind: 'alerts', alerts }), RangeError)
    t.throws(() => labels({ kind: 'alerts', alerts }), RangeError)
  }
  const outcome = { ...alert, id: '2', of: alert.id, outcome: 'denied' }
  t.strictSame(oneByOne([{ ...alert, event: 'request' }, outcome]), [
    [{ ...alert, event: alert.id }],
    [{ ...outcome, event: alert.id }],
  ])
})

t.test(
  'any text comes back but for half characters, in what XML and UTF-8 can carry',
  async t => {
    // As UTF-8 has it: U+FFFD for each half.
    const whole = (some: string) => Buffer.from(some).toString()
    const text = fc
      .string({ unit: 'binary', maxLength: 50 })
      .map(some => `${some}\ud800\uffff`)
    const property = fc.property(text, text, text, (title, who, member) => {
      const entryJson = `{"member":"${JSON.stringify(member).slice(1, -1)}\ufffe\udfff"}`
      const sent = envelope(one({ title, entryJson, facts: { who, find: title } }))
      if (/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(sent)) {
        throw new Error('no XML')
      }
      const arrived = read(Buffer.from(sent).toString())
      if (
        arrived['alert']?.['title'] !== whole(title) ||
        arrived['facts']?.['who'] !== whole(who) ||
        (arrived['alert']['entry'] as Record<string, string>)['member'] !==
          whole(`${member}\ufffe\udfff`)
      ) {
        throw new Error('another text')
      }
    })
    t.doesNotThrow(() => fc.assert(property))
  },
)
