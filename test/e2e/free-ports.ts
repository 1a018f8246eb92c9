import { createServer, type Server } from 'node:net'

// Below the range that the system takes ports for outgoing connections from (32768 on Linux):
// a client that tries a closed port of that range again and again can meet itself.
const LOWEST = 12_000
const COUNT = 20_000

/** `count` different loopback ports that nobody listens on at the moment. */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = []
  while (held.length < count) {
    const server = await listenOn(LOWEST + Math.floor(Math.random() * COUNT))
    if (server) held.push(server)
  }
  const ports = held.map(portOf)
  await Promise.all(held.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

function listenOn(port: number): Promise<Server | undefined> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  return address.port
}
