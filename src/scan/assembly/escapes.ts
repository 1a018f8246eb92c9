// The escapes in a line's strings, and what these strings say without them.

/**
 * Where the backslashes stand that begin an escape, ascending. A line with more is to be read with
 * more care.
 */
const maxEscapes: usize = 16_384
const escapes: usize = memory.data(4 * (16_384 + 1))
/** Behind all places. */
const never: u32 = 0xffffffff
let end: usize = escapes
/** The first escape that is not behind. */
let next: usize = escapes

/** The strings of the line that have escapes, without these, each with a quote behind it. */
const maxTextBytes: usize = 65_536
export const textStart: usize = memory.data(65_536 + 64)
export let textEnd: usize = textStart

const replacement: u32 = 0xfffd

/** A new line begins. */
export function forgetEscapes(): void {
  end = next = escapes
  store<u32>(escapes, never)
  textEnd = textStart
}

/** Notes an escape; false where there is none of that kind, or there are too many. */
export function noteEscape(at: usize): bool {
  if (end == escapes + 4 * maxEscapes) return false
  store<u32>(end, <u32>at)
  store<u32>(end, never, 4)
  end += 4
  return load<u8>(at, 1) == 117 ? isHex(at + 2) : unescaped(load<u8>(at, 1)) != 0
}

/** Whether there is an escape before `to` that no string was told of. */
export function isEscaped(to: usize): bool {
  return <usize>load<u32>(next) < to
}

/**
 * Writes the string from `from` to `to`, the next one with escapes, without these. Gives where it
 * begins, and before `textEnd` is its end; 0 where there is no room.
 */
export function unescape(from: usize, to: usize): usize {
  const start = textEnd
  if (start + (to - from) >= textStart + maxTextBytes) return 0
  let out = start
  for (let at = from; at < to;) {
    const escape = <usize>load<u32>(next)
    const plain = (escape < to ? escape : to) - at
    memory.copy(out, at, plain)
    out += plain
    at += plain
    if (at == to) break
    next += 4
    const c = load<u8>(at, 1)
    if (c != 117) {
      store<u8>(out++, unescaped(c))
      at += 2
      continue
    }
    let code = unitAt(at + 2)
    at += 6
    if ((code & 0xfc00) == 0xd800 && <usize>load<u32>(next) == at && at < to) {
      const low = load<u8>(at, 1) == 117 ? unitAt(at + 2) : 0
      if ((low & 0xfc00) == 0xdc00) {
        code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff)
        next += 4
        at += 6
      }
    }
    out = write((code & 0xfffff800) == 0xd800 ? replacement : code, out)
  }
  // As in a line.
  store<u8>(out, 34)
  textEnd = out + 1
  return start
}

/** Writes a character as UTF-8; gives its end. */
function write(code: u32, out: usize): usize {
  if (code < 0x80) {
    store<u8>(out, <u8>code)
    return out + 1
  }
  if (code < 0x800) {
    store<u8>(out, <u8>(0xc0 | (code >> 6)))
    return writeLast(code, out + 1)
  }
  if (code < 0x10000) {
    store<u8>(out, <u8>(0xe0 | (code >> 12)))
    return writeLast(code, writeLast(code >> 6, out + 1))
  }
  store<u8>(out, <u8>(0xf0 | (code >> 18)))
  return writeLast(code, writeLast(code >> 6, writeLast(code >> 12, out + 1)))
}

function writeLast(code: u32, out: usize): usize {
  store<u8>(out, <u8>(0x80 | (code & 63)))
  return out + 1
}

/** What a backslash makes of a letter; 0 for nothing. */
function unescaped(c: u8): u8 {
  if (c == 34 || c == 92 || c == 47) return c
  if (c == 110) return 10
  if (c == 116) return 9
  if (c == 114) return 13
  if (c == 98) return 8
  return c == 102 ? 12 : 0
}

function isHex(at: usize): bool {
  for (let i: usize = 0; i < 4; i++) if (digitAt(at + i) > 15) return false
  return true
}

/** The UTF-16 unit that four hexadecimal digits stand for. */
function unitAt(at: usize): u32 {
  let unit: u32 = 0
  for (let i: usize = 0; i < 4; i++) unit = (unit << 4) | digitAt(at + i)
  return unit
}

/** Over 15 for what is no digit. */
function digitAt(at: usize): u32 {
  const c = <u32>load<u8>(at)
  if (c - 48 < 10) return c - 48
  const letter = (c | 32) - 97
  return letter < 6 ? letter + 10 : 16
}
