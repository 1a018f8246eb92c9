// Which rules a line can match, by the literals that it has.

import { textEnd, textStart } from './escapes'
import { configureLiterals, hitBytes, hits, searchLine, searchRare } from './literals'

// Where the tables lie, which ../tables.ts lays out.
/** The literals that are searched only where some rule depends on them. */
let assumed: usize = 0
/** The literals that some rule begins with. */
let triggers: usize = 0
/** For each of these, the rules. */
let triggered: usize = 0
/** The rules that begin with none. */
let always: usize = 0
/** For each rule, what else it looks for. */
let rules: usize = 0

/** No literal is supposed to be there. */
const none: usize = memory.data(128)

/** Ends a list of rules. */
const endOfRules: u32 = 0xffffffff

export function configure(
  bucketTable: usize,
  rareNibbles: usize,
  innerNibbles: usize,
  assumedBits: usize,
  triggerBits: usize,
  triggeredTable: usize,
  alwaysList: usize,
  ruleTable: usize,
): void {
  configureLiterals(bucketTable, rareNibbles, innerNibbles)
  assumed = assumedBits == 0 ? none : assumedBits
  triggers = triggerBits
  triggered = triggeredTable
  always = alwaysList
  rules = ruleTable
}

/** Writes the numbers of the rules that the line, of which all was looked at, can match; gives how many. */
export function candidates(from: usize, end: usize, out: usize): u32 {
  const isText = textEnd != textStart
  searchRare(from, end)
  if (isText) searchRare(textStart, textEnd)
  const most = candidateRules(out, assumed)
  const count = most == 0 || assumed == none ? most : candidateRules(out, none)
  if (count == most) return count
  searchLine(from, end)
  if (isText) searchLine(textStart, textEnd)
  return candidateRules(out, none)
}

/**
 * Writes the numbers of the rules of which each group has a literal in the line, or among those that
 * are supposed to be; gives how many.
 */
function candidateRules(out: usize, supposed: usize): u32 {
  let count = addRules(out, 0, always, supposed)
  // Most lines have nothing that any rule begins with.
  for (let at: usize = 0; at < hitBytes; at += 8) {
    let found =
      (load<u64>(hits + at) | load<u64>(supposed + at)) & load<u64>(triggers + at)
    for (; found != 0; found &= found - 1) {
      const bit = (at << 3) + <usize>ctz(found)
      count = addRules(out, count, <usize>load<u32>(triggered + (bit << 2)), supposed)
    }
  }
  return count
}

/** Adds the candidates among a list of rules to those there are, in their order; gives how many. */
function addRules(out: usize, count: u32, list: usize, supposed: usize): u32 {
  for (; load<u32>(list) != endOfRules; list += 4) {
    const rule = load<u32>(list)
    if (!isCandidate(<usize>load<u32>(rules + ((<usize>rule) << 2)), supposed)) continue
    let at = out + ((<usize>count) << 2)
    while (at > out && load<u32>(at - 4) > rule) at -= 4
    if (at > out && load<u32>(at - 4) == rule) continue
    const size = out + ((<usize>count) << 2) - at
    memory.copy(at + 4, at, size)
    store<u32>(at, rule)
    count++
  }
  return count
}

/** Whether each of these groups has a literal in the line, or among those that are supposed to be. */
function isCandidate(groups: usize, supposed: usize): bool {
  const end = <usize>load<u32>(groups)
  for (let at = groups + 4; at < end;) {
    const groupEnd = <usize>load<u32>(at)
    let isThere = false
    for (at += 4; at < groupEnd && !isThere; at += 4) {
      const bit = load<u32>(at)
      const word = (<usize>(bit >> 5)) << 2
      const there = load<u32>(hits + word) | load<u32>(supposed + word)
      isThere = ((there >> (bit & 31)) & 1) != 0
    }
    if (!isThere) return false
    at = groupEnd
  }
  return true
}
