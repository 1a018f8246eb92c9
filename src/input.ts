import type { Readable } from 'node:stream'

/**
 * Takes what comes in, and gives how many bytes at its end it leaves, at most `maxLeftBytes`: they come
 * again, in front of what follows. A promise holds up the reading until it is settled.
 */
export type Take = (chunk: Buffer) => number | Promise<number>

export const maxLeftBytes = 16_384

/** Where bytes come from. */
export interface Input {
  /**
   * Gives chunk by chunk what comes in, to its end or to an abort of `stop`, which counts as the
   * end; resolves with what was left then. A chunk is only lent: the next may overwrite it.
   * @throws where reading fails, and what `take` throws
   */
  read(take: Take, stop: AbortSignal): Promise<Buffer>
}

/** The input that a stream is. */
export function streamInput(stream: Readable): Input {
  return {
    async read(take, stop) {
      const end = () => stream.destroy()
      let left = Buffer.alloc(0)
      stop.addEventListener('abort', end)
      try {
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          const whole = Buffer.concat([left, chunk])
          left = whole.subarray(whole.length - (await take(whole)))
        }
      } catch (error) {
        if (!stop.aborted) throw error
      } finally {
        stop.removeEventListener('abort', end)
      }
      return left
    },
  }
}
