import { readFileSync } from 'node:fs'
import t from 'tap'
import { createCounters } from '../src/counters.js'
import type { Log } from '../src/entry/entry.js'
import { createPipeline } from '../src/pipeline.js'
import { loadRules } from '../src/rule/load-rules.js'
import { ordinaryTraffic } from './fixtures/ordinary-traffic.js'

/** By line: the rules of the default pack that alert on it, and those that are off. */
type Table = Readonly<Record<number, readonly [on: string, off?: string]>>

const auditTable: Table = {
  3: ['', 'root-token-generation-polled'],
  5: ['generate-root-accessed root-token-generation-started'],
  7: ['generate-root-accessed'],
  8: ['root-token-key-share-submitted'],
  9: ['generate-root-accessed'],
  10: ['root-token-key-share-submitted'],
  11: ['generate-root-accessed'],
  12: ['root-token-generated'],
  13: ['generate-root-accessed root-token-generation-cancelled'],
  33: ['acl-policy-changed'],
  35: ['acl-policy-changed'],
  37: ['acl-policy-changed'],
  39: ['password-policy-changed'],
  41: ['', 'audit-device-probe'],
  43: ['audit-device-unsafe-option audit-device-enabled'],
  45: ['audit-device-disabled'],
  47: ['auth-method-enabled'],
  49: ['auth-method-disabled'],
  51: ['', 'secrets-engine-enabled'],
  53: ['secrets-engine-disabled'],
  55: ['mount-audit-exemption mount-moved-or-tuned'],
  57: ['mount-moved'],
  59: ['plugin-catalog-changed'],
  61: ['raw-storage-accessed'],
  63: ['raft-snapshot-taken'],
  65: ['leases-mass-revoked'],
  67: ['audited-headers-in-clear audited-headers-changed'],
  69: ['', 'quota-changed'],
  71: ['', 'log-level-or-debug'],
  73: ['vault-seal-requested'],
  74: ['step-down-requested'],
  75: ['rekey-started'],
  77: ['', 'barrier-key-rotated'],
  79: ['root-token-used'],
  80: ['root-token-created'],
  81: ['', 'token-orphan-created'],
  82: ['', 'token-long-or-no-ttl'],
  85: ['production-sensitive-path-accessed'],
  94: ['wrapping-token-invalid'],
  104: ['plaintext-secret-in-audit'],
  105: ['', 'cloud-or-db-root-config'],
}

const serverTable: Table = {
  3: ['', 'srv-started'],
  6: ['srv-unsealed'],
  7: ['', 'srv-active'],
  8: ['', 'srv-active'],
  13: ['', 'srv-silence srv-tls'],
  16: ['srv-auth-enabled'],
  17: ['srv-audit-enabled'],
  18: ['srv-audit-disabled'],
  19: ['srv-audit-request-failed'],
  20: ['srv-root-generation-initialized'],
  21: ['srv-root-generation-finished'],
  22: ['srv-rekey-initialized'],
  23: ['srv-rekeyed'],
  24: ['srv-leadership-lost'],
  25: ['srv-raft-quorum'],
  26: ['srv-disk-full srv-storage-write'],
  27: ['srv-panic'],
  28: ['srv-shutdown'],
  29: ['', 'srv-sealed-marked'],
  30: ['srv-sealed'],
}
const { rules } = await loadRules([])
const allOn = rules.map(rule => ({ ...rule, rule: { ...rule.rule, enabled: true } }))

function pipelineOf(log: Log, of = rules) {
  const counters = createCounters()
  const fail = (message: string) => t.fail(message)
  return {
    counters,
    ...createPipeline({
      log,
      rules: of,
      alertLog: `${log}.alert`,
      counters,
      diagnostics: { error: fail, warn: fail, info: fail, debug: fail },
      now: Date.now,
    }),
  }
}

function rulesByLine(log: Log, lines: readonly string[], of = rules): string[][] {
  const pipeline = pipelineOf(log, of)
  const found = lines.map(line => pipeline.line(line).map(({ rule }) => rule))
  t.equal(pipeline.counters.get('entries'), lines.length, 'every line is an entry')
  return found
}

for (const [log, file, table] of [
  ['audit', 'audit-entries.jsonl', auditTable],
  ['server', 'server-lines.log', serverTable],
] as const) {
  t.test(
    `these rules alert on these lines of the ${log} samples, and no others`,
    async t => {
      const text = readFileSync(new URL(`fixtures/${file}`, import.meta.url), 'utf8')
      const lines = text.trimEnd().split('\n')
      const on = rulesByLine(log, lines)
      const all = rulesByLine(log, lines, allOn)
      for (const [i, line] of lines.entries()) {
        const [expected = '', off = ''] = table[i + 1] ?? []
        t.equal(on[i]!.join(' '), expected, `line ${i + 1}: ${line}`)
        const others = all[i]!.filter(rule => !on[i]!.includes(rule))
        t.equal(others.join(' '), off, `line ${i + 1}, of the rules that are off`)
      }
    },
  )
}

t.test('a day of ordinary traffic raises nothing above info', async t => {
  const { line, counters } = pipelineOf('audit')
  const raised = [...ordinaryTraffic()].flatMap(line)
  t.strictSame(
    raised.filter(({ severity }) => severity !== 'info').map(({ title }) => title),
    [],
  )
  t.ok(counters.get('entries') > 50_000, `${counters.get('entries')} entries`)
})

t.test('a rule that is on by default has something to look for', async t => {
  // Its silence is told by the time of every entry.
  const needsAll = new Set(['audit-stream-silent'])
  for (const { rule, literals } of rules) {
    if (rule.enabled === false || needsAll.has(rule.id)) continue
    t.ok(literals.length > 0, rule.id)
  }
})
