/**
 * A table by which the scan finds where one of these texts may begin, 16 bytes at a time: for the low
 * and the high half of the first byte, and of the second, 16 bytes of which each says, as bits, which
 * of 8 groups have it. Two bytes are among the groups that all four halves have. The texts are of
 * two bytes or more.
 */
export function nibblesOf(texts: readonly string[]): Buffer {
  const table = Buffer.alloc(64)
  const pairs = new Set(texts.map(text => Buffer.from(text).readUInt16LE(0)))
  const mark = (at: number, group: number) => {
    table[at]! |= 1 << group
  }
  for (const [i, pair] of [...pairs].entries()) {
    const group = i % 8
    mark(pair & 15, group)
    mark(16 + ((pair >> 4) & 15), group)
    mark(32 + ((pair >> 8) & 15), group)
    mark(48 + (pair >> 12), group)
  }
  return table
}
