import type { Fault } from '../fault.js'
import { compileRule } from './compile-rule.js'
import { readLists } from './read-lists.js'
import type { Lists, Rule } from './rule.js'
import { nameOf, type RuleFile, type RuleFiles } from './rule-files.js'

/**
 * The lists, with the packaged ones in place of those of the site's with which a packaged rule can't
 * be compiled: one wrong value must not take a rule out of force. Each such value is told where it
 * stands. Never throws.
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
    const asking = packaged.rules.filter(({ text }) => text.includes(`"@${name}"`))
    const faultWith = (list: typeof values) =>
      asking.map(rule => faultOf(rule, new Map(ours).set(name, list))).find(Boolean)
    const fault = faultWith(values)
    if (fault === undefined || faultWith(packagedValues) !== undefined) continue
    fitting.set(name, packagedValues)
    const { readJsonSource } = await import('./json-source.js')
    const source = readJsonSource(file.file, file.text)
    const atValues = values.flatMap((value, i) => {
      const message = faultWith([value])
      return message === undefined ? [] : [source.fault([i], message)]
    })
    faults.push(...(atValues.length > 0 ? atValues : [source.fault([], fault)]))
  }
  return fitting
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
