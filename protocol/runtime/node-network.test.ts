import { spawn } from 'node:child_process'
import net from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { encodeRequest, encodeResponse, type Frame, FrameReader, metadata, Reader, SlabPool } from '../index.ts'
import type { Connection, Link, Listener, Network } from './network.ts'
import { canTakeOver, takeOver, tryTakeOver } from './node-accept.ts'
import { webSocketLink } from './node-link.ts'
import { makeNodeNetwork } from './node-network.ts'

const host = '127.0.0.1'
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Everything that a connection delivers, by slabs that are overwritten as soon as they are given back. */
class Peer {
  readonly connection: Connection
  readonly frames: Buffer[] = []
  readonly pool = new SlabPool({ slabBytes: 64 * 1024, keepBytesMax: 4 * 1024 * 1024, poison: true })
  closed: Error | null | undefined
  drains = 0
  readonly #reader: FrameReader
  #wake = () => {}

  constructor(connection: Connection, onFrame?: (frame: Frame) => void) {
    this.connection = connection
    this.#reader = new FrameReader(this.pool, {
      maxFrameBytes: 64 * 1024 * 1024,
      onFrame: (frame) => {
        this.frames.push(Buffer.from(frame.slab.bytes.subarray(frame.start, frame.end)))
        onFrame?.(frame)
      },
      onError: () => connection.destroy(),
    })
    connection.start({
      readBuffer: () => this.#reader.readBuffer(),
      onRead: (length) => {
        this.#reader.onRead(length)
        this.#wake()
      },
      onDrain: () => {
        this.drains++
        this.#wake()
      },
      onClose: (error) => {
        expect(this.closed).toBeUndefined()
        this.closed = error
        this.#reader.close()
        this.#wake()
      },
    })
  }

  async until(condition: (peer: Peer) => boolean): Promise<this> {
    while (!condition(this)) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this
  }
}

const frame = (fill: number, length: number) => {
  const bytes = Buffer.alloc(4 + length, fill)
  bytes.writeInt32BE(length)
  return bytes
}

async function listen(network: Network, onConnection: (connection: Connection) => void): Promise<Listener> {
  const listener = await network.listen({ host, port: 0 }, onConnection)
  cleanups.push(() => listener.close())
  return listener
}

async function pair(network: Network): Promise<{ client: Peer; server: Peer; listener: Listener }> {
  let accepted = (_: Peer) => {}
  const server = new Promise<Peer>((resolve) => (accepted = resolve))
  const listener = await listen(network, (connection) => accepted(new Peer(connection)))
  const client = new Peer(await network.connect(listener.address, { timeoutMs: 5_000 }))
  const both = { client, server: await server, listener }
  cleanups.push(
    () => both.client.connection.destroy(),
    () => both.server.connection.destroy(),
  )
  return both
}

describe.each([
  ['read into our buffers', async () => true],
  ['read by copying', async () => false],
])('a connection, %s', (_, direct) => {
  const network = makeNodeNetwork(direct)

  it('carries pipelined frames both ways, whatever pieces they come in', async () => {
    const { client, server } = await pair(network)
    const lengths = Array.from({ length: 400 }, (_, i) => (i * 7919) % 3_000)
    const bytes = Buffer.concat(lengths.map((length, i) => frame((i % 250) + 1, length)))
    let sent = 0
    for (let at = 0; at < bytes.length; at += 1_733)
      client.connection.write([bytes.subarray(at, at + 1_733)], () => sent++)
    await server.until(({ frames }) => frames.length === 400)
    expect(server.frames.every((each, i) => each.equals(Buffer.alloc(lengths[i]!, (i % 250) + 1)))).toBe(true)
    server.connection.write(lengths.map((length, i) => frame((i % 250) + 1, length)))
    await client.until(({ frames }) => frames.length === 400)
    expect(client.frames.every((each, i) => each.equals(server.frames[i]!))).toBe(true)
    expect(sent).toBe(Math.ceil(bytes.length / 1_733))
    expect(client.connection.bufferedBytes).toBe(0)
  })

  it('knows its peer', async () => {
    const { client, listener } = await pair(network)
    expect(client.connection.peer).toBe(`${host}:${listener.address.port}`)
  })

  it('carries a request and its response', async () => {
    const { client, server } = await pair(network)
    client.connection.write(encodeRequest(metadata, 12, { correlationId: 7, clientId: 'me' }, { topics: null }))
    await server.until(({ frames }) => frames.length === 1)
    server.connection.write(
      encodeResponse(metadata, 12, 7, { brokers: [{ nodeId: 1, host: 'b', port: 2 }], topics: [] }),
    )
    await client.until(({ frames }) => frames.length === 1)
    const reader = new Reader(client.frames[0]!, 5)
    expect(metadata.response.decode(reader, 12).brokers).toEqual([{ nodeId: 1, host: 'b', port: 2, rack: null }])
  })

  it('pushes back: write says so above a mebibyte, and a paused reader stops the sender', async () => {
    const { client, server } = await pair(network)
    server.connection.pause()
    let sent = 0
    let written = 0
    while (client.connection.write([frame(1, 100_000)], () => sent++)) written++
    // A part of the write that is under way has left already.
    expect(client.connection.bufferedBytes).toBeGreaterThan(1024 * 1024 - 100_004)
    expect(sent).toBeLessThan(written)
    server.connection.resume()
    await client.until(({ drains }) => drains === 1)
    await server.until(({ frames }) => frames.length === written + 1)
    expect(sent).toBe(written + 1)
    expect(client.connection.bufferedBytes).toBe(0)
  })

  it('tells both sides that the peer ended it, after a frame that was only half written', async () => {
    const { client, server } = await pair(network)
    client.connection.write([frame(5, 10), frame(6, 10_000).subarray(0, 5_000)])
    client.connection.end()
    await server.until(({ closed }) => closed !== undefined)
    expect(server.frames).toEqual([Buffer.alloc(10, 5)])
    expect(server.closed).toBeNull()
    expect(server.pool.usedBytes).toBe(0)
    await client.until(({ closed }) => closed !== undefined)
    expect(client.closed).toBeNull()
  })

  it('reports a reset, and calls onSent for what can no longer be sent, before onClose', async () => {
    let accepted = (_: Peer) => {}
    const peer = new Promise<Peer>((resolve) => (accepted = resolve))
    const listener = await listen(network, (connection) => accepted(new Peer(connection)))
    const raw = net.connect(listener.address)
    raw.pause()
    const server = await peer
    let sent = 0
    let written = 0
    while (
      server.connection.write([frame(1, 1_000_000)], () => {
        sent++
        expect(server.closed).toBeUndefined()
      })
    )
      written++
    raw.resetAndDestroy()
    await server.until(({ closed }) => closed !== undefined)
    expect(server.closed).toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) })
    expect(sent).toBe(written + 1)
    await new Promise<void>((resolve) => server.connection.write([frame(1, 1)], resolve))
  })

  it('calls onSent for what is still buffered when it is destroyed or its end meets a peer that never reads', async () => {
    for (const act of ['destroy', 'end'] as const) {
      const { client, server } = await pair(network)
      server.connection.pause()
      let sent = 0
      let written = 1
      const onSent = () => {
        sent++
        expect(client.closed).toBeUndefined()
      }
      while (client.connection.write([frame(1, 1_000_000), frame(2, 1)], onSent)) written++
      client.connection[act]()
      await client.until(({ closed }) => closed !== undefined)
      expect(client.closed).toBeNull()
      expect(sent).toBe(written)
    }
  })

  it('closes at once when destroyed, in the middle of reading too', async () => {
    let accepted = (_: Peer) => {}
    const peer = new Promise<Peer>((resolve) => (accepted = resolve))
    const listener = await listen(network, (connection) => {
      const made: Peer = new Peer(connection, () => connection.destroy())
      accepted(made)
    })
    const client = new Peer(await network.connect(listener.address, { timeoutMs: 5_000 }))
    client.connection.write([frame(1, 10), frame(2, 10)])
    const server = await (await peer).until(({ closed }) => closed !== undefined)
    expect(server.closed).toBeNull()
    expect(server.pool.usedBytes).toBe(0)
    await client.until(({ closed }) => closed !== undefined)
  })

  it('closes an ended connection even when the peer never does', async () => {
    let accepted = (_: Peer) => {}
    const peer = new Promise<Peer>((resolve) => (accepted = resolve))
    const listener = await listen(network, (connection) => accepted(new Peer(connection)))
    const raw = net.connect({ ...listener.address, allowHalfOpen: true })
    cleanups.push(() => raw.destroy())
    raw.on('error', () => {})
    raw.resume()
    const server = await peer
    server.connection.end()
    await server.until(({ closed }) => closed !== undefined)
    expect(server.closed).toBeNull()
  })

  it('stays when its listener closes, whose port is free at once', async () => {
    const { client, server, listener } = await pair(network)
    await listener.close()
    const again = await network.listen(listener.address, () => {})
    cleanups.push(() => again.close())
    client.connection.write([frame(1, 10)])
    await server.until(({ frames }) => frames.length === 1)
  })

  it('keeps hundreds of connections apart', async () => {
    const listener = await listen(network, (connection) => {
      const peer: Peer = new Peer(connection, () => connection.write([frame(peer.frames[0]![0]!, 500)]))
    })
    const clients = await Promise.all(
      Array.from({ length: 200 }, async () => new Peer(await network.connect(listener.address, { timeoutMs: 5_000 }))),
    )
    for (const [i, client] of clients.entries()) client.connection.write([frame(i, 500 + i)])
    for (const client of clients) await client.until(({ frames }) => frames.length === 1)
    expect(clients.every((client, i) => client.frames[0]!.equals(Buffer.alloc(500, i)))).toBe(true)
    for (const client of clients) client.connection.destroy()
  })
})

describe('the network', () => {
  const network = makeNodeNetwork(canTakeOver)

  it('refuses with the codes of the system', async () => {
    const { listener } = await pair(network)
    await expect(network.listen(listener.address, () => {})).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await listener.close()
    await expect(network.connect(listener.address, { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
    await expect(network.connect({ host: 'nowhere.invalid', port: 1 }, { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
    })
    await expect(network.listen({ host: '203.0.113.1', port: 0 }, () => {})).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
    })
  })

  it('gives up on an address that does not answer', async () => {
    // A process that stands still, with a full backlog: the system drops who knocks, as a machine does that is cut off.
    const script = `require('net').createServer().listen({ host: '${host}', port: 0, backlog: 1 }, function () { console.log(this.address().port) })`
    const process_ = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    cleanups.push(() => process_.kill('SIGKILL'))
    const port = Number(
      await new Promise<string>((resolve) => process_.stdout.once('data', (data) => resolve(String(data)))),
    )
    process_.kill('SIGSTOP')
    for (let i = 0; i < 4; i++) {
      const waiting = net.connect({ host, port })
      waiting.on('error', () => {})
      cleanups.push(() => waiting.destroy())
    }
    await expect(network.connect({ host, port }, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('can read accepted connections into its own buffers, in this Node', async () => {
    expect(await canTakeOver()).toBe(true)
  })

  it.each([
    ['gives nothing', () => null],
    ['goes on as it was', (socket: net.Socket) => socket],
    ['fails', (socket: net.Socket) => socket.destroy(new Error('no'))],
    [
      'ignores the buffer',
      (socket: net.Socket, { callback }: net.OnReadOpts) =>
        socket.on('data', (data) => callback(data.length, data)).resume(),
    ],
  ])('finds out when taking over %s', async (_, broken) => {
    expect(await tryTakeOver(broken, 100)).toBe(false)
    expect(await tryTakeOver(takeOver)).toBe(true)
  })
})

describe('a link', () => {
  const network = makeNodeNetwork(canTakeOver)

  /** Collects what a link says. */
  function follow(link: Link) {
    const log = { messages: [] as string[], closed: undefined as Error | null | undefined, wake: () => {} }
    link.start({
      onMessage: (text) => {
        log.messages.push(text)
        log.wake()
      },
      onClose: (error) => {
        log.closed = error
        log.wake()
      },
    })
    const until = async (condition: () => boolean) => {
      while (!condition()) await new Promise<void>((resolve) => (log.wake = resolve))
    }
    return { log, until }
  }

  async function serve(onSocket: (socket: WebSocket) => void): Promise<string> {
    const server = new WebSocketServer({ host, port: 0 })
    await new Promise<void>((resolve) => server.once('listening', resolve))
    server.on('connection', onSocket)
    cleanups.push(() => {
      for (const client of server.clients) client.terminate()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    })
    return `ws://${host}:${(server.address() as net.AddressInfo).port}/link`
  }

  it('carries texts both ways, from the first on', async () => {
    const url = await serve((socket) => {
      const link = webSocketLink(socket, 'client')
      link.send('welcome')
      link.start({ onMessage: (text) => link.send(`${text}, too`), onClose: () => {} })
    })
    const link = await network.dial(url, { timeoutMs: 5_000, maxMessageBytes: 1_000 })
    expect(link.peer).toBe(new URL(url).host)
    const { log, until } = follow(link)
    link.send('héllo')
    await until(() => log.messages.length === 2)
    expect(log.messages).toEqual(['welcome', 'héllo, too'])
    link.close()
    await until(() => log.closed !== undefined)
    expect(log.closed).toBeNull()
    link.send('too late: dropped')
  })

  it.each([
    [
      'a message above the limit',
      (socket: WebSocket) => socket.send('x'.repeat(1_001)),
      'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
    ],
    ['bytes', (socket: WebSocket) => socket.send(Buffer.alloc(3)), undefined],
    ['a peer that vanishes', (socket: WebSocket) => socket.terminate(), 'ECONNRESET'],
  ])('breaks at %s', async (_, act, code) => {
    const link = await network.dial(await serve(act), { timeoutMs: 5_000, maxMessageBytes: 1_000 })
    const { log, until } = follow(link)
    await until(() => log.closed !== undefined)
    expect(log.closed).toBeInstanceOf(Error)
    expect((log.closed as NodeJS.ErrnoException).code).toBe(code)
    expect(log.messages).toEqual([])
  })

  it('closes in good order when the peer does', async () => {
    const link = await network.dial(await serve((socket) => socket.close(1001)), {
      timeoutMs: 5_000,
      maxMessageBytes: 1_000,
    })
    const { log, until } = follow(link)
    await until(() => log.closed !== undefined)
    expect(log.closed).toBeNull()
  })

  it('cannot be made where nobody listens, or nobody speaks', async () => {
    const silent = net.createServer((socket) => socket.resume())
    await new Promise<void>((resolve) => silent.listen({ host, port: 0 }, resolve))
    const { port } = silent.address() as net.AddressInfo
    const options = { timeoutMs: 50, maxMessageBytes: 1_000 }
    await expect(network.dial(`ws://${host}:${port}/link`, options)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    await new Promise((resolve) => silent.close(resolve))
    await expect(network.dial(`ws://${host}:${port}/link`, options)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
