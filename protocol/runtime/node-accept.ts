// Reading an accepted connection straight into our own buffers.
//
// `net.connect` takes `onread`, which does that; `net.Server` has no option for it. So an accepted socket is taken
// apart: its handle goes into a new `net.Socket`, which takes `onread` and, undocumented, `handle`. It saves one copy
// of everything that is produced (shared/performance.md: 0.69 against 1.11 CPU seconds per GB).
//
// This file is all that knows of it. Whether it works in this Node is tried once, with a real connection; if it does
// not, accepted sockets are read by 'data' events.
import net from 'node:net'

interface Internals {
  _handle: { readonly useUserBuffer?: unknown } | null
}

type TakeOver = (socket: net.Socket, onread: net.OnReadOpts) => net.Socket | null

/** The connection of `socket`, read by `onread`; null when this Node does not have what it takes. `socket` must not be used after. */
export const takeOver: TakeOver = (socket, onread) => {
  const internals = socket as unknown as Internals
  const handle = internals._handle
  if (typeof handle?.useUserBuffer !== 'function') return null
  // Without its handle the old socket closes nothing when it is destroyed, and its server counts it out.
  internals._handle = null
  socket.destroy()
  return new net.Socket({ handle, onread } as net.SocketConstructorOpts)
}

let verdict: Promise<boolean> | null = null

/** Whether `takeOver` works here: tried once in a process. */
export function canTakeOver(): Promise<boolean> {
  verdict ??= tryTakeOver(takeOver)
  return verdict
}

/**
 * Its time is that many turns of the event loop, at least so far apart: a process that stood still for a second has not waited that long
 * for the bytes, and what they said of this Node would hold for its whole life.
 */
const turns = 20

/** Sends a few bytes to ourselves through a connection that was taken over; exported for tests. */
export function tryTakeOver(takeOver: TakeOver, timeoutMs = 1_000): Promise<boolean> {
  const sent = Buffer.from('castellan')
  return new Promise((resolve) => {
    const server = net.createServer({ pauseOnConnect: true })
    const sockets: net.Socket[] = []
    const finish = (works: boolean) => {
      clearTimeout(timer)
      server.close()
      for (const socket of sockets) socket.destroy()
      resolve(works)
    }
    let left = turns
    const wait = () =>
      setTimeout(() => {
        left -= 1
        if (left > 0) timer = wait()
        else finish(false)
      }, timeoutMs / turns)
    let timer = wait()
    const fail = () => finish(false)
    server.on('error', fail)
    server.on('connection', (accepted) => {
      accepted.on('error', fail)
      const buffer = Buffer.alloc(64)
      let received = 0
      const callback = (length: number) => {
        received += length
        if (received === sent.length) finish(buffer.subarray(0, length).equals(sent))
        return true
      }
      const socket = takeOver(accepted, { buffer: () => buffer, callback })
      if (socket === null) return finish(false)
      socket.on('error', fail)
      sockets.push(socket)
    })
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const client = net.connect({ host: '127.0.0.1', port: (server.address() as net.AddressInfo).port })
      client.on('error', fail)
      client.end(sent)
      sockets.push(client)
    })
  })
}
