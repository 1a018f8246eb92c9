import type { Fault } from '../fault.js'
import { compileRule } from './compile-rule.js'
import { readLists } from './read-lists.js'
import type { Lists, Rule, Scalar } from './rule.js'
import { nameOf, type RuleFile, type RuleFiles } from './rule-files.js'

/**
 * The lists, those of the site's without the values with which a packaged rule can't be compiled: one
 * wrong value must take neither a rule out of force nor the other values. Each is told where it
 * stands. Where none is left, the packaged list stays. Never throws.
 */
export async function fittingLists(
  lists: Lists,
  packaged: RuleFiles,
  site: RuleFiles,
  faults: Fault[],
): Promise<Lists> {
  const ours = await readLists([packaged], [])
  const fitting = new Map(lists)
  for (const [name, file] of new Map(site.lists.map(list => [nameOf(list.file), list]))) {
    const values = lists.get(name)
    const packagedValues = ours.get(name)
    if (values === undefined || packagedValues === undefined) continue
    const faultWith = (rule: RuleFile, list: readonly Scalar[]) =>
      faultOf(rule, new Map(ours).set(name, list))
    const failing = packaged.rules
      .filter(({ text }) => text.includes(`"@${name}"`))
      .filter(rule => faultWith(rule, values) && !faultWith(rule, packagedValues))
    const wrong = wrongValues(values, list =>
      failing.map(rule => faultWith(rule, list)).find(Boolean),
    )
    if (wrong.size === 0) continue
    const left = values.filter((_, i) => !wrong.has(i))
    fitting.set(name, left.length > 0 ? left : packagedValues)
    const { readJsonSource } = await import('./json-source.js')
    const source = readJsonSource(file.file, file.text)
    faults.push(...Array.from(wrong, ([i, message]) => source.fault([i], message)))
  }
  return fitting
}

/** What is wrong with which of the values; by halves, since a list may be long. */
function wrongValues(
  values: readonly Scalar[],
  faultOfSome: (values: readonly Scalar[]) => string | undefined,
  from = 0,
): Map<number, string> {
  const fault = faultOfSome(values)
  if (fault === undefined) return new Map()
  if (values.length <= 1) return new Map([[from, fault]])
  const half = Math.ceil(values.length / 2)
  return new Map([
    ...wrongValues(values.slice(0, half), faultOfSome, from),
    ...wrongValues(values.slice(half), faultOfSome, from + half),
  ])
}

/** What is wrong with a rule that has these lists, in words; undefined for nothing, or for more than that. */
function faultOf({ text }: RuleFile, lists: Lists): string | undefined {
  let fault: string | undefined
  try {
    compileRule(JSON.parse(text) as Rule, lists, (_, message) => (fault ??= message))
  } catch {
    // It breaks its schema, and so is told.
  }
  return fault
}
