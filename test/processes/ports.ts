// Free ports for processes that will be killed and started again at the same port. They lie below the range from which the
// system takes the ports of outgoing connections: while the process is down, nobody else happens upon its port.
import { createServer } from 'node:net'

const from = 15_000
const to = 30_000

/** `count` free ports in a row. */
export async function freePorts(count: number): Promise<number[]> {
  for (let tries = 0; tries < 100; tries++) {
    const first = from + Math.floor(Math.random() * (to - from - count))
    const ports = Array.from({ length: count }, (_, index) => first + index)
    const free = await Promise.all(ports.map(isFree))
    if (free.every(Boolean)) return ports
  }
  throw new Error(`found no ${count} free ports in a row between ${from} and ${to}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
