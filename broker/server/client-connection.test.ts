import { apiVersions, metadata, produce, SlabPool } from '@castellan/protocol'
import { silentLogger } from '@castellan/protocol/runtime'
import { beforeEach, describe, expect, test } from 'vitest'
import { type BrokerConfig, brokerConfig } from '../config.ts'
import { apiVersions as apiVersionsHandler } from '../handlers/18-api-versions.ts'
import { type Answer, type BrokerParts, type Handler, handler, type RequestContext } from '../handlers/handler.ts'
import { Counters } from '../metrics/counters.ts'
import { FakeClock, settle } from '../testing/fake-clock.ts'
import { FakeConnection, readAnswer, requestBytes } from '../testing/fake-connection.ts'
import { ClientConnection, type ConnectionHost } from './client-connection.ts'
import { handlerTable } from './dispatch.ts'
import { RequestMemory } from './request-memory.ts'
import { ResponseMemory } from './response-memory.ts'

const nothing: Answer<typeof metadata> = { brokers: [], topics: [] }

/** A server with a Metadata handler that answers when the test says so, and one that answers at once. */
class Bench {
  readonly clock = new FakeClock()
  readonly counters = new Counters()
  readonly connection = new FakeConnection()
  readonly complaints: [string, string][] = []
  readonly slabs = new SlabPool({ slabBytes: 64 * 1024, keepBytesMax: 1024 * 1024, poison: true })
  readonly memory: RequestMemory
  readonly responseMemory = new ResponseMemory(this.clock, 1024 * 1024)
  readonly started: {
    context: RequestContext
    answer: (response: Answer<typeof metadata>) => void
    fail: (error: Error) => void
  }[] = []
  readonly client: ClientConnection
  isClosed = false

  constructor(limits: Partial<BrokerConfig> = {}) {
    const config = brokerConfig({ brokerId: 1, castle: ['http://127.0.0.1:1'], dataFolder: '/data', ...limits })
    const slow = handler(
      metadata,
      (_, context) => new Promise((answer, fail) => this.started.push({ context, answer, fail })),
    )
    const quick = handler(produce, ({ acks }, context) => {
      if (acks === 0) context.closeConnection('an error at acks=0')
      return acks === 0 ? null : { responses: [] }
    })
    const list: Handler[] = [slow, quick, apiVersionsHandler(() => list)]
    const { responseMemory } = this
    const parts = {
      runtime: { clock: this.clock },
      config,
      log: silentLogger,
      responseMemory,
    } as unknown as BrokerParts
    this.memory = new RequestMemory(this.clock, { bytesMax: config.queuedMaxRequestBytes, usualBytes: 64 * 1024 })
    const host: ConnectionHost = {
      parts,
      table: handlerTable(list),
      slabs: this.slabs,
      memory: this.memory,
      counters: this.counters,
      complain: (kind, _peer, reason) => void this.complaints.push([kind, reason]),
      complainOfFailure: () => {},
      onClosed: () => {
        this.isClosed = true
      },
    }
    this.client = new ClientConnection(host, this.connection)
    this.client.start()
  }

  ask(...correlationIds: number[]): void {
    for (const id of correlationIds) this.connection.request(metadata, 9, id, { topics: null })
  }

  askQuick(correlationId: number, acks = -1): void {
    this.connection.request(produce, 9, correlationId, { acks, timeoutMs: 1, topicData: [] })
  }
}

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})

test('a request says when its client was there for certain: when the answer before was given', async () => {
  bench.ask(1)
  await bench.clock.advance(5)
  bench.started[0]!.answer(nothing)
  await settle()
  await bench.clock.advance(3_000) // this process, or the way, stood still
  bench.ask(2, 3)
  expect(bench.started.map(({ context }) => context.clientSeenMs)).toEqual([-Infinity, 5, 5])
})

describe('the order of answers', () => {
  test('is that of the requests, whichever handler is done first', async () => {
    bench.ask(1, 2, 3)
    expect(bench.started).toHaveLength(3)
    bench.started[2]!.answer(nothing)
    bench.started[1]!.answer(nothing)
    await settle()
    expect(bench.connection.answered()).toEqual([])
    bench.started[0]!.answer(nothing)
    await settle()
    expect(bench.connection.answered()).toEqual([1, 2, 3])
  })

  test('holds for answers given at once behind a slow one', async () => {
    bench.ask(1)
    bench.askQuick(2)
    await settle()
    expect(bench.connection.answered()).toEqual([])
    bench.started[0]!.answer(nothing)
    await settle()
    expect(bench.connection.answered()).toEqual([1, 2])
  })

  test('all answers of a turn leave in one write', async () => {
    bench.connection.deliver(Buffer.concat([1, 2, 3].map((id) => requestBytes(metadata, 9, id, { topics: null }))))
    for (const { answer } of bench.started) answer(nothing)
    await settle()
    expect(bench.connection.answered()).toEqual([1, 2, 3])
    expect(bench.connection.writes).toBe(1)
  })

  test('a request cut at any byte is read the same', async () => {
    const bytes = requestBytes(metadata, 9, 7, { topics: null })
    for (let cut = 1; cut < bytes.length; cut++) {
      const one = new Bench()
      one.connection.deliver(bytes.subarray(0, cut))
      expect(one.started).toHaveLength(0)
      one.connection.deliver(bytes.subarray(cut))
      expect(one.started).toHaveLength(1)
    }
  })
})

describe('limits', () => {
  test('requests in flight: further ones wait, and reading pauses, until one is answered', async () => {
    bench = new Bench({ connectionRequestsMax: 2 })
    bench.ask(1, 2, 3, 4)
    expect(bench.started).toHaveLength(2)
    expect(bench.connection.isPaused).toBe(true)
    bench.started[0]!.answer(nothing)
    await settle()
    expect(bench.started).toHaveLength(3)
    expect(bench.connection.isPaused).toBe(true)
    bench.started[1]!.answer(nothing)
    bench.started[2]!.answer(nothing)
    await settle()
    expect(bench.started).toHaveLength(4)
    expect(bench.connection.isPaused).toBe(false)
    expect(bench.connection.answered()).toEqual([1, 2, 3])
  })

  test('bytes in flight: one request may be larger than the limit, but goes alone', async () => {
    bench = new Bench({ connectionRequestBytesMax: 1024 })
    const large = { topics: Array.from({ length: 100 }, (_, i) => ({ name: `a-topic-with-a-name-${i}` })) }
    bench.connection.request(metadata, 9, 1, large)
    bench.ask(2)
    expect(bench.started).toHaveLength(1)
    bench.started[0]!.answer(nothing)
    await settle()
    expect(bench.started).toHaveLength(2)
  })

  test('answers that the client does not take: its requests wait, and memory is bounded', async () => {
    bench.connection.takesAnswers = false
    bench.ask(1)
    bench.started[0]!.answer(nothing)
    await settle()
    bench.ask(2, 3)
    expect(bench.started).toHaveLength(1)
    expect(bench.connection.isPaused).toBe(true)
    bench.connection.takeAnswers()
    expect(bench.started).toHaveLength(3)
    expect(bench.connection.isPaused).toBe(false)
  })

  test('answers that wait for an earlier one: beyond the limit nothing more is started', async () => {
    bench = new Bench({ connectionResponseBytesMax: 1024 })
    bench.ask(1, 2)
    bench.started[1]!.answer({
      brokers: [],
      topics: Array.from({ length: 100 }, (_, i) => ({ errorCode: 0, name: `topic-${i}`, partitions: [] })),
    })
    await settle()
    bench.ask(3)
    expect(bench.started).toHaveLength(2)
    bench.started[0]!.answer(nothing)
    await settle()
    expect(bench.connection.answered()).toEqual([1, 2])
    expect(bench.started).toHaveLength(3)
  })

  test('a frame longer than socket.request.max.bytes closes the connection before it is read', () => {
    bench = new Bench({ socketRequestMaxBytes: 2048 })
    const length = Buffer.alloc(4)
    length.writeInt32BE(2049)
    bench.connection.deliver(length)
    expect(bench.connection.state).toBe('ended')
    expect(bench.counters.malformedFrames).toBe(1)
    expect(bench.complaints[0]![0]).toBe('malformed')
  })
})

describe('memory of requests', () => {
  const MiB = 1024 * 1024
  const partOf = (bytes: number, of: number) => {
    const head = Buffer.alloc(bytes)
    head.writeInt32BE(of)
    return head
  }
  /** As much as one lane has, held by somebody else. */
  const useUp = (bytes: number, apiKey: number) => {
    const claim = bench.memory.claim(bytes, apiKey)
    expect(claim).not.toBeNull()
    return claim!
  }
  beforeEach(() => {
    bench = new Bench({ queuedMaxRequestBytes: 8 * MiB })
  })

  test('a large request waits unread until there is memory for all of it', async () => {
    const other = useUp(5 * MiB, produce.key)
    bench.connection.deliver(partOf(100_000, 200_000))
    expect(bench.connection.isPaused).toBe(true)
    expect(bench.connection.undeliveredBytes).toBe(100_000 - 4096)
    expect(bench.client.halfSentIn).toBeNull()
    expect([bench.memory.waiting, bench.slabs.usedBytes]).toEqual([1, 4096])
    other.giveBack()
    await bench.clock.turn()
    expect(bench.connection.isPaused).toBe(false)
    expect(bench.connection.undeliveredBytes).toBe(0)
    expect(bench.memory.usedBytes).toBe(256 * 1024)
    expect(bench.client.halfSentIn).toBe('large')
  })

  test('a small request is read and answered whatever is used up', async () => {
    useUp(5 * MiB, produce.key)
    while (bench.memory.claim(64 * 1024, produce.key) !== null);
    while (bench.memory.claim(64 * 1024, metadata.key) !== null);
    bench.ask(1)
    bench.askQuick(2)
    bench.started[0]!.answer(nothing)
    await settle()
    expect(bench.connection.answered()).toEqual([1, 2])
  })

  test('many small ones are read as its own are answered, when all is used up', async () => {
    while (bench.memory.claim(64 * 1024, produce.key) !== null);
    while (bench.memory.claim(64 * 1024, metadata.key) !== null);
    while (bench.memory.claim(4096, metadata.key) !== null);
    const large = { topics: Array.from({ length: 40 }, (_, i) => ({ name: `a-topic-with-a-name-of-length-${i}` })) }
    for (let id = 0; id < 6; id++) bench.connection.request(metadata, 9, id, large)
    expect(bench.started.length).toBeLessThan(4)
    expect(bench.slabs.usedBytes).toBe(4096)
    for (let id = 0; id < 6; id++) {
      bench.started[id]!.answer(nothing)
      await settle()
    }
    expect(bench.connection.answered()).toEqual([0, 1, 2, 3, 4, 5])
    expect([bench.connection.isPaused, bench.memory.waiting]).toEqual([false, 0])
  })

  test('who waits for memory is not read from because a request of its own is answered', async () => {
    useUp(5 * MiB, produce.key)
    bench.ask(1)
    bench.connection.deliver(partOf(100_000, 200_000))
    bench.started[0]!.answer(nothing)
    await settle()
    expect(bench.connection.answered()).toEqual([1])
    expect([bench.connection.isPaused, bench.memory.waiting]).toEqual([true, 1])
    bench.connection.break()
    expect([bench.memory.waiting, bench.slabs.usedBytes]).toEqual([0, 0])
  })

  test('who waits for a lane holds little of another', async () => {
    useUp(5 * MiB, produce.key)
    const many = { topics: Array.from({ length: 300 }, (_, i) => ({ name: `a-topic-with-a-name-of-length-${i}` })) }
    bench.connection.request(metadata, 9, 1, many)
    bench.started[0]!.answer(nothing)
    await settle()
    expect(bench.slabs.usedBytes).toBe(64 * 1024) // kept while idle
    bench.connection.deliver(partOf(4_000, 200_000))
    expect([bench.slabs.usedBytes, bench.memory.usedBytes]).toEqual([4096, 5 * MiB])
  })

  test('a slab that others keep is replaced by another, and the connection counts as before', async () => {
    const many = { topics: Array.from({ length: 400 }, (_, i) => ({ name: `a-topic-with-a-name-of-length-${i}` })) }
    for (let id = 0; id < 20; id++) {
      bench.connection.request(metadata, 9, id, many)
      bench.started[id]!.context.slab.retain()
      bench.started[id]!.answer(nothing)
      await settle()
    }
    expect(bench.slabs.usedBytes).toBeGreaterThan(3 * 64 * 1024)
    expect(bench.memory.usedBytes).toBe(64 * 1024)
  })

  test('what is whole and not answered counts, also when the connection is gone; what is answered does not, whoever keeps it', async () => {
    const many = { topics: Array.from({ length: 3_000 }, (_, i) => ({ name: `a-topic-with-a-name-of-length-${i}` })) }
    bench.connection.request(metadata, 9, 1, many)
    expect(bench.started).toHaveLength(1)
    const { slab } = bench.started[0]!.context
    expect(bench.memory.usedBytes).toBeGreaterThan(100_000)
    slab.retain()
    bench.connection.break()
    expect(bench.memory.usedBytes).toBeGreaterThan(100_000)
    bench.started[0]!.answer(nothing)
    await settle()
    expect(bench.memory.usedBytes).toBe(0)
    expect(bench.slabs.usedBytes).toBeGreaterThan(100_000)
    slab.release()
    expect(bench.slabs.usedBytes).toBe(0)
  })

  test('who waits and goes leaves the line, and who has half of a request gives its memory back', async () => {
    bench.connection.deliver(partOf(100_000, 4 * MiB))
    expect(bench.memory.usedBytes).toBe(4 * MiB + 4)
    let served = false
    bench.memory.wait(2 * MiB, produce.key, () => {
      served = true
    })
    await bench.clock.turn()
    expect(served).toBe(false)
    bench.client.closeStalled('request')
    await bench.clock.turn()
    expect(served).toBe(true)
    expect([bench.memory.usedBytes, bench.slabs.usedBytes]).toEqual([2 * MiB, 0])
    expect(bench.complaints.map(([kind]) => kind)).toEqual(['stalled'])
  })

  test('a request that we do not read, for those before it are not answered, is not half sent by its client', () => {
    bench = new Bench({ connectionRequestsMax: 1 })
    bench.connection.deliver(
      Buffer.concat([...[1, 2].map((id) => requestBytes(metadata, 9, id, { topics: null })), partOf(4000, 100_000)]),
    )
    expect(bench.connection.isPaused).toBe(true)
    expect(bench.client.halfSentIn).toBeNull()
  })
})

describe('memory of answers', () => {
  test('is held while the client does not take them, and given back when it has', async () => {
    bench.connection.takesAnswers = false
    bench.ask(1)
    expect(bench.started[0]!.context.room.take(1000, 1000)).toBe(1000)
    expect(bench.client.isHoldingAnswers).toBe(false) // it is we who are not done
    bench.started[0]!.answer(nothing)
    await settle()
    expect([bench.client.isHoldingAnswers, bench.responseMemory.usedBytes]).toEqual([true, 1000])
    expect(bench.client.taking).toEqual({ messages: 0, bytes: 0 })
    bench.connection.takeAnswers()
    expect([bench.client.isHoldingAnswers, bench.responseMemory.usedBytes]).toEqual([false, 0])
    expect(bench.client.taking).toMatchObject({ messages: 1 })
    expect(bench.client.taking.bytes).toBeGreaterThan(0)
  })

  test('is given back when the client is closed for not taking them', async () => {
    bench.connection.takesAnswers = false
    bench.ask(1, 2)
    for (const { context, answer } of bench.started) {
      context.room.take(1000, 1000)
      answer(nothing)
    }
    await settle()
    bench.client.closeStalled('answers')
    bench.connection.takeAnswers() // as a network does: what was written is let go
    expect(bench.responseMemory.usedBytes).toBe(0)
  })

  test('does not wait for a long poll before it: that ends at once, and so does a wait that begins later', async () => {
    bench.ask(1, 2)
    const [poll, large] = bench.started
    const ends: string[] = []
    poll!.context.onAbandoned(() => ends.push('first'))
    large!.context.onAbandoned(() => expect.unreachable('it is answered'))
    large!.context.room.take(1000, 1000)
    large!.answer(nothing)
    await settle()
    poll!.context.onAbandoned(() => ends.push('later'))
    expect(ends).toEqual(['first', 'later'])
    poll!.answer(nothing)
    await settle()
    expect([bench.connection.answered(), bench.responseMemory.usedBytes]).toEqual([[1, 2], 0])
  })

  test('of none: a long poll goes on', async () => {
    bench.ask(1, 2)
    bench.started[0]!.context.onAbandoned(() => expect.unreachable('nobody needs it'))
    bench.started[1]!.answer(nothing)
    await settle()
  })
})

describe('what is no request', () => {
  const cases: [string, Uint8Array, string][] = [
    ['garbage', Buffer.concat([Buffer.from([0, 0, 0, 5]), Buffer.from('hello')]), 'malformed'],
    ['an empty frame', Buffer.from([0, 0, 0, 0]), 'malformed'],
    ['a negative length', Buffer.from([0xff, 0xff, 0xff, 0xff]), 'malformed'],
    ['a TLS greeting', Buffer.from('16030100f8010000f40303', 'hex'), 'malformed'],
    ['an API that is not known', Buffer.from('0000000a03e7000000000001ffff', 'hex'), 'refused'],
    ['a version that is not known', Buffer.from('0000000b0003006300000001000000', 'hex'), 'refused'],
    ['a body that ends early', Buffer.from('0000000b0003000900000001000000', 'hex'), 'malformed'],
  ]
  test.each(cases)('%s closes the connection, and the process goes on', async (_, bytes, kind) => {
    bench.connection.deliver(bytes)
    await settle()
    expect(bench.connection.state).toBe('ended')
    expect(bench.complaints.map(([kind]) => kind)).toEqual([kind])
    expect(bench.slabs.usedBytes).toBe(0)
  })

  test('ApiVersions of a version that is not known is answered in version 0', async () => {
    bench.connection.deliver(Buffer.from('0000000b0012006300000009000000', 'hex'))
    await settle()
    const [frame] = bench.connection.answers()
    const answer = readAnswer(apiVersions, 0, frame!)
    expect(answer.errorCode).toBe(35)
    expect(answer.apiKeys).toEqual([{ apiKey: 18, minVersion: 0, maxVersion: 5 }])
    expect(bench.connection.state).toBe('open')
  })
})

describe('ends', () => {
  test('acks=0 with an error: no answer, the connection closes after the answers before it', async () => {
    bench.askQuick(1)
    bench.askQuick(2, 0)
    await settle()
    expect(bench.connection.answered()).toEqual([1])
    expect(bench.connection.state).toBe('ended')
  })

  test('a handler that fails closes its connection and is counted', async () => {
    bench.ask(1)
    bench.started[0]!.fail(new Error('a bug'))
    await settle()
    expect(bench.connection.state).toBe('ended')
    expect(bench.counters.failures).toBe(1)
    expect(bench.slabs.usedBytes).toBe(0)
  })

  test('a broken connection ends waits and releases everything, once', async () => {
    bench.ask(1, 2)
    const calls: string[] = []
    bench.started[0]!.context.onAbandoned(() => calls.push('abandoned'))
    bench.started[0]!.context.afterSent(() => calls.push('released'))
    bench.connection.break()
    expect(calls).toEqual(['abandoned'])
    expect(bench.isClosed).toBe(true)
    bench.started[0]!.answer(nothing)
    bench.started[1]!.answer(nothing)
    await settle()
    expect(calls).toEqual(['abandoned', 'released'])
    expect(bench.connection.answered()).toEqual([])
    expect(bench.slabs.usedBytes).toBe(0)
  })

  test('what an answer refers to is released when it has left, not before', async () => {
    let released = 0
    bench.connection.takesAnswers = false
    bench.ask(1)
    bench.started[0]!.context.afterSent(() => released++)
    bench.started[0]!.answer(nothing)
    await settle()
    expect(released).toBe(0)
    bench.connection.takeAnswers()
    expect(released).toBe(1)
  })

  test('at a stop waits end, what is in flight is answered, and nothing new is started', async () => {
    bench.ask(1)
    bench.started[0]!.context.onAbandoned(() => bench.started[0]!.answer(nothing))
    bench.client.stopReading()
    bench.ask(2)
    await settle()
    expect(bench.connection.answered()).toEqual([1])
    expect(bench.started).toHaveLength(1)
    expect(bench.client.inFlight).toBe(0)
  })
})

test('requests of a thousand frames in one read are answered in order', async () => {
  bench.connection.deliver(
    Buffer.concat(
      Array.from({ length: 1000 }, (_, i) => requestBytes(produce, 9, i, { acks: 1, timeoutMs: 1, topicData: [] })),
    ),
  )
  await settle()
  expect(bench.connection.answered()).toEqual(Array.from({ length: 1000 }, (_, i) => i))
  expect(bench.counters.api(0).requests).toBe(1000)
})
