// The literals that rules look for: which of them a line has, and which rules it can match.

// Where the tables lie, which ../tables.ts lays out.
let buckets: usize = 0
let pairs: usize = 0
let pairCount: i32 = 0
/** There are so many pairs that a search for all literals comes first. */
let isAllFirst: bool = false
/** The literals that are searched only where some rule depends on them. */
let assumed: usize = 0
/** The first group of every rule; 0 where one has none. */
let triggers: usize = 0
let rules: usize = 0
let ruleCount: i32 = 0

/** A bit for each literal that the line has. */
const hits: usize = memory.data(128)
const none: usize = memory.data(128)
const hitBytes: usize = 128
let isHit: bool = false

// Places, as bits.
export const inKey: u32 = 1
export const inMember: u32 = 2
export const inElement: u32 = 4
const inLine: u32 = 8

/** For values; as many follow for keys, and for what may be anywhere. */
const bucketCount: usize = 2048

export function configure(
  bucketTable: usize,
  pairTable: usize,
  pairLength: i32,
  isAll: bool,
  assumedBits: usize,
  triggerBits: usize,
  ruleTable: usize,
  ruleLength: i32,
): void {
  buckets = bucketTable
  pairs = pairTable
  pairCount = pairLength
  isAllFirst = isAll
  assumed = assumedBits
  triggers = triggerBits
  rules = ruleTable
  ruleCount = ruleLength
}

/** How many bytes a line's candidates take at most. */
export function candidateBytes(): usize {
  return (<usize>ruleCount) << 2
}

/** A new line begins. */
export function forget(): void {
  if (!isHit) return
  memory.fill(hits, 0, hitBytes)
  isHit = false
}

/** Writes the numbers of the rules that the line, of which all was looked at, can match; gives how many. */
export function candidates(from: usize, end: usize, out: usize): u32 {
  if (isAllFirst) {
    searchAll(from, end)
    return isTriggered(none) ? candidateRules(out, none) : 0
  }
  for (let i = 0; i < pairCount; i++) searchPair(from, end, pairs + ((<usize>i) << 3))
  if (!isTriggered(assumed)) return 0
  const count = candidateRules(out, assumed)
  if (count == 0) return 0
  searchAll(from, end)
  return candidateRules(out, none)
}

/** Marks the literals that stand at the start of this key, or of this value under a key. */
export function look(
  start: usize,
  length: usize,
  place: u32,
  keyStart: usize,
  keyLength: usize,
): void {
  const bucket = bucketOf(start) + (place == inKey ? bucketCount : 0)
  const literal = <usize>load<u32>(buckets + (bucket << 2))
  if (literal != 0) compare(literal, start, length, place, keyStart, keyLength)
}

/** Marks those of a list of literals that stand here. */
function compare(
  literal: usize,
  start: usize,
  length: usize,
  place: u32,
  keyStart: usize,
  keyLength: usize,
): void {
  const first = load<u64>(start)
  while (literal != 0) {
    const size = <usize>load<u32>(literal, 20)
    if (
      (load<u32>(literal, 24) & place) != 0 &&
      (first & load<u64>(literal, 8)) == load<u64>(literal) &&
      (load<u32>(literal, 28) != 0 ? length == size : length >= size) &&
      (size <= 8 ||
        memory.compare(start + 8, <usize>load<u32>(literal, 16), size - 8) == 0) &&
      (place != inMember || isUnder(literal, keyStart, keyLength))
    ) {
      const bit = load<u32>(literal, 32)
      const word = hits + ((<usize>(bit >> 5)) << 2)
      store<u32>(word, load<u32>(word) | (1 << (bit & 31)))
      isHit = true
    }
    literal = <usize>load<u32>(literal, 44)
  }
}

/** Whether the value stands under the key that the literal names; any will do where it names none. */
function isUnder(literal: usize, keyStart: usize, keyLength: usize): bool {
  const name = <usize>load<u32>(literal, 36)
  if (name == 0) return true
  const length = <usize>load<u32>(literal, 40)
  return keyLength == length && memory.compare(keyStart, name, length) == 0
}

/** Looks everywhere between `from` and `to` for all literals that may be there. */
function searchAll(from: usize, to: usize): void {
  const lists = buckets + ((2 * bucketCount) << 2)
  for (let at = from; at < to; at++) {
    const literal = <usize>load<u32>(lists + (bucketOf(at) << 2))
    if (literal != 0) compare(literal, at, to - at, inLine, 0, 0)
  }
}

function bucketOf(at: usize): usize {
  const pair = load<u16>(at)
  return (<usize>(pair ^ (pair >> 5))) & (bucketCount - 1)
}

/** Looks everywhere between `from` and `to` for literals that begin with the same two bytes. */
function searchPair(from: usize, to: usize, pair: usize): void {
  const literal = <usize>load<u32>(pair)
  const a = i8x16.splat(load<u8>(pair, 4))
  const b = i8x16.splat(load<u8>(pair, 5))
  for (let at = from; at < to; at += 16) {
    let found = i8x16.bitmask(
      v128.and(i8x16.eq(v128.load(at), a), i8x16.eq(v128.load(at, 1), b)),
    )
    while (found != 0) {
      const start = at + <usize>ctz(found)
      found &= found - 1
      if (start < to) compare(literal, start, to - start, inLine, 0, 0)
    }
  }
}

/** Whether some rule may be a candidate: most lines have nothing that any rule begins with. */
function isTriggered(supposed: usize): bool {
  if (triggers == 0) return true
  for (let at: usize = 0; at < hitBytes; at += 16) {
    const there = v128.or(v128.load(hits + at), v128.load(supposed + at))
    if (v128.any_true(v128.and(there, v128.load(triggers + at)))) return true
  }
  return false
}

/**
 * Writes the numbers of the rules of which each group has a literal in the line, or among those that
 * are supposed to be; gives how many.
 */
function candidateRules(out: usize, supposed: usize): u32 {
  let at = rules
  let count: u32 = 0
  for (let rule = 0; rule < ruleCount; rule++) {
    const end = <usize>load<u32>(at)
    at += 4
    let isCandidate = true
    while (at < end && isCandidate) {
      const groupEnd = <usize>load<u32>(at)
      at += 4
      isCandidate = false
      for (; at < groupEnd && !isCandidate; at += 4) {
        const bit = load<u32>(at)
        const word = (<usize>(bit >> 5)) << 2
        const there = load<u32>(hits + word) | load<u32>(supposed + word)
        isCandidate = ((there >> (bit & 31)) & 1) != 0
      }
      at = groupEnd
    }
    at = end
    if (isCandidate) {
      store<u32>(out + ((<usize>count) << 2), rule)
      count++
    }
  }
  return count
}
