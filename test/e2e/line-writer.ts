import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'

const linesPerTurn = 50

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
  async write(lines: Iterable<string | Buffer>): Promise<Written> {
    const socket = await this.#connected()
    const start = performance.now()
    let longestStallMs = 0
    let count = 0
    for (const line of lines) {
      // A write that is taken at once lets nothing else run here.
      if (++count % linesPerTurn === 0) await nextTurn()
      const before = performance.now()
      await writeOne(socket, line)
      longestStallMs = Math.max(longestStallMs, performance.now() - before)
    }
    return { longestStallMs, totalMs: performance.now() - start }
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

function writeOne(socket: Socket, line: string | Buffer): Promise<void> {
  // One piece, so that a line is one write.
  const bytes = Buffer.concat([
    typeof line === 'string' ? Buffer.from(line) : line,
    Buffer.from('\n'),
  ])
  return new Promise((resolve, reject) => {
    socket.write(bytes, fault => (fault ? reject(fault) : resolve()))
  })
}
