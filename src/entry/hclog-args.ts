// The `key=value` pairs behind a logger's message. Every walk is linear in the text: none goes
// twice over the same characters, however brackets and quotes are left open.

const firstKey = /[\w.-]{1,64}(?: [\w.-]{1,64})?=/y
const oneWord = /^ [\w.-]{1,64} $/
const hex = '[0-9a-fA-F]'
const escape = new RegExp(
  String.raw`\\(?:x(${hex}{2})|u(${hex}{4})|U(${hex}{8})|([abfnrtv])|([^]))`,
  'g',
)
const controls: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** Longer quoted values stay as written: unescaping takes memory many times their length. */
const maxUnquotedLength = 1 << 20

/** Vault writes a handful; without a cap a line of `a=1 a=1 ...` would cost its size a hundred times over. */
const maxArgs = 256

/** Index of the first `: ` that `key=` (or `two words=`) follows, or -1. */
export function findArgs(text: string): number {
  let colon = text.indexOf(': ')
  while (colon !== -1 && !startsArgs(text, colon + 2))
    colon = text.indexOf(': ', colon + 2)
  return colon
}

/** True where `key=` or `two words=` is at the index. */
export function startsArgs(text: string, index: number): boolean {
  firstKey.lastIndex = index
  return firstKey.test(text)
}

/**
 * The pairs of a text that starts with one, quoted values unquoted; of a repeated key the last,
 * as in JSON. `spacedValues` says that unquoted values may have spaces: then no key of two words
 * follows one. Values are always strings; what doesn't parse stays in a value as it is.
 */
export function readArgs(text: string, spacedValues: boolean): Record<string, string> {
  const args: [string, string][] = []
  let tryBrackets = true
  let keyStart = 0
  let equals = text.indexOf('=')
  for (;;) {
    const key = text.slice(keyStart, equals)
    const start = equals + 1
    const bracketed = tryBrackets && (text[start] === '[' || text[start] === '{')
    const closed = bracketed ? bracketEnd(text, start) : quoteEnd(text, start)
    // One that nothing closes was searched to the end of the line: not a second time.
    if (bracketed && closed === -1) tryBrackets = false
    const whole = closed !== -1 && (closed === text.length || text[closed] === ' ')
    const end = whole ? closed : spaceOrEnd(text, Math.max(start, closed))

    const next = args.length < maxArgs ? findKey(text, end) : undefined
    const gap = text.slice(end, next?.start)
    // `peer=1.2.3.4:8201 backoff time=10ms`: a key of two words.
    const joins = next && oneWord.test(gap) && (whole || !spacedValues)
    const clean = joins || gap.trim() === ''
    const raw = text.slice(start, clean ? end : next?.start).trimEnd()
    args.push([key, clean && whole && !bracketed ? unquote(raw) : raw])
    if (!next) return Object.fromEntries(args)
    keyStart = joins ? end + 1 : next.start
    equals = next.equals
  }
}

/** The next ` key=` at or behind `from`. It walks back from each `=`, at most to the last one. */
function findKey(
  text: string,
  from: number,
): { start: number; equals: number } | undefined {
  let equals = text.indexOf('=', from)
  for (; equals !== -1; equals = text.indexOf('=', equals + 1)) {
    let start = equals
    while (start > from && isKeyCode(text.charCodeAt(start - 1))) start--
    if (start < equals && text[start - 1] === ' ') return { start, equals }
  }
  return undefined
}

function isKeyCode(code: number): boolean {
  const letter = code | 0x20
  return (
    (letter >= 0x61 && letter <= 0x7a) || // a-z
    (code >= 0x30 && code <= 0x39) || // 0-9
    code === 0x5f || // _
    code === 0x2d || // -
    code === 0x2e // .
  )
}

function spaceOrEnd(text: string, from: number): number {
  const space = text.indexOf(' ', from)
  return space === -1 ? text.length : space
}

/** Index behind the quote that closes the Go-quoted string at `start`; -1 for none. */
function quoteEnd(text: string, start: number): number {
  if (text[start] !== '"') return -1
  for (let index = start + 1; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === backslash) index++
    else if (code === quote) return index + 1
  }
  return -1
}

/** Index behind the bracket that closes the one at `start`, over quoted strings; -1 for none. */
function bracketEnd(text: string, start: number): number {
  let depth = 0
  for (let index = start; index < text.length; index++) {
    const character = text[index]
    if (character === '[' || character === '{') depth++
    else if (character === ']' || character === '}') depth--
    else if (character === '"') {
      const closed = quoteEnd(text, index)
      if (closed === -1) return -1
      index = closed - 1
    }
    if (depth === 0) return index + 1
  }
  return -1
}

const quote = 0x22
const backslash = 0x5c

/** What Go's strconv.Unquote makes of a double-quoted string. */
function unquote(quoted: string): string {
  if (quoted.length > maxUnquotedLength) return quoted
  return quoted
    .slice(1, -1)
    .replace(escape, (_, byte?: string, ...others: (string | undefined)[]) => {
      const [short, long, control, other] = others
      // strconv.Quote writes bytes from 0x80 as \x only where they aren't UTF-8.
      if (byte !== undefined) return byte < '8' ? codePoint(byte) : '\ufffd'
      const point = short ?? long
      if (point !== undefined) return codePoint(point)
      return control === undefined ? (other ?? '') : (controls[control] ?? '')
    })
}

function codePoint(digits: string): string {
  const code = Number.parseInt(digits, 16)
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd'
}
