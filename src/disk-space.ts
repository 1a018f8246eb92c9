import { statfsSync, statSync } from 'node:fs'

/** How far a file system has filled up: below 15 % free is low, below 5 % nearly full. */
export type DiskLevel = 'ok' | 'low' | 'full'

/** A file system with less space than before. */
export interface DiskWarning {
  /** One of the folders on it. */
  readonly folder: string
  readonly level: 'low' | 'full'
  readonly freePercent: number
}

/** Looks after the file systems of some folders. */
export interface DiskWatch {
  /** Those that have got worse since the last look. Folders that are missing are left out. */
  look(): DiskWarning[]
}

/** It is better again only beyond the limit, lest it be told at each turn about it. */
const marginPercent = 2

/** Watches folders; those of one file system count once. */
export function watchDisks(folders: readonly string[]): DiskWatch {
  const levels = new Map<number, DiskLevel>()
  return {
    look() {
      const seen = new Set<number>()
      return folders.flatMap((folder): DiskWarning[] => {
        const space = spaceOf(folder)
        if (space === undefined || seen.has(space.device)) return []
        seen.add(space.device)
        const before = levels.get(space.device) ?? 'ok'
        const level = diskLevel(space.freePercent, before)
        levels.set(space.device, level)
        if (level === 'ok' || level === before || before === 'full') return []
        return [{ folder, level, freePercent: space.freePercent }]
      })
    },
  }
}

/** The level of a file system with so much free space, after it was at `before`. */
export function diskLevel(freePercent: number, before: DiskLevel): DiskLevel {
  if (freePercent < (before === 'full' ? 5 + marginPercent : 5)) return 'full'
  return freePercent < (before === 'ok' ? 15 : 15 + marginPercent) ? 'low' : 'ok'
}

/** What everyone may use, not what is set aside for root: syslog-ng stops there as well or later. */
function spaceOf(folder: string): { device: number; freePercent: number } | undefined {
  try {
    const { bavail, blocks } = statfsSync(folder)
    if (blocks === 0) return undefined
    return { device: statSync(folder).dev, freePercent: (100 * bavail) / blocks }
  } catch {
    return undefined
  }
}
