/** Records of alerts that can be written nowhere at the moment. */
export interface Unwritten {
  /** Keeps these in memory, and loses the oldest where there are too many. */
  keep(records: readonly string[]): void
  /** Writes them, the oldest first, and forgets those that were. Throws what `append` throws. */
  write(append: (record: string) => void): void
  /** They are lost. */
  giveUp(): void
}

/** While neither the journal nor the alert log can be written. */
const maxRecords = 1_000
const maxChars = 32 * 1024 * 1024

/** None is kept so far. `onLost` is told how many are lost. */
export function createUnwritten(onLost: (records: number) => void): Unwritten {
  let kept: string[] = []
  return {
    keep(records) {
      kept.push(...records)
      const before = kept.length
      let chars = kept.reduce((sum, text) => sum + text.length, 0)
      while (kept.length > maxRecords || chars > maxChars) chars -= kept.shift()!.length
      if (kept.length < before) onLost(before - kept.length)
    },
    write(append) {
      for (; kept.length > 0; kept.shift()) append(kept[0]!)
    },
    giveUp() {
      if (kept.length > 0) onLost(kept.length)
      kept = []
    },
  }
}
