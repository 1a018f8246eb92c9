import { readFileSync } from 'node:fs'
import { setAside } from './set-aside.js'
import type { StateEvents } from './state-events.js'

/**
 * What a file holds that is always written whole; undefined where it is missing, can't be read, or
 * holds something else. That is put aside and told, with `empty` in its place. Never throws.
 */
export function readJson<Content>(
  file: string,
  isContent: (value: unknown) => value is Content,
  empty: string,
  events: Pick<StateEvents, 'corrupt'>,
): Content | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
  const value = parsed(text)
  if (isContent(value)) return value
  try {
    events.corrupt(file, setAside(file, empty))
  } catch {
    // What can't be put aside, as on a full disk, is found again.
  }
  return undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
