// Node's network behind our interface: TCP by node:net, links by ws.
import net from 'node:net'
import { WebSocket } from 'ws'
import type { Address, Connection, Link, Listener, Network } from './network.ts'
import { canTakeOver, takeOver } from './node-accept.ts'
import { NodeConnection } from './node-connection.ts'
import { webSocketLink } from './node-link.ts'

export const nodeNetwork: Network = makeNodeNetwork(canTakeOver)

/** With the choice of how accepted connections are read: into our own buffers, or by copying. For tests and measurements. */
export function makeNodeNetwork(readsDirect: () => Promise<boolean>): Network {
  return { listen: (address, onConnection) => listen(address, onConnection, readsDirect), connect, dial }
}

/** Connections that wait to be accepted: after a restart all clients come at once. */
const backlog = 1024

async function listen(
  address: Address,
  onConnection: (connection: Connection) => void,
  readsDirect: () => Promise<boolean>,
): Promise<Listener> {
  const direct = await readsDirect()
  return new Promise((resolve, reject) => {
    const server = net.createServer({ pauseOnConnect: true, noDelay: true })
    server.on('connection', (accepted) => onConnection(accept(accepted, direct)))
    server.once('error', reject)
    server.listen({ host: address.host, port: address.port, backlog }, () => {
      server.off('error', reject)
      // Too many open files, or a peer that was gone before it was accepted: the listener itself goes on.
      server.on('error', (error) => process.emitWarning(error))
      const { address: host, port } = server.address() as net.AddressInfo
      resolve({
        address: { host, port },
        close: () => {
          server.close() // gives the port back at once; its callback would wait for the connections
          return Promise.resolve()
        },
      })
    })
  })
}

function accept(accepted: net.Socket, direct: boolean): NodeConnection {
  const connection = new NodeConnection()
  const socket = direct ? takeOver(accepted, connection.onread) : null
  return socket ? connection.attach(socket, 'onread') : connection.attach(accepted, 'data')
}

function connect(address: Address, options: { timeoutMs: number }): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const connection = new NodeConnection()
    const socket = net.connect({ host: address.host, port: address.port, noDelay: true, onread: connection.onread })
    const fail = (error: Error) => {
      clearTimeout(timer)
      // A name of several addresses: the first one's failure says enough.
      reject(error instanceof AggregateError ? error.errors[0] : error)
    }
    const timer = setTimeout(() => {
      socket.destroy(timedOut(`${address.host}:${address.port} did not answer within ${options.timeoutMs} ms`))
    }, options.timeoutMs)
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      resolve(connection.attach(socket, 'onread'))
    })
  })
}

function dial(url: string, options: { timeoutMs: number; maxMessageBytes: number }): Promise<Link> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { maxPayload: options.maxMessageBytes, perMessageDeflate: false })
    const timer = setTimeout(() => {
      fail(timedOut(`${url} did not answer within ${options.timeoutMs} ms`))
      socket.terminate()
    }, options.timeoutMs)
    const fail = (error: Error) => {
      clearTimeout(timer)
      reject(error instanceof AggregateError ? error.errors[0] : error)
    }
    // Stays for good: what fails after the promise is settled fails once more here, to no effect.
    socket.on('error', fail)
    socket.once('open', () => {
      clearTimeout(timer)
      const { host } = new URL(url)
      resolve(webSocketLink(socket, host))
    })
  })
}

function timedOut(message: string): Error {
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' })
}
