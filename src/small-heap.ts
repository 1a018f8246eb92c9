import { setFlagsFromString } from 'node:v8'

/**
 * Keeps the heap small from now on. What a line leaves is garbage at once, and little else lives: a
 * heap that grows reluctantly does as well, and keeps a burst of alerts from taking 60 MB more of a
 * small log server for good (docs/reliability.md). Node 26 takes less without Maglev. Not
 * before all is loaded: a start takes a fifth longer then. Not --optimize-for-size, with which one
 * line of 256 MiB costs 22 s of garbage collection.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=10')
  setFlagsFromString('--no-maglev')
}
