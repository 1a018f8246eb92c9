import type { Literal, LiteralGroups } from '../rule/literals.js'

/** What the scan looks for, as bytes for its memory. */
export interface Tables {
  readonly bytes: Uint8Array
  /** Addresses and counts, in the order of the scan's `configure`. */
  readonly layout: readonly [
    buckets: number,
    pairs: number,
    pairCount: number,
    isAllFirst: number,
    assumed: number,
    triggers: number,
    rules: number,
    ruleCount: number,
  ]
}

/** Of a line, the scan knows so many literals apart; with more, some share a bit. */
const hitBits = 1_024
/** For values; as many follow for keys, and for what may be anywhere. */
const bucketCount = 2_048
const literalBytes = 48
const pairBytes = 8
/** Each pair is searched for by itself: with more, one search for all is faster. */
const maxPairs = 8

const places = { key: 1, value: 2 | 4, anywhere: 8, line: 8 } as const

interface Sought {
  readonly literal: Literal
  readonly bytes: Buffer
  readonly bit: number
  /** Some rule has nothing but literals that may be anywhere. */
  readonly isNeeded: boolean
}

/**
 * Lays out the tables for these rules at an address. All numbers are little-endian and of 32 bits:
 * - literal: its first 8 bytes and their mask, the address of the rest, its length, its places
 *   (bits), whether it is whole, its bit among the hits, address and length of the key that it
 *   stands under (0: any), the next literal of the list (0: none)
 * - bucket: the list of literals of values, keys or anywhere, whose first two bytes hash to it
 * - pair: the list of literals that begin with two bytes, and these two. Only of rules that have
 *   nothing else to look for: the others that may be anywhere are assumed to be there until a rule
 *   depends on it
 * - rule: where it ends, and for each group of literals where that ends and the bits of each
 */
export function layTables(rules: readonly LiteralGroups[], address: number): Tables {
  const { sought, bits } = numbered(
    rules.map(groups => groups.filter(group => group.every(isFindable))),
  )
  const lists = listsBy(sought, bucketOf)
  const anywhere = sought.filter(isAnywhere)
  const pairs = [
    ...listsBy(
      anywhere.filter(({ isNeeded }) => isNeeded),
      pairOf,
    ),
  ]
  const memory = createMemory(address)

  const addList = (list: readonly Sought[]): number =>
    list.reduceRight((next, { literal, bytes, bit }) => {
      const { under } = literal
      const record = Buffer.alloc(literalBytes)
      bytes.copy(record, 0, 0, 8)
      record.fill(0xff, 8, 8 + Math.min(bytes.length, 8))
      record.writeUInt32LE(memory.add(bytes.subarray(8)), 16)
      record.writeUInt32LE(bytes.length, 20)
      record.writeUInt32LE(places[literal.at], 24)
      record.writeUInt32LE(literal.isWhole === true ? 1 : 0, 28)
      record.writeUInt32LE(bit, 32)
      if (under !== undefined) {
        record.writeUInt32LE(memory.add(Buffer.from(under)), 36)
        record.writeUInt32LE(Buffer.byteLength(under), 40)
      }
      record.writeUInt32LE(next, 44)
      return memory.add(record)
    }, 0)

  const buckets = Buffer.alloc(4 * 3 * bucketCount)
  for (const [bucket, list] of lists) buckets.writeUInt32LE(addList(list), 4 * bucket)
  const pairTable = Buffer.alloc(pairBytes * pairs.length)
  for (const [i, [pair, list]] of pairs.entries()) {
    pairTable.writeUInt32LE(addList(list), pairBytes * i)
    pairTable.writeUInt16LE(pair, pairBytes * i + 4)
  }
  const assumed = anywhere.filter(({ isNeeded }) => !isNeeded)
  const layout = [
    memory.add(buckets),
    memory.add(pairTable),
    pairs.length,
    pairs.length > maxPairs ? 1 : 0,
    memory.add(bitsOf(assumed.map(({ bit }) => bit))),
    bits.every(groups => groups.length > 0)
      ? memory.add(bitsOf(bits.flatMap(([first = []]) => first)))
      : 0,
    memory.end(),
    rules.length,
  ] as const
  for (const groups of bits) {
    const words = groups.reduce((sum, group) => sum + 1 + group.length, 1)
    let end = memory.end() + 4
    memory.add(numbers([memory.end() + 4 * words]))
    for (const group of groups) {
      end += 4 * (1 + group.length)
      memory.add(numbers([end, ...group]))
    }
  }
  return { bytes: memory.bytes(), layout }
}

/** Gives each literal a bit, and for each rule the bits of its groups. */
function numbered(rules: readonly LiteralGroups[]) {
  const sought = new Map<string, Sought>()
  const bits = rules.map(groups => {
    const isNeeded = groups.every(group =>
      group.some(({ at }) => places[at] === places.anywhere),
    )
    return groups.map(group =>
      group.map(literal => {
        const { text, at, isWhole, under } = literal
        const name = JSON.stringify([text, at, isWhole, under])
        const known = sought.get(name)
        const bit = known?.bit ?? sought.size % hitBits
        sought.set(name, {
          literal,
          bytes: Buffer.from(text),
          bit,
          isNeeded: isNeeded || known?.isNeeded === true,
        })
        return bit
      }),
    )
  })
  return { sought: [...sought.values()], bits }
}

/** Lists of literals by what their first two bytes come to. */
function listsBy(
  literals: readonly Sought[],
  listOf: (literal: Sought) => number,
): Map<number, Sought[]> {
  const lists = new Map<number, Sought[]>()
  for (const literal of literals) {
    const list = listOf(literal)
    lists.set(list, [...(lists.get(list) ?? []), literal])
  }
  return lists
}

function bitsOf(bits: readonly number[]): Buffer {
  const set = Buffer.alloc(hitBits / 8)
  for (const bit of bits)
    set.writeUInt8(set.readUInt8(bit >> 3) | (1 << (bit & 7)), bit >> 3)
  return set
}

function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [i, value] of values.entries()) bytes.writeUInt32LE(value, 4 * i)
  return bytes
}

/** Bytes that are added one after the other, from an address on. */
function createMemory(address: number) {
  const parts: Buffer[] = []
  let end = address
  return {
    /** Gives the address of what is added. */
    add(part: Buffer): number {
      parts.push(part)
      end += part.length
      return end - part.length
    },
    end: () => end,
    bytes: () => Buffer.concat(parts),
  }
}

/** The lists are found by the first two bytes. A control character may be written in other ways. */
function isFindable({ text }: Literal): boolean {
  return Buffer.byteLength(text) > 1 && !/[\u0000-\u001f]/.test(text)
}

function isAnywhere({ literal }: Sought): boolean {
  return places[literal.at] === places.anywhere
}

function pairOf({ bytes }: Sought): number {
  return bytes.readUInt16LE(0)
}

function bucketOf(sought: Sought): number {
  const pair = pairOf(sought)
  const table = isAnywhere(sought) ? 2 : sought.literal.at === 'key' ? 1 : 0
  return table * bucketCount + ((pair ^ (pair >> 5)) & (bucketCount - 1))
}
