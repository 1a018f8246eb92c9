// Where the strings of a line begin and end, found 64 bytes at a time.

import { forgetEscapes, noteEscape } from './escapes'

/** A line with more quotes is to be read with more care. */
const maxQuotes: usize = 65_536
/** Room for those, for the last block's, and for the zeros that end them. */
const table: usize = memory.data(4 * (65_536 + 64 + 4))

/** Where in the table the quote is that comes next. */
let next: usize = table
/** The quotes of the last block but for those that are escaped. */
let unescaped: u64 = 0
/** The first byte of the next block is escaped. */
let isEscaping: bool = false

/**
 * Notes the quotes and escapes of the line at `at`, and gives where its newline stands. 0 for one
 * that can't be JSON by them (a backslash outside of a string or before something else, a control
 * character inside of one), or with too many.
 */
export function findQuotes(at: usize): usize {
  const quote = i8x16.splat(34)
  let end = table
  next = table
  isEscaping = false
  forgetEscapes()
  while (end <= table + 4 * maxQuotes) {
    const a = v128.load(at)
    const b = v128.load(at, 16)
    const c = v128.load(at, 32)
    const d = v128.load(at, 48)
    let found = bits(
      i8x16.eq(a, quote),
      i8x16.eq(b, quote),
      i8x16.eq(c, quote),
      i8x16.eq(d, quote),
    )
    const specials = bits(special(a), special(b), special(c), special(d))
    if (specials != 0 || isEscaping) {
      const newline = newlineIn(at, specials, found, (<u64>(end - table)) >> 2)
      if (newline == 0) return 0
      found = unescaped
      if (newline < at + 64) {
        end = note(found & lowest(newline - at), at, end)
        store<u64>(end, 0)
        return newline
      }
    }
    end = note(found, at, end)
    at += 64
  }
  return 0
}

/** Where the string ends of which the opening quote comes next; 0 where it has no end. */
export function endOfNextString(): usize {
  const end = <usize>load<u32>(next, 4)
  next += 8
  return end
}

/** Writes behind `end` where in the block at `at` quotes were found; gives the new end. */
function note(found: u64, at: usize, end: usize): usize {
  const newEnd = end + ((<usize>popcnt(found)) << 2)
  // Most blocks have some: four at once are written, whether they are there or not.
  for (; found != 0; end += 16) {
    store<u32>(end, <u32>at + <u32>ctz(found))
    found &= found - 1
    store<u32>(end, <u32>at + <u32>ctz(found), 4)
    found &= found - 1
    store<u32>(end, <u32>at + <u32>ctz(found), 8)
    found &= found - 1
    store<u32>(end, <u32>at + <u32>ctz(found), 12)
    found &= found - 1
  }
  return newEnd
}

/**
 * Looks closer at a block with backslashes or control characters, before which there were so many
 * quotes. Gives where its newline stands, the block's end where it has none, or 0 as `findQuotes`.
 */
function newlineIn(at: usize, specials: u64, found: u64, quotesBefore: u64): usize {
  /** What is escaped is neither a quote nor a backslash. */
  let plain: u64 = isEscaping ? 1 : 0
  isEscaping = false
  let newline = at + 64
  for (; (specials & ~plain) != 0; specials &= specials - 1) {
    const i = ctz(specials)
    if (((plain >> i) & 1) != 0) continue
    const byte = load<u8>(at + <usize>i)
    if (byte == 10) {
      newline = at + <usize>i
      break
    }
    const quotes = quotesBefore + popcnt(found & ~plain & lowest(<usize>i))
    const isInString = (quotes & 1) != 0
    if (byte == 92) {
      if (!isInString || !noteEscape(at + <usize>i)) return 0
      if (i == 63) isEscaping = true
      else plain |= (<u64>2) << i
    } else if (isInString) return 0
  }
  unescaped = found & ~plain
  return newline
}

/** So many bits, fewer than 64. */
function lowest(count: usize): u64 {
  const one: u64 = 1
  return (one << count) - 1
}

/** Marks backslashes and control characters. */
function special(block: v128): v128 {
  return v128.or(i8x16.lt_u(block, i8x16.splat(32)), i8x16.eq(block, i8x16.splat(92)))
}

/** A bit for each of 64 bytes that are marked. */
function bits(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    (<u64>(<u32>i8x16.bitmask(a))) |
    ((<u64>(<u32>i8x16.bitmask(b))) << 16) |
    ((<u64>(<u32>i8x16.bitmask(c))) << 32) |
    ((<u64>(<u32>i8x16.bitmask(d))) << 48)
  )
}
