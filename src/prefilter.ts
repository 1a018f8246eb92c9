import type { Log } from './entry/entry.js'
import type { CompiledRule } from './rule/compile-rule.js'
import { plainLines, type ScannedLines } from './scan/scanned-lines.js'
import { createScanner, maxScanBytes, type Scanner } from './scan/scanner.js'

/** Tells which rules a line may match, before it is decoded. */
export interface Prefilter {
  /** As a scanner's. */
  scan(chunk: Buffer): (isSingly: boolean) => ScannedLines | undefined
  /** Rules by the numbers that the scan gives, and those that count every entry. */
  rulesOf(candidates: readonly number[]): readonly CompiledRule[]
  /** Rules that every entry matches, and that only count them. */
  readonly counting: readonly CompiledRule[]
}

/**
 * A prefilter for these rules of one log. Where the scan can't be had (a file that is missing, a
 * processor without SIMD), all lines are decoded, and that is said.
 */
export function createPrefilter(
  rules: readonly CompiledRule[],
  log: Log,
  warn: (message: string) => void,
): Prefilter {
  const counting = rules.filter(isCounting)
  const others = rules.filter(rule => !isCounting(rule))
  const scanner = scannerOf(others, log, warn)
  return {
    scan: chunk =>
      scanner === undefined || chunk.length > maxScanBytes
        ? plainLines(chunk)
        : scanner.scan(chunk),
    rulesOf: candidates => [...candidates.map(number => others[number]!), ...counting],
    counting,
  }
}

function scannerOf(
  rules: readonly CompiledRule[],
  log: Log,
  warn: (message: string) => void,
): Scanner | undefined {
  try {
    return createScanner(
      rules.map(({ literals }) => literals),
      log,
    )
  } catch (error) {
    warn(`every line is decoded, which is slower: ${String(error)}`)
    return undefined
  }
}

/** An absence of any entry at all: of entries it needs the time only. */
export function isCounting({ clause, when, unless, exceptions }: CompiledRule): boolean {
  return (
    clause?.kind === 'absence' &&
    !clause.isByKey &&
    when.kind === 'all' &&
    when.parts.length === 0 &&
    unless === undefined &&
    exceptions === undefined
  )
}
