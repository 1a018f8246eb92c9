import { readFileSync } from 'node:fs'

const project = new URL('../../', import.meta.url)

/** The text of a file of this project, named from its top folder. */
export function shippedFile(name: string): string {
  return readFileSync(new URL(name, project), 'utf8')
}

/**
 * A shipped syslog-ng file with other values in its `@define`s and not a byte changed elsewhere,
 * so that what is tested is what is installed. A value that the file doesn't define is a fault.
 */
export function withDefines(
  config: string,
  values: Record<string, string | number>,
): string {
  return Object.entries(values).reduce((text, [name, value]) => {
    const line = new RegExp(`^@define ${name} .*$`, 'm')
    if (!line.test(text)) throw new Error(`no @define ${name} in the shipped file`)
    // A name in backticks stands for its value within single quotes only.
    const quoted = String(value).includes('`') ? `'${value}'` : JSON.stringify(value)
    return text.replace(line, () => `@define ${name} ${quoted}`)
  }, config)
}
