import t from 'tap'
import { essentialLines, plainMessage } from '../../src/notify/plain-message.js'
import { sampleAlert, sampleDigest } from '../fixtures/alerts.js'

const alert = sampleAlert()
const ofAlerts = (...alerts: (typeof alert)[]) => plainMessage({ kind: 'alerts', alerts })
const ofDigest = (parts: Parameters<typeof sampleDigest>[0]) =>
  plainMessage({ kind: 'digest', digest: sampleDigest(parts) })

t.test('alerts: the titles and ids of all, the facts of the first', async t => {
  const second = sampleAlert({ id: 'second', severity: 'low', title: 'Another' })
  const { subject, essential, details } = ofAlerts(alert, second)
  t.equal(subject, `critical: ${alert.title}`)
  t.strictSame(essential, [
    `critical: ${alert.title}`,
    'alert 6f1e0c9a7b3d4e52, rule generate-root-accessed',
    'low: Another',
    'alert second, rule generate-root-accessed',
  ])
  t.strictSame(essential, [...essentialLines(alert), ...essentialLines(second)])
  t.strictSame(
    details,
    [`when: ${alert.time}`, `find: ${alert.facts.find}`],
    'what is not known is left out',
  )
  const facts = { who: 'a', what: '', where: 'c', request: 'd', find: 'f' }
  t.strictSame(ofAlerts(sampleAlert({ facts })).details, [
    'who: a',
    'where: c',
    `when: ${alert.time}`,
    'request: d',
    'find: f',
  ])
  t.throws(() => ofAlerts(), RangeError)
})

t.test('a digest: counts, ids and the command first, then rules and titles', async t => {
  const { subject, essential, details } = ofDigest({ reason: 'replay', otherRules: 0 })
  t.equal(subject, 'critical: 14 alerts found by a replay of the logs')
  t.strictSame(essential, [
    subject,
    '2 critical, 12 low',
    `alerts ${'0a'.repeat(16)} to ${'9f'.repeat(16)}`,
    'from 2026-11-23T20:37:00Z to 2026-11-23T20:41:12Z',
    'find: grep -hF vault-digest /var/log/vault/audit.alert',
  ])
  t.strictSame(details, [
    '2 of rule generate-root-accessed',
    '11 of rule login-failed',
    'first titles: Root token generation path accessed: sys/generate-root/attempt',
  ])
  t.match(ofDigest({}).details, [
    '2 of rule generate-root-accessed',
    /./,
    '1 of other rules',
  ])
})

t.test('a command is whole in up to 1,000 bytes, and else it is not there', async t => {
  const long = `x${'€'.repeat(333)}`
  const of = (find: string) => ofAlerts(sampleAlert({ facts: { find } })).details.at(-1)
  t.equal(of(long), `find: ${long}`)
  t.equal(of(`${long}x`), 'find: by the alert id in the alert log')
  t.equal(ofDigest({ find: long }).essential.at(-1), `find: ${long}`)
  const none = 'find: by these ids in the alert log'
  t.equal(ofDigest({ find: `${long}x` }).essential.at(-1), none)
})
