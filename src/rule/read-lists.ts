import type { Fault } from '../fault.js'
import type { JsonSource } from './json-source.js'
import type { Lists, Scalar } from './rule.js'
import { suggest } from './did-you-mean.js'
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
      faults.push(...(source.faults.length > 0 ? source.faults : listFaults(source)))
    }
  }
  return lists
}

/** A warning for each list of the site's that nothing asks for: its name is hardly the one meant. */
export function unnamedLists(packaged: RuleFiles, site: RuleFiles): Fault[] {
  const texts = [packaged, site].flatMap(({ rules, exceptions }) => [
    ...rules,
    ...exceptions,
  ])
  const known = packaged.lists.map(({ file }) => nameOf(file))
  return site.lists
    .filter(({ file }) => !texts.some(({ text }) => text.includes(`"@${nameOf(file)}"`)))
    .map(({ file }) => {
      const message = `no rule asks for this list${suggest(nameOf(file), known)}`
      return { file, line: 1, column: 1, message }
    })
}

function listFaults(source: JsonSource): Fault[] {
  const got = (value: unknown) => `, got ${JSON.stringify(value)?.slice(0, 60)}`
  if (!Array.isArray(source.value)) {
    return [source.fault([], `a list is a JSON array${got(source.value)}`)]
  }
  return source.value.flatMap((member: unknown, i) =>
    isScalar(member)
      ? []
      : [
          source.fault(
            [i],
            `a list holds strings that aren't empty, numbers or booleans${got(member)}`,
          ),
        ],
  )
}

/** An empty string matches nothing, as no empty field does. */
function isScalar(value: unknown): value is Scalar {
  return ['string', 'number', 'boolean'].includes(typeof value) && value !== ''
}

/** The values of a list file, or undefined. An empty list is one that a site has emptied. */
function parseList(text: string): readonly Scalar[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every(isScalar) ? value : undefined
  } catch {
    return undefined
  }
}
