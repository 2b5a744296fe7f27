// The server on real sockets: limits of connections, idleness, and a stop in good order.
import { once } from 'node:events'
import net from 'node:net'
import { metadata, produce } from '@castellan/protocol'
import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { afterEach, describe, expect, test } from 'vitest'
import { type BrokerConfig, brokerConfig } from '../config.ts'
import { BrokerError } from '../errors.ts'
import { type Answer, type BrokerParts, handler, type RequestContext } from '../handlers/handler.ts'
import { Counters } from '../metrics/counters.ts'
import { requestBytes } from '../testing/fake-connection.ts'
import { ResponseMemory } from './response-memory.ts'
import { Server } from './server.ts'

const nothing: Answer<typeof metadata> = { brokers: [], topics: [] }
const ends: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Requests that wait for the test to answer them. */
class Waiting {
  readonly contexts: RequestContext[] = []
  readonly #answers: ((response: Answer<typeof metadata>) => void)[] = []
  #arrived: () => void = () => {}

  readonly handler = handler(metadata, (_, context) => {
    this.contexts.push(context)
    return new Promise<Answer<typeof metadata>>((resolve) => {
      this.#answers.push(resolve)
      this.#arrived()
    })
  })

  async arrived(count: number): Promise<void> {
    while (this.contexts.length < count) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve
      })
    }
  }

  answer(): void {
    for (const answer of this.#answers.splice(0)) answer(nothing)
  }
}

async function listen(given: Partial<BrokerConfig> = {}) {
  const config = brokerConfig({ brokerId: 1, castle: ['http://127.0.0.1:1'], dataFolder: '/data', ...given })
  const waiting = new Waiting()
  const quick = handler(produce, () => ({ responses: [] }))
  const counters = new Counters()
  const runtime = nodeRuntime()
  const responseMemory = new ResponseMemory(runtime.clock, config.queuedMaxResponseBytes)
  const parts = { runtime, config, log: silentLogger, responseMemory } as unknown as BrokerParts
  const server = new Server(parts, [waiting.handler, quick], counters)
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  ends.push(() => server.close())
  return { server, port, waiting, counters }
}

/** A client that keeps what it is sent. */
class Client {
  readonly closed: Promise<void>
  #received = Buffer.alloc(0)
  readonly #socket: net.Socket
  #more: () => void = () => {}

  private constructor(socket: net.Socket) {
    this.#socket = socket
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#more()
    })
  }

  static connect(port: number): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(new Client(socket)))
      socket.once('error', reject)
      ends.push(() => void socket.destroy())
    })
  }

  send(...correlationIds: number[]): void {
    const body = { acks: 1, timeoutMs: 1, topicData: [] }
    this.#socket.write(Buffer.concat(correlationIds.map((id) => requestBytes(produce, 9, id, body))))
  }

  sendSlow(correlationId: number): void {
    this.#socket.write(requestBytes(metadata, 9, correlationId, { topics: null }))
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** The correlation ids of the next answers. */
  async answers(count: number): Promise<number[]> {
    const ids: number[] = []
    while (ids.length < count) {
      if (this.#received.length < 4 || this.#received.length < 4 + this.#received.readInt32BE(0)) {
        await new Promise<void>((resolve) => {
          this.#more = resolve
        })
        continue
      }
      ids.push(this.#received.readInt32BE(4))
      this.#received = this.#received.subarray(4 + this.#received.readInt32BE(0))
    }
    return ids
  }
}

/** Connects, and is let in by nobody: the reset may come before or after the connection is known to be there. */
function turnedAway(port: number): Promise<void> {
  const socket = net.connect(port, '127.0.0.1')
  ends.push(() => void socket.destroy())
  return new Promise((resolve, reject) => {
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve() : reject(error)))
    socket.on('end', () => reject(new Error('it was ended')))
  })
}

test('ten thousand pipelined requests are answered in order', async () => {
  const { port } = await listen()
  const client = await Client.connect(port)
  const ids = Array.from({ length: 10_000 }, (_, i) => i)
  client.send(...ids)
  expect(await client.answers(ids.length)).toEqual(ids)
})

test('one slow client does not hold up another', async () => {
  const { port, waiting } = await listen()
  const slow = await Client.connect(port)
  const quick = await Client.connect(port)
  slow.sendSlow(1)
  await waiting.arrived(1)
  quick.send(2)
  expect(await quick.answers(1)).toEqual([2])
  waiting.answer()
  expect(await slow.answers(1)).toEqual([1])
})

test('a stop: who was answered sees an end, who has asked nothing yet a broken connection', async () => {
  const { port, server } = await listen()
  const [asked, silent] = [net.connect(port, '127.0.0.1'), net.connect(port, '127.0.0.1')]
  const seen = [asked, silent].map((socket) => {
    ends.push(() => void socket.destroy())
    return new Promise<string>((resolve) => {
      socket.on('end', () => resolve('end')).on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    })
  })
  asked.write(requestBytes(produce, 9, 1, { acks: 1, timeoutMs: 1, topicData: [] }))
  await once(asked, 'data')
  await server.close()
  expect(await Promise.all(seen)).toEqual(['end', 'ECONNRESET'])
})

describe('limits', () => {
  test('max.connections: one more is closed at once, and when one has gone another may come', async () => {
    const { port, server, counters } = await listen({ maxConnections: 1 })
    const first = await Client.connect(port)
    first.send(1)
    await first.answers(1)
    await turnedAway(port)
    expect([counters.connectionsAccepted, counters.connectionsRefused, server.connections]).toEqual([1, 1, 1])
    first.send(2)
    expect(await first.answers(1)).toEqual([2])
  })

  test('connections.max.idle.ms: who asks nothing is closed, who waits for an answer is not', async () => {
    const { port, waiting, counters } = await listen({ connectionsMaxIdleMs: 40 })
    const idle = await Client.connect(port)
    const busy = await Client.connect(port)
    busy.sendSlow(1)
    await waiting.arrived(1)
    await idle.closed
    expect(counters.connectionsIdle).toBe(1)
    waiting.answer()
    expect(await busy.answers(1)).toEqual([1])
  })

  test('an address in use says so, and what to do', async () => {
    const { port } = await listen()
    const { server } = await listen()
    const error = await server.listen({ host: '127.0.0.1', port }).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(BrokerError)
    expect(error).toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringContaining(`127.0.0.1:${port}: another process uses it`),
    })
  })
})

describe('a stop', () => {
  test('answers what is in flight, ends waits, takes nothing new, and closes the listener last', async () => {
    const { port, server, waiting } = await listen()
    const client = await Client.connect(port)
    client.sendSlow(1)
    await waiting.arrived(1)
    waiting.contexts[0]!.onAbandoned(() => waiting.answer())
    await server.drain()
    expect(await client.answers(1)).toEqual([1])
    // Still there, but not for new requests.
    await turnedAway(port)
    await server.close()
    await client.closed
    await expect(Client.connect(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('does not wait for ever', async () => {
    const { port, server, waiting } = await listen()
    const client = await Client.connect(port)
    client.sendSlow(1)
    await waiting.arrived(1)
    await server.drain()
    await server.close()
    await client.closed
  })
})
