// A connection within the memory that all requests, and all answers, share: who waits, who goes on, and what is given back.
import { metadata, produce } from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { ConnectionBench, nothing } from '../testing/connection-bench.ts'
import { settle } from '../testing/fake-clock.ts'
import { requestBytes } from '../testing/fake-connection.ts'

let bench: ConnectionBench
beforeEach(() => {
  bench = new ConnectionBench()
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
    bench = new ConnectionBench({ queuedMaxRequestBytes: 8 * MiB })
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
    bench = new ConnectionBench({ connectionRequestsMax: 1 })
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
