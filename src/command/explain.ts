import { decoderOf } from '../entry/decoder.js'
import { isUndecodable, type Entry } from '../entry/entry.js'
import { epochOf } from '../entry/rfc3339.js'
import { exitCode } from '../exit-code.js'
import { formatFault } from '../fault.js'
import type { Options } from '../options.js'
import { readLines } from '../lines.js'
import { explainRule, type Explained, type Explanation } from '../rule/explain-rule.js'
import { readSetup } from '../setup.js'
import type { Shell } from '../shell.js'
import { mask } from '../text/mask.js'
import { oneLine } from '../text/one-line.js'
import { askedRules } from './asked-rules.js'

/**
 * `explain`: for each line on stdin, which rules match, and for each other rule the condition that
 * failed and what it saw; with --rule the whole tree of that rule; with --json one object for each
 * rule and line.
 */
export async function explain(options: Options, shell: Shell): Promise<number> {
  const { stdin, stdout, diagnostics, now, counters, signals } = shell
  const { rules, ruleFaults, config } = await readSetup(options, shell, 'all rules')
  for (const fault of ruleFaults) diagnostics.error(formatFault(fault))
  if (ruleFaults.length > 0) return exitCode.config
  const asked = askedRules(rules, options)
  if (typeof asked === 'string') {
    diagnostics.error(asked)
    return exitCode.usage
  }
  if (asked.length === 0) diagnostics.warn(`no rule of the ${options.log} log`)

  const { decode } = decoderOf(options.log)
  let number = 0
  let latest: string | undefined
  const write = (text: string) =>
    new Promise<void>(resolve => {
      stdout.write(`${text}\n`, () => resolve())
    })
  const line = async (text: string) => {
    number += 1
    if (text.trim() === '') return
    const decoded = decode(text, now())
    if (isUndecodable(decoded)) {
      return write(noEntry(number, decoded.undecodable, options.json))
    }
    latest = decoded.time ?? latest
    const time = latest === undefined ? now() : epochOf(latest)
    const found = asked.map(rule => explainRule(rule, decoded, time))
    const lines = options.json
      ? found.map(explanation => JSON.stringify({ line: number, ...explanation }))
      : explainLine(number, decoded, found, options.rule !== undefined)
    return write(lines.join('\n'))
  }
  stdout.on('error', () => signals.stop.abort())
  await readLines(
    stdin,
    { maxLineBytes: config.maxLineBytes, literals: [] },
    {
      line,
      rest: line,
      bytes: count => counters.add('bytes', count),
      overlong: ({ bytes }) =>
        write(noEntry(++number, `too long, ${bytes} bytes`, options.json)),
    },
    signals.stop.signal,
  )
  return exitCode.ok
}

function noEntry(line: number, undecodable: string, isJson: boolean): string {
  return isJson
    ? JSON.stringify({ line, undecodable })
    : `line ${line} is no entry: ${undecodable}`
}

/** Lists of values may be long; the tree shows them whole. */
const maxCondition = 200

function explainLine(
  number: number,
  entry: Entry,
  found: readonly Explanation[],
  isWhole: boolean,
): string[] {
  const [matching, others] = [true, false].map(matches =>
    found.filter(explanation => explanation.matches === matches),
  )
  return [
    `line ${number}: ${oneLine(mask(entry.line), 120)}`,
    ...[...matching!, ...others!].flatMap(explanation => [
      heading(explanation),
      ...counting(explanation),
      ...(isWhole ? tree(explanation) : []),
    ]),
  ]
}

function heading({ rule, isOn, matches, title, failed }: Explanation): string {
  const name = `${matches ? '  ✓' : '  ✗'} ${rule}${isOn ? '' : ' (off)'}`
  if (failed !== undefined) {
    return `${name}: ${oneLine(failed.condition, maxCondition)} saw ${failed.saw}`
  }
  return title === undefined ? name : `${name}: ${title}`
}

/** Of a rule over time: a match is no alert yet. */
function counting({ counted }: Explanation): string[] {
  if (counted === undefined) return []
  const { as, key, value } = counted
  const keys = Object.entries(key).map(([field, text]) => `${field} ${text}`)
  const by = keys.length === 0 ? '' : `, by ${keys.join(', ')}`
  return [`      counts as ${as}${by}${value === undefined ? '' : `: ${value}`}`]
}

function tree({ when, unless, exception, steps = [] }: Explanation): string[] {
  return [
    ...branch('when', when, 4),
    ...(unless === undefined ? [] : branch('unless', unless, 4)),
    ...(exception === undefined
      ? []
      : branch(`exception ${exception.file}`, exception, 4)),
    ...steps.flatMap(({ step, ...explained }) => branch(step, explained, 4)),
  ]
}

/** Of what has one part only that part is shown. */
function branch(name: string, explained: Explained, indent: number): string[] {
  const { kind, holds, condition, saw, parts = [] } = explained
  const mark = `${' '.repeat(indent)}${holds ? '✓' : '✗'}`
  if (kind === 'field') {
    return [[mark, name, condition, 'saw', saw].filter(text => text !== '').join(' ')]
  }
  if (kind === 'all' && parts.length === 0) return [`${mark} ${name} anything`]
  const label = [name, ...(kind === 'all' ? [] : [kind])].filter(Boolean).join(' ')
  if (parts.length === 1 && kind !== 'not') return branch(label, parts[0]!, indent)
  return [
    `${mark} ${label}`.trimEnd(),
    ...parts.flatMap(part => branch('', part, indent + 2)),
  ]
}
