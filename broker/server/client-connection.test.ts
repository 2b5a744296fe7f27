// A connection: the order of answers, limits of its own, bytes that are no request, and its ends.
import { apiVersions, metadata, produce } from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { ConnectionBench, nothing } from '../testing/connection-bench.ts'
import { settle } from '../testing/fake-clock.ts'
import { readAnswer, requestBytes } from '../testing/fake-connection.ts'

let bench: ConnectionBench
beforeEach(() => {
  bench = new ConnectionBench()
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
      const one = new ConnectionBench()
      one.connection.deliver(bytes.subarray(0, cut))
      expect(one.started).toHaveLength(0)
      one.connection.deliver(bytes.subarray(cut))
      expect(one.started).toHaveLength(1)
    }
  })
})

describe('limits', () => {
  test('requests in flight: further ones wait, and reading pauses, until one is answered', async () => {
    bench = new ConnectionBench({ connectionRequestsMax: 2 })
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
    bench = new ConnectionBench({ connectionRequestBytesMax: 1024 })
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
    bench = new ConnectionBench({ connectionResponseBytesMax: 1024 })
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
    bench = new ConnectionBench({ socketRequestMaxBytes: 2048 })
    const length = Buffer.alloc(4)
    length.writeInt32BE(2049)
    bench.connection.deliver(length)
    expect(bench.connection.state).toBe('ended')
    expect(bench.counters.malformedFrames).toBe(1)
    expect(bench.complaints[0]![0]).toBe('malformed')
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
