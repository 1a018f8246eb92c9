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
  const newlines = i8x16.splat(10)
  while (true) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), newlines))
    if (found != 0) return at + <usize>ctz(found)
    at += 16
  }
}

/** 0 for a line with a backslash: JSON may be in it. */
function endOfPlainText(at: usize): usize {
  const newlines = i8x16.splat(10)
  const backslashes = i8x16.splat(92)
  while (true) {
    const block = v128.load(at)
    const found = i8x16.bitmask(
      v128.or(i8x16.eq(block, newlines), i8x16.eq(block, backslashes)),
    )
    if (found != 0) {
      at += <usize>ctz(found)
      return load<u8>(at) == 10 ? at : 0
    }
    at += 16
  }
}
