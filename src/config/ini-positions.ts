/** A section header (no key) or a key of an ini text, with its place from 1. */
export interface IniPosition {
  readonly section: string
  readonly key: string | undefined
  /** Whether a `=` follows the key. */
  readonly isAssigned: boolean
  readonly line: number
  readonly column: number
  /** The column of the `;` or `#` that ends the value in the middle of a word. */
  readonly cutAt?: number
}

/** Where each header and key of an ini text stands, which the ini library doesn't tell. */
export function iniPositions(text: string): IniPosition[] {
  let section = ''
  return text.split('\n').flatMap((content, i): IniPosition[] => {
    const place = { line: i + 1, column: content.search(/\S/) + 1 }
    const header = /^\s*\[([^\]]*)\]/.exec(content)
    if (header !== null) {
      section = header[1]!.trim()
      return [{ section, key: undefined, isAssigned: false, ...place }]
    }
    const [, key, equals] = /^\s*([^=\s;#][^=]*)(=?)/.exec(content) ?? []
    if (key === undefined) return []
    const isAssigned = equals === '='
    return [{ section, key: key.trim(), isAssigned, ...place, ...cutOf(content) }]
  })
}

/** To the library a comment begins there; a backslash or quotes around the whole value prevent it. */
function cutOf(line: string): { cutAt?: number } {
  const [begin, value = ''] = /^[^=]*=\s*(\S.*)?/.exec(line) ?? ['']
  if (/^(["']).*\1\s*$/.test(value)) return {}
  const [whole] = /^(?:\\.|[^;#\\])*(?=[;#])/.exec(value) ?? []
  if (whole === undefined || /(?:^|\s)$/.test(whole)) return {}
  return { cutAt: begin.length - value.length + whole.length + 1 }
}
