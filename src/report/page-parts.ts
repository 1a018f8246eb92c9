import { readFileSync } from 'node:fs'

/** The page's script, with the charts' library in it, and its style sheet. */
export interface PageParts {
  readonly script: string
  readonly style: string
}

/** Reads what the build has made of browser/. Throws errors of the file system. */
export function pageParts(): PageParts {
  const part = (name: string) =>
    readFileSync(new URL(`../../dist/report-page/${name}`, import.meta.url), 'utf8')
  return { script: part('page.js'), style: part('page.css') }
}
