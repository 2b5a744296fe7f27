import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { produce as api, type ProduceRequestInput, type ProduceResponseInput } from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { HandlerBench, topicIdOf } from '../testing/handler-bench.ts'
import { produce, strongerAcks } from './00-produce.ts'

const records = Buffer.from('records')
let bench: HandlerBench
beforeEach(() => {
  bench = new HandlerBench()
})

function ask(version: number, partitions: number[], more: Partial<ProduceRequestInput> = {}, topic = 'orders', n = 1) {
  const partitionData = partitions.map((index) => ({ index, records }))
  const topicData = [{ name: topic, topicId: topicIdOf(n), partitionData }]
  return bench.ask(produce, api, version, { acks: -1, timeoutMs: 1000, topicData, ...more })
}

const partitionsOf = (response: ProduceResponseInput | null | undefined) =>
  response?.responses[0]?.partitionResponses ?? []
const errorsOf = (response: ProduceResponseInput | null | undefined) =>
  partitionsOf(response).map(({ errorCode }) => errorCode)

test('one request is answered when each of its partitions is, with what each said', async () => {
  const [p0, p1] = bench.addTopic(1, 'orders', [1, 1])
  const asked = ask(9, [0, 1])
  p1!.appends[0]!.done({ baseOffset: 7, logStartOffset: 2 })
  await bench.clock.turn()
  expect(asked.response).toBeUndefined()
  p0!.appends[0]!.done({ baseOffset: 3, logAppendTimeMs: 99 })
  await bench.clock.turn()
  expect(partitionsOf(asked.response)).toMatchObject([
    { index: 0, errorCode: 0, baseOffset: 3, logAppendTimeMs: 99, logStartOffset: 0 },
    { index: 1, errorCode: 0, baseOffset: 7, logStartOffset: 2 },
  ])
  expect(p0!.appends[0]!.records).toEqual(records)
})

describe('the ack level of the topic raises weaker acks', () => {
  test.each([
    [-1, -1, -1],
    [-1, 1, -1],
    [-1, 0, -1],
    [1, -1, -1],
    [1, 1, 1],
    [1, 0, 1],
    [0, -1, -1],
    [0, 1, 1],
    [0, 0, 0],
  ] as const)('acks %i at level %i: %i', (acks, ackLevel, effective) => {
    expect(strongerAcks(acks, ackLevel)).toBe(effective)
    const [p0] = bench.addTopic(1, 'orders', [1], { ackLevel })
    ask(9, [0], { acks })
    expect(p0!.appends[0]!.acks).toBe(effective)
  })
})

describe('acks=0 is never answered', () => {
  test('not when it was raised, but it counts as in flight until it is written', async () => {
    const [p0] = bench.addTopic(1, 'orders', [1], { ackLevel: -1 })
    const asked = ask(9, [0], { acks: 0 })
    await bench.clock.turn()
    expect(asked.response).toBeUndefined()
    p0!.appends[0]!.done()
    expect(await asked.answer).toBe(null)
    expect(asked.closed).toBeUndefined()
  })

  test('an error closes the connection', async () => {
    bench.addTopic(1, 'orders', [2])
    const asked = ask(9, [0], { acks: 0 })
    expect(await asked.answer).toBe(null)
    expect(asked.closed).toContain('6')
  })
})

describe('errors', () => {
  test.each([
    ['an unknown topic', 9, [0], {}, 'nothing', 3],
    ['an unknown partition', 9, [5], {}, 'orders', 3],
    ['a partition led elsewhere', 9, [1], {}, 'orders', 6],
    ['an internal topic', 9, [0], {}, 'internal', 17],
    ['acks that are none', 9, [0], { acks: 2 }, 'orders', 21],
    ['a transactional id', 9, [0], { transactionalId: 'tx' }, 'orders', 53],
    ['a version of old', 2, [0], {}, 'orders', 35],
  ])('%s', async (_, version, partitions, more, topic, code) => {
    bench.addTopic(1, 'orders', [1, 2])
    bench.addTopic(2, 'internal', [1], { internal: true })
    const asked = ask(version, partitions, more, topic)
    expect(errorsOf(await asked.answer)).toEqual([code])
    expect(bench.counters.api(0).errors.get(code)).toBe(1)
  })

  test('no records at all', async () => {
    bench.addTopic(1, 'orders')
    const topicData = [{ name: 'orders', partitionData: [{ index: 0, records: null }] }]
    expect(errorsOf(await bench.ask(produce, api, 9, { acks: 1, timeoutMs: 1, topicData }).answer)).toEqual([87])
  })

  test('a topic before Castle has spoken: ask again', async () => {
    bench = new HandlerBench()
    Object.assign(bench.parts, { metadata: { topicNamed: () => undefined, cluster: undefined } })
    expect(errorsOf(await ask(9, [0]).answer)).toEqual([5])
  })

  test('a faulty partition', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    Object.assign(p0!, { isLeader: false, fault: 'a flipped bit' })
    expect(errorsOf(await ask(9, [0]).answer)).toEqual([56])
  })

  test('one partition refuses, the others are written; its message is told', async () => {
    const [p0, p1] = bench.addTopic(1, 'orders', [1, 1])
    const asked = ask(9, [0, 1])
    p0!.appends[0]!.done({ errorCode: 2, baseOffset: -1, errorMessage: 'bad checksum' })
    p1!.appends[0]!.done({ baseOffset: 4 })
    expect(partitionsOf(await asked.answer)).toMatchObject([
      { errorCode: 2, baseOffset: -1, errorMessage: 'bad checksum' },
      { errorCode: 0, baseOffset: 4, errorMessage: null },
    ])
  })
})

describe('topic ids, from version 13', () => {
  test('name the topic', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    const asked = ask(13, [0], {}, 'ignored')
    p0!.appends[0]!.done()
    expect((await asked.answer)?.responses[0]).toMatchObject({ topicId: topicIdOf(1) })
  })

  test('one that is not known is UNKNOWN_TOPIC_ID, though its name lives on', async () => {
    bench.addTopic(1, 'orders')
    expect(errorsOf(await ask(13, [0], {}, 'orders', 2).answer)).toEqual([100])
  })
})

test('who leads instead, and where, is told with the error (KIP-951)', async () => {
  bench.addTopic(1, 'orders', [2, 2, 1])
  const answer = await ask(10, [0, 1]).answer
  expect(partitionsOf(answer).map(({ currentLeader }) => currentLeader)).toEqual([
    { leaderId: 2, leaderEpoch: 5 },
    { leaderId: 2, leaderEpoch: 5 },
  ])
  expect(answer?.nodeEndpoints).toEqual([{ nodeId: 2, host: 'host-2', port: 9002, rack: 'r2' }])
})

describe('timeout.ms', () => {
  test('what is over is not held on to by an append that still waits, for hours perhaps: its client sends it again', async () => {
    const [p0] = bench.addTopic(1, 'orders', [1])
    const held = new WeakRef(
      (() => {
        ask(9, [0], { timeoutMs: 500 })
        return p0!.appends[0]!.records
      })(),
    )
    p0!.appends[0] = { ...p0!.appends[0]!, records: new Uint8Array(0) }
    await bench.clock.advance(600)
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const isHeld = () => {
      collect()
      return held.deref() !== undefined
    }
    await expect.poll(isHeld).toBe(false)
    p0!.appends[0]!.done()
  })

  test('what is not acknowledged in time is REQUEST_TIMED_OUT; what is, is not', async () => {
    const [p0, p1] = bench.addTopic(1, 'orders', [1, 1])
    const asked = ask(9, [0, 1], { timeoutMs: 500 })
    p0!.appends[0]!.done({ baseOffset: 3 })
    await bench.clock.advance(499)
    expect(asked.response).toBeUndefined()
    await bench.clock.advance(52)
    expect(partitionsOf(asked.response)).toMatchObject([
      { errorCode: 0, baseOffset: 3 },
      { errorCode: 7, baseOffset: -1 },
    ])
    // Late news is for nobody.
    p1!.appends[0]!.done({ baseOffset: 9 })
    expect(partitionsOf(asked.response)[1]).toMatchObject({ errorCode: 7 })
  })

  test('no timer stays behind', async () => {
    const [p0] = bench.addTopic(1, 'orders')
    const asked = ask(9, [0])
    p0!.appends[0]!.done()
    await asked.answer
    await bench.clock.advance(100)
    expect(bench.clock.timers).toBe(0)
  })
})
