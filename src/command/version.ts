import { readFileSync } from 'node:fs'

/** The version of the package. From any folder below src/ or dist/ it is found in the same place. */
export function version(): string {
  const packageJson = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(packageJson, 'utf8')) as { version: string }).version
}
