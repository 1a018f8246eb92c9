// One entry as JSON: whether a line is well formed, its time and its request id.

import { isEscaped, textEnd, unescape } from './escapes'
import { lookAtElement, lookAtKey, lookAtMember } from './literals'
import { endOfNextString, findQuotes } from './quotes'

// What the line has; 0 is "not seen".
export let timeStart: usize = 0
export let timeLength: usize = 0
export let idStart: usize = 0
export let idLength: usize = 0

// The key that the next value stands under, and what it is to the line.
let keyStart: usize = 0
let keyLength: usize = 0
let isTime: bool = false
let isId: bool = false
let isInRequest: bool = false
let isRequestSeen: bool = false

const maxDepth: i32 = 60
const time: u32 = 0x656d6974
const requ: u32 = 0x75716572
const uest: u32 = 0x74736575
const id: u16 = 0x6469

/**
 * Where the newline stands behind a JSON object that is the whole line. 0 for a line that isn't well
 * formed, and for what is to be read with more care: escapes in keys, in the time or id, too much of
 * other escapes, deep nesting, a time or id twice.
 */
export function endOfEntry(at: usize): usize {
  let depth: i32 = 0
  /** A bit a level, the innermost the lowest: 1 in an object, 0 in an array. */
  let nest: u64 = 0
  timeStart = timeLength = idStart = idLength = 0
  isTime = isId = isInRequest = isRequestSeen = false
  if (load<u8>(at) != 123) return 0
  const newline = findQuotes(at)
  if (newline == 0) return 0
  while (true) {
    // A value is to come.
    at = afterSpace(at)
    let c = load<u8>(at)
    if (c == 123 || c == 91) {
      if (isTime || isId || depth == maxDepth) return 0
      depth++
      nest = (nest << 1) | (<u64>(c == 123))
      at = afterSpace(at + 1)
      if (load<u8>(at) != c + 2) {
        if (c == 91) continue
        at = afterKey(at, depth)
        if (at == 0) return 0
        continue
      }
    } else {
      const start = c == 34 ? at + 1 : at
      const end = c == 34 ? endOfNextString() : endOfScalar(at, c)
      if (end == 0) return 0
      at = c == 34 ? end + 1 : end
      if (isTime) {
        if (timeStart != 0 || c != 34) return 0
        timeStart = start
        timeLength = end - start
        isTime = false
      } else if (isId) {
        if (idStart != 0 || c != 34) return 0
        idStart = start
        idLength = end - start
        isId = false
      }
      let text = start
      let length = end - start
      if (isEscaped(end)) {
        text = unescape(start, end)
        if (text == 0 || start == timeStart || start == idStart) return 0
        length = textEnd - 1 - text
      }
      if (nest & 1) lookAtMember(text, length, keyStart, keyLength)
      else lookAtElement(text, length)
      if (depth == 0) return 0
      at = afterSpace(at)
    }
    // A value or an opening bracket is behind: brackets may close, until a comma asks for another.
    while (true) {
      c = load<u8>(at)
      if (c == 44) {
        at++
        if ((nest & 1) == 0) break
        at = afterKey(afterSpace(at), depth)
        if (at == 0) return 0
        break
      }
      if (c != (nest & 1 ? 125 : 93)) return 0
      depth--
      nest >>= 1
      at = afterSpace(at + 1)
      if (depth == 0) return at == newline ? at : 0
    }
  }
}

/** Takes a key and its colon; 0 where there is none. */
function afterKey(at: usize, depth: i32): usize {
  if (load<u8>(at) != 34) return 0
  const start = at + 1
  const end = endOfNextString()
  if (end == 0 || isEscaped(end)) return 0
  keyStart = start
  keyLength = end - start
  if (depth == 1) {
    isTime = keyLength == 4 && load<u32>(start) == time
    isInRequest =
      keyLength == 7 && load<u32>(start) == requ && load<u32>(start, 3) == uest
    if (isInRequest) {
      if (isRequestSeen) return 0
      isRequestSeen = true
    }
  } else isId = depth == 2 && isInRequest && keyLength == 2 && load<u16>(start) == id
  lookAtKey(start, keyLength)
  at = afterSpace(end + 1)
  return load<u8>(at) == 58 ? at + 1 : 0
}

/** Most JSON has no space between its tokens. */
function afterSpace(at: usize): usize {
  return load<u8>(at) > 32 ? at : behindSpace(at)
}

function behindSpace(at: usize): usize {
  while (true) {
    const c = load<u8>(at)
    if (c != 32 && c != 9 && c != 13) return at
    at++
  }
}

/** The end of a number, true, false or null; 0 for anything else. */
function endOfScalar(at: usize, c: u8): usize {
  if (c == 116) return load<u32>(at) == 0x65757274 ? at + 4 : 0
  if (c == 110) return load<u32>(at) == 0x6c6c756e ? at + 4 : 0
  if (c == 102) return load<u32>(at, 1) == 0x65736c61 ? at + 5 : 0
  if (c == 45) at++
  if (load<u8>(at) == 48) at++
  else {
    const end = afterDigits(at)
    if (end == at) return 0
    at = end
  }
  if (load<u8>(at) == 46) {
    const end = afterDigits(at + 1)
    if (end == at + 1) return 0
    at = end
  }
  if ((load<u8>(at) | 32) == 101) {
    at++
    if (load<u8>(at) == 43 || load<u8>(at) == 45) at++
    const end = afterDigits(at)
    if (end == at) return 0
    at = end
  }
  return at
}

function afterDigits(at: usize): usize {
  while (load<u8>(at) - 48 < 10) at++
  return at
}
