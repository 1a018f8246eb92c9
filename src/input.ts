import type { Readable } from 'node:stream'

/** Takes what comes in; a promise holds up the reading until it is settled. */
export type Take = (chunk: Buffer) => void | Promise<void>

/** Where bytes come from. */
export interface Input {
  /**
   * Gives chunk by chunk what comes in, to its end or to an abort of `stop`, which counts as the
   * end. A chunk is only lent: the next may overwrite it.
   * @throws where reading fails, and what `take` throws
   */
  read(take: Take, stop: AbortSignal): Promise<void>
}

/** The input that a stream is. */
export function streamInput(stream: Readable): Input {
  return {
    async read(take, stop) {
      const end = () => stream.destroy()
      stop.addEventListener('abort', end)
      try {
        for await (const chunk of stream as AsyncIterable<Buffer>) await take(chunk)
      } catch (error) {
        if (!stop.aborted) throw error
      } finally {
        stop.removeEventListener('abort', end)
      }
    },
  }
}
