/**
 * A shipped file with some of its text replaced. Each text must be in it once, so that a change of
 * the file can't leave a package without what it needs.
 * @throws where one isn't
 */
export function edited(text: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((result, [from, to]) => {
    if (result.split(from).length !== 2) {
      throw new Error(`must be there once, to be replaced by "${to}": "${from}"`)
    }
    return result.replace(from, () => to)
  }, text)
}
