import { parse } from 'ini'
import { iniPositions, type IniPosition } from './ini-positions.js'

/** An ini's sections by name, as the ini library gives them, and where each header and key stands. */
export interface ParsedIni {
  readonly sections: Readonly<Record<string, unknown>>
  readonly positions: readonly IniPosition[]
}

/** Reads the text of an ini. A byte order mark would make the first section's header a key: it is taken off. */
export function parseIni(iniText: string): ParsedIni {
  const text = iniText.replace(/^\ufeff/, '')
  return { sections: parse(text), positions: iniPositions(text) }
}
