// Times as Vault writes them: RFC 3339 in UTC, with at most nanoseconds.

/** Of `YYYY-MM-DDTHH:mm:ss`. */
const secondLength: usize = 19
const dot: u8 = 46
const z: u8 = 90

/** Whether what stands behind the seconds is a fraction of 1 to 9 digits, or none, and a Z. */
export function isUtc(at: usize, length: usize): bool {
  const last = at + length - 1
  if (length <= secondLength || load<u8>(last) != z) return false
  if (length == secondLength + 1) return true
  at += secondLength
  if (load<u8>(at) != dot || last - at < 2 || last - at > 10) return false
  for (at++; at < last; at++) {
    if (<u8>(load<u8>(at) - 48) > 9) return false
  }
  return true
}

/** Whether a time is in the same second as another, and not before it; both are `isUtc`. */
export function followsInSecond(at: usize, other: usize): bool {
  if (
    load<u64>(at) != load<u64>(other) ||
    load<u64>(at, 8) != load<u64>(other, 8) ||
    load<u32>(at, 15) != load<u32>(other, 15)
  )
    return false
  let i = secondLength
  while (load<u8>(other + i) != z && load<u8>(other + i) == load<u8>(at + i)) i++
  // The one that ends here is less, or the same.
  const isEnd = load<u8>(at + i) == z
  return load<u8>(other + i) == z || (!isEnd && load<u8>(other + i) < load<u8>(at + i))
}
