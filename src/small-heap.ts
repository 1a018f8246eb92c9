import { setFlagsFromString } from 'node:v8'

/**
 * Keeps the heap small from now on. What a line leaves is garbage at once, and little else lives: a
 * heap that grows reluctantly does as well, and keeps a burst of alerts from taking 60 MB more of a
 * small log server for good (docs/reliability.md). Node 26 takes less without Maglev; from Node 24 on
 * the memory saver gives back 12 MB more after the burst, and takes a sixth longer for a line of 256 MiB.
 * Called before all is loaded, it also keeps the new space from growing meanwhile, by chance to 8 or
 * 16 MB, but makes the start a tenth longer. Not --optimize-for-size, with which one
 * line of 256 MiB costs 22 s of garbage collection.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=10')
  setFlagsFromString('--no-maglev')
  // V8 writes an error where it doesn't know a flag.
  if (Number.parseInt(process.versions.node) >= 24)
    setFlagsFromString('--memory-saver-mode')
}
