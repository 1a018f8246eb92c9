import type { Fault } from '../fault.js'
import { destinations } from '../notify/destinations.js'
import { suggest } from '../rule/did-you-mean.js'
import { namesIn } from './route.js'
import { writtenValues } from './written-values.js'

/** What the keys of a route may name. */
export interface KnownNames {
  readonly rules: readonly string[]
  readonly tags: readonly string[]
}

/**
 * A warning for each name under `rules` and `tags` of the ini's destinations that isn't known:
 * nothing goes there on its account. Never throws.
 */
export function unknownRoutes(file: string, known: KnownNames): Fault[] {
  return writtenValues(file).flatMap(({ section, kind, key, value, line, column }) => {
    if (key !== 'rules' && key !== 'tags') return []
    if (!Object.hasOwn(destinations, kind)) return []
    return namesIn(value)
      .filter(name => !known[key].includes(name))
      .map(name => {
        const what = key === 'rules' ? 'no rule is called' : 'no rule has the tag'
        const shown = name.slice(0, 80)
        const message = `[${section}] ${what} "${shown}"${suggest(name, known[key])}`
        return { file, line, column, message }
      })
  })
}
