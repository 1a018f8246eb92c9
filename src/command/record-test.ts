import { decoderOf } from '../entry/decoder.js'
import { isUndecodable, type Entry } from '../entry/entry.js'
import { exitCode } from '../exit-code.js'
import { readLines } from '../lines.js'
import type { Options } from '../options.js'
import type { CompiledRule } from '../rule/compile-rule.js'
import type { RuleTest } from '../rule/rule.js'
import type { Shell } from '../shell.js'
import { maskJson } from '../text/mask-json.js'
import { mask } from '../text/mask.js'
import { alertsOfTest } from './rule-test.js'

const maxLineBytes = 1_048_576

type TestEntry = RuleTest['entries'][number]

/**
 * `test --record`: prints the lines on stdin, with tokens masked, as a test of one rule, which says
 * what the rule makes of them today. To be read, named and pasted into the rule's file, which isn't
 * touched. Says so where masking hides what the rule looks for.
 */
export async function recordTest(
  rule: CompiledRule,
  options: Options,
  shell: Shell,
): Promise<number> {
  const { stdin, stdout, diagnostics, now, signals } = shell
  const { decode } = decoderOf(options.log)
  const lines: string[] = []
  const entries: TestEntry[] = []
  const faults: string[] = []
  const take = (line: string) => {
    if (line.trim() === '') return
    const decoded = decode(line, now())
    if (isUndecodable(decoded)) faults.push(decoded.undecodable)
    else {
      lines.push(line)
      entries.push(masked(decoded))
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
  const { alerts } = alertsOfTest(rule, entries, shell)
  const { alerts: inClear } = alertsOfTest(rule, lines, shell)
  if (alerts.length !== inClear.length) {
    diagnostics.warn(
      `masking has changed what the rule sees: alerts of the lines themselves ${inClear.length}, of the test ${alerts.length}`,
    )
  }
  const test: RuleTest = {
    name: 'say what this shows',
    alerts: alerts.length,
    ...(alerts[0] !== undefined && { title: alerts[0].title }),
    entries,
  }
  stdout.write(`${JSON.stringify(test, undefined, 2)}\n`)
  return faults.length === 0 ? exitCode.ok : exitCode.failed
}

/** An entry as a test has it. */
function masked({ line, json }: Entry): TestEntry {
  if (json === undefined) return mask(line)
  return JSON.parse(maskJson(json)) as Record<string, unknown>
}
