import type { Literal, LiteralGroups } from '../rule/literals.js'
import { nibblesOf } from './nibbles.js'

/** What the scan looks for, as bytes for its memory. */
export interface Tables {
  readonly bytes: Uint8Array
  /** Addresses, in the order of the scan's `configure`; 0 stands for nothing. */
  readonly layout: readonly [
    buckets: number,
    rareNibbles: number,
    innerNibbles: number,
    assumed: number,
    triggers: number,
    triggered: number,
    always: number,
    rules: number,
  ]
}

/** Of a line, the scan knows so many literals apart; with more, some share a bit. */
const hitBits = 1_024
/** For values; as many follow for keys, and for what may be inside something. */
const bucketCount = 2_048
const literalBytes = 52
const endOfRules = 0xffffffff

/** Where a literal may be, as bits. */
const [inKey, inMember, inElement, inLine, insideMember, insideElement] = [
  1, 2, 4, 8, 16, 32,
] as const

interface Sought {
  readonly literal: Literal
  readonly bytes: Buffer
  readonly bit: number
  /** Values under this key are searched. */
  readonly isSearched: boolean
}

/**
 * Lays out the tables for these rules at an address. All numbers are little-endian and of 32 bits:
 * - literal: its first 8 bytes and their mask, the address of the rest, its length, its places
 *   (bits), whether it is whole, its bit among the hits, address and length of the key that it
 *   stands under (0: any), the next literal of the list (0: none), whether what stands under it as
 *   a key is to be searched
 * - bucket: the list of literals of values, keys or anywhere, whose first two bytes hash to it
 * - nibbles: see nibbles.ts. Of the literals that may be inside a value; and of those that may be
 *   anywhere in a line where a rule has nothing else to look for: the others are assumed to be there
 *   until a rule depends on it
 * - triggered: for each bit, the list of rules of which the first group has it
 * - rule: address of its other groups: where they end, and for each where it ends and the bits of
 *   its literals
 */
export function layTables(rules: readonly LiteralGroups[], address: number): Tables {
  const known = rules.map(groups => groups.filter(group => group.every(isFindable)))
  const { sought, bitOf } = numbered(known)
  const memory = createMemory(address)

  const addList = (list: readonly Sought[]): number =>
    list.reduceRight((next, { literal, bytes, bit, isSearched }) => {
      const { under } = literal
      const record = Buffer.alloc(literalBytes)
      bytes.copy(record, 0, 0, 8)
      record.fill(0xff, 8, 8 + Math.min(bytes.length, 8))
      record.writeUInt32LE(memory.add(bytes.subarray(8)), 16)
      record.writeUInt32LE(bytes.length, 20)
      record.writeUInt32LE(placesOf(literal), 24)
      record.writeUInt32LE(literal.isWhole === true ? 1 : 0, 28)
      record.writeUInt32LE(bit, 32)
      if (under !== undefined) {
        record.writeUInt32LE(memory.add(Buffer.from(under)), 36)
        record.writeUInt32LE(Buffer.byteLength(under), 40)
      }
      record.writeUInt32LE(next, 44)
      record.writeUInt32LE(isSearched ? 1 : 0, 48)
      return memory.add(record)
    }, 0)

  const buckets = Buffer.alloc(4 * 3 * bucketCount)
  for (const [bucket, list] of listsBy(sought, bucketOf))
    buckets.writeUInt32LE(addList(list), 4 * bucket)

  const rare = known.filter(isRare).flat(2).filter(isInLine)
  const rareNames = new Set(rare.map(nameOf))
  const assumed = sought.filter(
    ({ literal }) => isInLine(literal) && !rareNames.has(nameOf(literal)),
  )
  const rulesBy = new Map<number, number[]>()
  for (const [rule, [first = []]] of known.entries()) {
    for (const bit of new Set(first.map(bitOf)))
      rulesBy.set(bit, [...(rulesBy.get(bit) ?? []), rule])
  }
  const addRules = (list: readonly number[]) => memory.add(numbers([...list, endOfRules]))
  const noRules = addRules([])
  const triggered = Array.from({ length: hitBits }, (_, bit) => {
    const list = rulesBy.get(bit)
    return list === undefined ? noRules : addRules(list)
  })
  const always = [...known.keys()].filter(rule => known[rule]!.length === 0)
  const layout = [
    memory.add(buckets),
    addNibbles(rare),
    addNibbles(known.flat(2).filter(literal => (placesOf(literal) & insideMember) !== 0)),
    assumed.length > 0 ? memory.add(bitsOf(assumed.map(({ bit }) => bit))) : 0,
    memory.add(bitsOf([...rulesBy.keys()])),
    memory.add(numbers(triggered)),
    addRules(always),
    memory.add(numbers(known.map(([, ...others]) => addGroups(others)))),
  ] as const
  return { bytes: memory.bytes(), layout }

  function addNibbles(literals: readonly Literal[]): number {
    return literals.length > 0
      ? memory.add(nibblesOf(literals.map(({ text }) => text)))
      : 0
  }

  function addGroups(groups: readonly (readonly Literal[])[]): number {
    const words = groups.reduce((sum, group) => sum + 1 + group.length, 1)
    const start = memory.end()
    const content = [start + 4 * words]
    for (const group of groups) {
      content.push(start + 4 * (content.length + 1 + group.length), ...group.map(bitOf))
    }
    return memory.add(numbers(content))
  }
}

/** Gives each literal a bit, and each key under which values are searched a literal of its own. */
function numbered(rules: readonly LiteralGroups[]) {
  const sought = new Map<string, Sought>()
  const add = (literal: Literal, isSearched: boolean) => {
    const name = nameOf(literal)
    const bit = sought.get(name)?.bit ?? sought.size % hitBits
    const isKnownSearched = sought.get(name)?.isSearched === true
    const bytes = Buffer.from(literal.text)
    sought.set(name, { literal, bytes, bit, isSearched: isSearched || isKnownSearched })
  }
  for (const literal of rules.flat(2)) {
    add(literal, false)
    const { at, under } = literal
    if (at === 'anywhere' && under !== undefined)
      add({ text: under, at: 'key', isWhole: true }, true)
  }
  const bitOf = (literal: Literal) => sought.get(nameOf(literal))!.bit
  return { sought: [...sought.values()], bitOf }
}

function nameOf({ text, at, isWhole, under }: Literal): string {
  return JSON.stringify([text, at, isWhole, under])
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

/** The lists are found by the first two bytes, and so is a key whose values are searched. */
function isFindable({ text, at, under }: Literal): boolean {
  const texts = [text, ...(under === undefined ? [] : [under])]
  const sought = at === 'anywhere' ? texts : [text]
  return texts.every(isVerbatim) && sought.every(part => Buffer.byteLength(part) > 1)
}

/**
 * Whether a text has but one form in a line without escapes. A control character has none, and
 * U+FFFD, as half a surrogate pair, stands for any bytes that are no UTF-8.
 */
function isVerbatim(text: string): boolean {
  return !/[\u0000-\u001f\ufffd\p{Cs}]/u.test(text)
}

/** A rule that has nothing but literals that may be anywhere. */
function isRare(groups: LiteralGroups): boolean {
  return groups.length > 0 && groups.every(group => group.some(isInLine))
}

function isInLine(literal: Literal): boolean {
  return placesOf(literal) === inLine
}

function placesOf({ at, under }: Literal): number {
  switch (at) {
    case 'key':
      return inKey
    case 'value':
      return inMember | inElement
    case 'anywhere':
      return under === undefined ? inLine : insideMember | insideElement
    case 'line':
      return inLine
  }
}

function bucketOf({ literal, bytes }: Sought): number {
  const pair = bytes.readUInt16LE(0)
  const table = literal.at === 'key' ? 1 : literal.at === 'value' ? 0 : 2
  return table * bucketCount + ((pair ^ (pair >> 5)) & (bucketCount - 1))
}
