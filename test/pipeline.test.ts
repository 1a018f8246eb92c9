import t from 'tap'
import { createCounters } from '../src/counters.js'
import type { Diagnostics } from '../src/diagnostics.js'
import type { Log } from '../src/entry/entry.js'
import { createPipeline } from '../src/pipeline.js'
import { compileRule } from '../src/rule/compile-rule.js'
import type { Rule } from '../src/rule/rule.js'
import { auditLine, serverLine } from './fixtures/entries.js'

const now = Date.parse('2026-03-02T12:00:00Z')

function rule(part: Partial<Rule>): Rule {
  return {
    id: 'a',
    log: 'audit',
    title: '{{request.path}}',
    severity: 'low',
    when: { 'request.path': { startsWith: 'sys/' } },
    tests: [],
    ...part,
  }
}

function pipelineOf(rules: readonly Rule[], log: Log = 'audit') {
  const counters = createCounters()
  const said: string[] = []
  const say = (message: string) => void said.push(message)
  const diagnostics: Diagnostics = { error: say, warn: say, info: say, debug: say }
  const compiled = rules.map(r => compileRule(r, new Map(), (_, fault) => t.fail(fault)))
  const alertLog = '/var/log/vault/audit.alert'
  const parts = { log, rules: compiled, alertLog, counters, diagnostics, now: () => now }
  return { ...createPipeline(parts), counters, said }
}

t.test('request and response of one request alert once a rule', async t => {
  const { line, counters } = pipelineOf([rule({}), rule({ id: 'b' })])
  t.strictSame(
    line(auditLine()).map(alert => alert.rule),
    ['a', 'b'],
  )
  t.strictSame(line(auditLine({}, 'response')), [])
  t.strictSame(line(auditLine()), [])
  t.equal(counters.get('repeats'), 4)
  t.equal(line(auditLine({ id: 'another' })).length, 2)
  t.equal(counters.get('alerts'), 4)
})

t.test('a rule that matches only the response alerts on it', async t => {
  const { line } = pipelineOf([rule({ when: { type: 'response' } })])
  t.equal(line(auditLine()).length, 0)
  t.equal(line(auditLine({}, 'response')).length, 1)
})

t.test('without a request id, only the same entry again is a repeat', async t => {
  const { line } = pipelineOf([rule({})])
  t.equal(line(auditLine({ id: undefined })).length, 1)
  t.equal(line(auditLine({ id: undefined })).length, 0)
  t.equal(line(auditLine({ id: '', remote_port: 51821 })).length, 1)
})

t.test('the most severe alert of a line comes first', async t => {
  const severities = ['info', 'critical', 'medium', 'high'] as const
  const { line } = pipelineOf(
    severities.map(severity => rule({ id: severity, severity })),
  )
  const alerts = line(auditLine())
  t.strictSame(
    alerts.map(alert => alert.severity),
    ['critical', 'high', 'medium', 'info'],
  )
})

t.test('rules that are off, or of the other log, are left aside', async t => {
  const { line } = pipelineOf([
    rule({ enabled: false }),
    rule({ id: 'b', log: 'server', title: 'b', when: { line: { contains: 'sys' } } }),
  ])
  t.strictSame(line(auditLine()), [])
})

t.test('an alert carries the event time and the clock time', async t => {
  const { line } = pipelineOf([rule({})])
  const [alert] = line(auditLine())
  t.equal(alert?.time, '2026-03-02T10:15:30.412345678Z')
  t.equal(alert?.raised, '2026-03-02T12:00:00.000Z')
})

t.test(
  'a line without a time takes the one before, and the clock before the first',
  async t => {
    const any = rule({
      log: 'server',
      title: 'a',
      when: { message: { contains: 'shutdown' } },
    })
    const { line } = pipelineOf([any], 'server')
    const header = '<30> node-1 vault[812]: '
    t.equal(
      line(`${header}==> Vault shutdown triggered`)[0]?.time,
      '2026-03-02T12:00:00.000Z',
    )
    line(serverLine())
    const [alert] = line('<30> node-2 vault[812]: ==> Vault shutdown triggered')
    t.equal(alert?.time, '2026-03-02T10:15:30.412Z')
  },
)

t.test('blank and MARK lines are counted and are no entries', async t => {
  const { line, counters, said } = pipelineOf([])
  for (const text of [
    '',
    '  \t',
    '-- MARK --',
    '<46> 2026-03-02T10:15:30+00:00 h -- MARK --',
    'Mar  2 10:15:30 h -- MARK --',
  ]) {
    line(text)
  }
  t.equal(counters.summary(), 'lines=5 blank=2 marks=3')
  t.strictSame(said, [])
})

t.test('an attacker cannot dress an entry up as a MARK line', async t => {
  const { line } = pipelineOf([rule({})])
  t.equal(line('{"request":{"path":"sys/a","id":"-- MARK --"}}').length, 1)
  t.equal(line('{"request":{"path":"sys/b -- MARK --"}}').length, 1)
  const any = rule({ log: 'server', title: 'a', when: { line: { contains: 'MARK' } } })
  const server = pipelineOf([any], 'server')
  t.equal(server.line(serverLine('core: x -- MARK --')).length, 1)
  t.equal(server.line('<30> 2026-03-02T10:15:30+00:00 h vault[1]: -- MARK --').length, 1)
  t.equal(server.line('2026-03-02T10:15:30.412Z [INFO]  core: -- MARK --').length, 1)
})

t.test(
  'lines that cannot be decoded are counted, and sampled ever more rarely',
  async t => {
    const { line, rest, counters, said } = pipelineOf([rule({})])
    for (let i = 0; i < 1000; i++)
      line(`{"request":{"path":"sys/ hvs.CAESIJ1234567890 ${i}`)
    rest('{"half')
    t.equal(counters.get('undecodable'), 1000)
    t.equal(counters.get('truncated'), 1)
    t.equal(said.length, 11)
    t.match(
      said[0],
      /^line not decoded \(not valid JSON, or cut off; 1 so far\): \{"request"/,
    )
    t.notMatch(said.join('\n'), /CAESIJ/)
  },
)

t.test('a last line without its newline alerts where it is whole', async t => {
  t.equal(pipelineOf([rule({})]).rest(auditLine()).length, 1)
})

const overlong = {
  bytes: 70_000_000,
  head: '{"request":{"path":"sys/a","token":"hvs.CAESIJ1234567890"} hvs.CA',
  tail: 'ESIJ1234567890secret"} the end',
  digest: 'd1',
}

t.test('an overlong line is an alert that names the rules it may concern', async t => {
  const { overlong: read, counters } = pipelineOf([
    rule({ id: 'seen' }),
    rule({ id: 'unseen', when: { 'request.path': 'sys/seal' } }),
    rule({ id: 'untold', when: { 'request.ttl': { not: 5 } } }),
  ])
  const [alert, ...others] = read({ ...overlong, literals: new Set(['sys/']) })
  t.strictSame(others, [])
  t.equal(alert?.rule, 'handler-line-overlong')
  t.equal(
    alert?.title,
    'A line of 70000000 bytes is too long to be matched; rules it may concern: seen untold',
  )
  t.match(alert?.line, /^\{"request".*hvs\.\[masked\].* … .*the end$/)
  t.notMatch(alert?.line, /CA|ESIJ/, 'nor halves of a token')
  t.strictSame(read({ ...overlong, literals: new Set() }), [], 'and once')
  t.equal(counters.get('overlong'), 2)
})

t.test('an overlong line has the time of the entry before it', async t => {
  const { overlong: read, line } = pipelineOf([])
  const of = (digest: string) => read({ ...overlong, digest, literals: new Set() })[0]
  const first = of('d1')
  t.equal(first?.time, first?.raised, 'or the clock, before there is any')
  line(auditLine())
  t.match(of('d2'), {
    time: '2026-03-02T10:15:30.412345678Z',
    raised: '2026-03-02T12:00:00.000Z',
  })
  t.equal(of('d1'), undefined, 'and is the same line still')
})

t.test('the memory of alerts is bounded, and what is forgotten is counted', async t => {
  const { line, counters } = pipelineOf([rule({})])
  for (let i = 0; i < 200_000; i++) line(`{"request":{"id":"${i}","path":"sys/a"}}`)
  t.equal(counters.get('forgotten_ids'), 100_000)
  t.equal(line('{"request":{"id":"0","path":"sys/a"}}').length, 1)
  t.equal(line('{"request":{"id":"100000","path":"sys/a"}}').length, 0)
})

t.test(
  'an overlong line with escapes may hide any literal, and clears no rule',
  async t => {
    const { overlong: read, literals } = pipelineOf([rule({ id: 'unseen' })])
    t.strictSame(literals, ['sys/', '\\u', '\\/'])
    for (const escape of ['\\u', '\\/']) {
      const [alert] = read({ ...overlong, digest: escape, literals: new Set([escape]) })
      t.match(alert?.title, /rules it may concern: unseen$/)
    }
  },
)
