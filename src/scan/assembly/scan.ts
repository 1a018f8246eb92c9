// AssemblyScript, compiled to WebAssembly: one pass over lines of JSON with SIMD. It tells which lines
// are well formed, their time and request id, and which rules a line can match. The memory is laid out
// by ../scanner.ts and ../tables.ts.

import { endOfEntry, idLength, idStart, timeLength, timeStart } from './entry'
import { candidateBytes, candidates, forget } from './literals'

export { configure } from './literals'

/** Stands for candidates that can't be told. */
const untold: u32 = 0xffffffff
const recordBytes: usize = 24

/**
 * Scans the whole lines from `from` to `to`, behind which 64 bytes can be read. Writes a record for
 * each to `out` while there is room for one before `outEnd`; gives where the records end. Lines of
 * text have neither time nor id, and may be anything but have escapes.
 */
export function scan(
  from: usize,
  to: usize,
  out: usize,
  outEnd: usize,
  isText: bool,
): usize {
  const room = recordBytes + candidateBytes()
  while (from < to && out + room <= outEnd) {
    forget()
    const entryEnd = isText ? endOfPlainText(from) : endOfEntry(from)
    const isRead = entryEnd != 0
    const end = isRead ? entryEnd : endOfLine(from)
    const count = isRead ? candidates(from, end, out + recordBytes) : untold
    store<u32>(out, <u32>end, 0)
    store<u32>(out, <u32>timeStart, 4)
    store<u32>(out, <u32>timeLength, 8)
    store<u32>(out, <u32>idStart, 12)
    store<u32>(out, <u32>idLength, 16)
    store<u32>(out, count, 20)
    out += recordBytes
    if (isRead) out += (<usize>count) << 2
    from = end + 1
  }
  return out
}

function endOfLine(at: usize): usize {
  return firstOf(at, 10, 10)
}

/** 0 for a line with a backslash: JSON may be in it. */
function endOfPlainText(at: usize): usize {
  const end = firstOf(at, 10, 92)
  return load<u8>(end) == 10 ? end : 0
}

/** Where the first of two bytes stands. */
function firstOf(at: usize, one: u8, other: u8): usize {
  const ones = i8x16.splat(one)
  const others = i8x16.splat(other)
  while (true) {
    const block = v128.load(at)
    const found = i8x16.bitmask(v128.or(i8x16.eq(block, ones), i8x16.eq(block, others)))
    if (found != 0) return at + <usize>ctz(found)
    at += 16
  }
}
