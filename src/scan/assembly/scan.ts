// AssemblyScript, compiled to WebAssembly: one pass over lines of JSON with SIMD. It tells which lines
// are well formed, their time and request id, and which rules a line can match. The memory is laid out
// by ../scanner.ts and ../tables.ts.

import { candidates } from './candidates'
import { endOfEntry, idLength, idStart, timeLength, timeStart } from './entry'
import { forget } from './literals'
import { followsInSecond, isUtc } from './time'

export { configure } from './candidates'

/** Stands for candidates that can't be told. */
const untold: u32 = 0xffffffff

/**
 * Scans the whole lines from `from` to `to`, behind which 64 bytes can be read, up to the first of
 * which more is to be known than that it is one of a run: of entries that no rule can match, of one
 * second, and in the order of time. There is no run where lines are wanted `isSingly`. Lines of text
 * have neither time nor id, and may be anything but have escapes. Writes a record of both.
 */
export function scan(
  from: usize,
  to: usize,
  record: usize,
  isText: bool,
  isSingly: bool,
): void {
  let passed: u32 = 0
  store<u32>(record, 0, 24)
  while (from < to) {
    forget()
    const entryEnd = isText ? endOfPlainText(from) : endOfEntry(from)
    const isRead = entryEnd != 0
    const end = isRead ? entryEnd : endOfLine(from)
    const count = isRead ? candidates(from, end, record + 52) : untold
    const isOfRun =
      count == 0 &&
      !isSingly &&
      isUtc(timeStart, timeLength) &&
      (passed == 0 || followsInSecond(timeStart, <usize>load<u32>(record, 16)))
    if (!isOfRun) {
      store<u32>(record, <u32>from, 24)
      store<u32>(record, <u32>end, 28)
      store<u32>(record, <u32>timeStart, 32)
      store<u32>(record, <u32>timeLength, 36)
      store<u32>(record, <u32>idStart, 40)
      store<u32>(record, <u32>idLength, 44)
      store<u32>(record, count, 48)
      break
    }
    if (passed == 0) {
      store<u32>(record, <u32>timeStart, 8)
      store<u32>(record, <u32>timeLength, 12)
    }
    store<u32>(record, <u32>timeStart, 16)
    store<u32>(record, <u32>timeLength, 20)
    store<u32>(record, <u32>end, 4)
    passed++
    from = end + 1
  }
  store<u32>(record, passed)
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
