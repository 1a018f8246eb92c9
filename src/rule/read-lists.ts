import type { Fault } from '../fault.js'
import type { Lists, Scalar } from './rule.js'
import { nameOf, type RuleFiles } from './rule-files.js'

/** The lists of all sources by name; of two with one name, the later source's. */
export async function readLists(
  sources: readonly RuleFiles[],
  faults: Fault[],
): Promise<Lists> {
  const lists = new Map<string, readonly Scalar[]>()
  const files = new Map(sources.flatMap(s => s.lists).map(list => [list.file, list]))
  for (const { file, text } of files.values()) {
    const value = parseList(text)
    if (value !== undefined) lists.set(nameOf(file), value)
    else {
      const { readJsonSource } = await import('./json-source.js')
      const source = readJsonSource(file, text)
      const message = 'a list is a JSON array of strings, numbers or booleans'
      faults.push(
        ...(source.faults.length > 0 ? source.faults : [source.fault([], message)]),
      )
    }
  }
  return lists
}

/** The values of a list file, or undefined. An empty list is one that a site has emptied. */
function parseList(text: string): readonly Scalar[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isList =
      Array.isArray(value) &&
      value.every(member => ['string', 'number', 'boolean'].includes(typeof member))
    return isList ? (value as Scalar[]) : undefined
  } catch {
    return undefined
  }
}
