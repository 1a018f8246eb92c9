import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'

/** How a run of writes went. */
export interface Written {
  /** The longest that one write had to wait until the system took it, in milliseconds. */
  longestStallMs: number
  totalMs: number
}

/**
 * Writes lines as Vault's socket device does: one connection that stays, one line a write, and
 * no next write before the last one is taken, since a request waits for its audit line.
 */
export class LineWriter {
  readonly #where: NetConnectOpts
  #socket: Socket | undefined

  constructor(where: NetConnectOpts) {
    this.#where = where
  }

  /** Connects at the first line, and again where the other side has closed since. */
  async write(lines: Iterable<string>): Promise<Written> {
    const socket = await this.#connected()
    const start = performance.now()
    let before = start
    let longestStallMs = 0
    for (const line of lines) {
      await writeOne(socket, line)
      const now = performance.now()
      longestStallMs = Math.max(longestStallMs, now - before)
      before = now
    }
    return { longestStallMs, totalMs: before - start }
  }

  async close(): Promise<void> {
    const socket = this.#socket
    if (!socket || socket.destroyed) return
    socket.end()
    await once(socket, 'close')
  }

  async #connected(): Promise<Socket> {
    if (this.#socket && !this.#socket.destroyed) return this.#socket
    const socket = connect(this.#where)
    await once(socket, 'connect')
    // A write that fails says so itself; between writes the other side may well end.
    socket.on('error', () => {})
    // Sees the other side's end only while reading.
    socket.resume()
    this.#socket = socket
    return socket
  }
}

function writeOne(socket: Socket, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(`${line}\n`, fault => (fault ? reject(fault) : resolve()))
  })
}
