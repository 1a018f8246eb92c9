import { decodeAuditEntry } from '../entry/audit-entry.js'
import { isUndecodable } from '../entry/entry.js'
import { exitCode } from '../exit-code.js'
import { readLines } from '../lines.js'
import type { Options } from '../options.js'
import type { CompiledRule } from '../rule/compile-rule.js'
import type { RuleTest } from '../rule/rule.js'
import type { Shell } from '../shell.js'
import { maskJson } from '../text/mask-json.js'
import { mask } from '../text/mask.js'
import { alertsOfTest } from './test.js'

const maxLineBytes = 1_048_576

/**
 * `test --record`: prints the lines on stdin, with tokens masked, as a test of one rule, which says
 * what the rule makes of them today. To be read, named and pasted into the rule's file.
 */
export async function recordTest(
  rule: CompiledRule,
  options: Options,
  shell: Shell,
): Promise<number> {
  const { stdin, stdout, diagnostics, signals } = shell
  const entries: RuleTest['entries'][number][] = []
  const faults: string[] = []
  const take = (line: string) => {
    if (line.trim() === '') return
    if (options.log === 'server') entries.push(mask(line))
    else {
      const decoded = decodeAuditEntry(line)
      if (isUndecodable(decoded)) faults.push(decoded.undecodable)
      else entries.push(JSON.parse(maskJson(decoded.json!)) as Record<string, unknown>)
    }
  }
  await readLines(
    stdin,
    { maxLineBytes, literals: [] },
    {
      line: take,
      rest: take,
      bytes() {},
      overlong: ({ bytes }) => void faults.push(`a line of ${bytes} bytes is too long`),
    },
    signals.stop.signal,
  )
  for (const fault of faults) diagnostics.error(`a line is left out: ${fault}`)
  if (entries.length === 0) {
    diagnostics.error('there is no entry on stdin to record')
    return exitCode.failed
  }
  const { records } = alertsOfTest(rule, entries, shell)
  const alerts = records.filter(({ of }) => of === undefined)
  const test: RuleTest = {
    name: 'say what this shows',
    alerts: alerts.length,
    ...(alerts[0] !== undefined && { title: alerts[0].title }),
    entries,
  }
  stdout.write(`${JSON.stringify(test, undefined, 2)}\n`)
  return faults.length === 0 ? exitCode.ok : exitCode.failed
}
