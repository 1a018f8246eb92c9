/** The begin of a line that is longer than some chunks, in one piece that grows in place. */
export interface LongLine {
  /** Copies a piece to the end. False, and nothing is done, where it would be over the capacity. */
  push(piece: Buffer): boolean
  /** All of it; nothing more may be pushed. */
  end(): Buffer
}

/** The longest line that may be read (syslog-ng's own limit), and what comes in with its end. */
export const capacity = 257 * 1024 * 1024

const stepBytes = 16 * 1024 * 1024

/**
 * An empty one. Memory is taken only as it is written to, and nothing is copied where it grows. Pieces in a
 * list take as much again when they are put together: of a line of 256 MiB, 1.2 instead of 0.9 GB in all.
 */
export function startLongLine(): LongLine {
  const memory = new ArrayBuffer(0, { maxByteLength: capacity })
  let length = 0
  return {
    push(piece) {
      const needed = length + piece.length
      if (needed > capacity) return false
      if (needed > memory.byteLength) {
        memory.resize(Math.min(Math.max(needed, memory.byteLength + stepBytes), capacity))
      }
      Buffer.from(memory, length, piece.length).set(piece)
      length = needed
      return true
    },
    end: () => Buffer.from(memory, 0, length),
  }
}
