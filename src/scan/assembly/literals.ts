// The literals that rules look for, and which of them a line has.

// Where the tables lie, which ../tables.ts lays out.
let buckets: usize = 0
let rareNibbles: usize = 0
let innerNibbles: usize = 0

/** A bit for each literal that the line has. */
export const hits: usize = memory.data(128)
export const hitBytes: usize = 128
let isHit: bool = false

// Places, as bits.
const inKey: u32 = 1
const inMember: u32 = 2
const inElement: u32 = 4
const inLine: u32 = 8
const insideMember: u32 = 16
const insideElement: u32 = 32

/** For values; as many follow for keys, and for what may be anywhere. */
const bucketCount: usize = 2048

/** The next value stands under a key that some rule wants to be looked into. */
let isSearched: bool = false

export function configureLiterals(bucketTable: usize, rare: usize, inner: usize): void {
  buckets = bucketTable
  rareNibbles = rare
  innerNibbles = inner
}

/** A new line begins. */
export function forget(): void {
  if (!isHit) return
  // A call to memory.fill takes half as long as the whole line.
  for (let at = hits; at < hits + hitBytes; at += 16) v128.store(at, i64x2.splat(0))
  isHit = false
}

/** Marks the literals that stand at the start of this key. */
export function lookAtKey(start: usize, length: usize): void {
  isSearched = false
  const literal = <usize>load<u32>(buckets + ((bucketOf(start) + bucketCount) << 2))
  if (literal != 0) compare(literal, start, length, inKey, 0, 0)
}

/** Marks the literals that stand at the start of this value under a key, and those inside it. */
export function lookAtMember(
  start: usize,
  length: usize,
  keyStart: usize,
  keyLength: usize,
): void {
  const literal = <usize>load<u32>(buckets + (bucketOf(start) << 2))
  if (literal != 0) compare(literal, start, length, inMember, keyStart, keyLength)
  if (isSearched)
    search(innerNibbles, start, start + length, insideMember, keyStart, keyLength)
}

/** The same of this element of an array, under whichever key that stands. */
export function lookAtElement(start: usize, length: usize): void {
  const literal = <usize>load<u32>(buckets + (bucketOf(start) << 2))
  if (literal != 0) compare(literal, start, length, inElement, 0, 0)
  search(innerNibbles, start, start + length, insideElement, 0, 0)
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
      (size <= 8 || isSame(start + 8, <usize>load<u32>(literal, 16), size - 8)) &&
      ((place & (inMember | insideMember)) == 0 || isUnder(literal, keyStart, keyLength))
    ) {
      const bit = load<u32>(literal, 32)
      const word = hits + ((<usize>(bit >> 5)) << 2)
      store<u32>(word, load<u32>(word) | (1 << (bit & 31)))
      isHit = true
      if (place == inKey && load<u32>(literal, 48) != 0) isSearched = true
    }
    literal = <usize>load<u32>(literal, 44)
  }
}

/** Whether the value stands under the key that the literal names; any will do where it names none. */
function isUnder(literal: usize, keyStart: usize, keyLength: usize): bool {
  const name = <usize>load<u32>(literal, 36)
  if (name == 0) return true
  return keyLength == <usize>load<u32>(literal, 40) && isSame(keyStart, name, keyLength)
}

/** For a few bytes faster than a call to memory.compare. */
function isSame(one: usize, other: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i++) {
    if (load<u8>(one + i) != load<u8>(other + i)) return false
  }
  return true
}

/** Looks everywhere between `from` and `to` for all literals that may be anywhere in a line. */
export function searchLine(from: usize, to: usize): void {
  const lists = buckets + ((2 * bucketCount) << 2)
  for (let at = from; at < to; at++) {
    const literal = <usize>load<u32>(lists + (bucketOf(at) << 2))
    if (literal != 0) compare(literal, at, to - at, inLine, 0, 0)
  }
}

/** The same for those that a rule has nothing else than. */
export function searchRare(from: usize, to: usize): void {
  search(rareNibbles, from, to, inLine, 0, 0)
}

function bucketOf(at: usize): usize {
  const pair = load<u16>(at)
  return (<usize>(pair ^ (pair >> 5))) & (bucketCount - 1)
}

/**
 * Looks everywhere between `from` and `to` for the literals that may be in this place, by their first
 * two bytes. Each of these is among up to 8 groups, by its low and by its high half.
 */
function search(
  nibbles: usize,
  from: usize,
  to: usize,
  place: u32,
  keyStart: usize,
  keyLength: usize,
): void {
  if (nibbles == 0) return
  const low0 = v128.load(nibbles)
  const high0 = v128.load(nibbles, 16)
  const low1 = v128.load(nibbles, 32)
  const high1 = v128.load(nibbles, 48)
  const half = i8x16.splat(15)
  const lists = buckets + ((2 * bucketCount) << 2)
  for (let at = from; at < to; at += 16) {
    const one = v128.load(at)
    const other = v128.load(at, 1)
    const groups = v128.and(
      v128.and(
        i8x16.swizzle(low0, v128.and(one, half)),
        i8x16.swizzle(high0, i8x16.shr_u(one, 4)),
      ),
      v128.and(
        i8x16.swizzle(low1, v128.and(other, half)),
        i8x16.swizzle(high1, i8x16.shr_u(other, 4)),
      ),
    )
    if (!v128.any_true(groups)) continue
    let found = i8x16.bitmask(i8x16.ne(groups, i8x16.splat(0)))
    for (; found != 0; found &= found - 1) {
      const start = at + <usize>ctz(found)
      const literal = <usize>load<u32>(lists + (bucketOf(start) << 2))
      if (literal != 0 && start < to)
        compare(literal, start, to - start, place, keyStart, keyLength)
    }
  }
}
