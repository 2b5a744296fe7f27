import { errors, SlabPool } from '@castellan/protocol'
import { buildBatch, compressions, readBatchHeader } from '@castellan/protocol/records'
import { describe, expect, test } from 'vitest'
import { batchOf, settle } from '../log/testing.ts'
import type { AppendResult } from './results.ts'
import { consume, produce, TestingBroker, topicId, topicState } from './testing.ts'

const idempotent = (baseSequence: number, values = ['x'], producerEpoch = 0) =>
  batchOf({ values, producerId: 7, producerEpoch, baseSequence })

describe('what may be appended', () => {
  const control = buildBatch({ records: [{ value: 'x' }], control: true, baseTimestamp: 1 })
  const transactional = buildBatch({
    records: [{ value: 'x' }],
    transactional: true,
    producerId: 1,
    producerEpoch: 0,
    baseSequence: 0,
    baseTimestamp: 1,
  })
  const changed = (change: (bytes: Uint8Array) => void) => {
    const bytes = batchOf({ values: ['some value'] })
    change(bytes)
    return bytes
  }
  const soon = 1_800_000_000_000

  test.each<[string, Uint8Array, { code: number }, Record<string, string>?]>([
    ['nothing', new Uint8Array(0), errors.INVALID_RECORD],
    ['a flipped bit', changed((bytes) => bytes.fill(1, 70, 71)), errors.CORRUPT_MESSAGE],
    ['an older message format', changed((bytes) => bytes.fill(1, 16, 17)), errors.UNSUPPORTED_FOR_MESSAGE_FORMAT],
    ['a batch that is cut off', batchOf({ values: ['some value'] }).subarray(0, 70), errors.CORRUPT_MESSAGE],
    ['bytes behind the batch', Buffer.concat([batchOf({ values: ['a'] }), Buffer.alloc(5)]), errors.CORRUPT_MESSAGE],
    ['a control batch', control, errors.INVALID_RECORD],
    ['a transaction', transactional, errors.INVALID_RECORD],
    [
      'more than max.message.bytes',
      batchOf({ values: ['x'.repeat(200)] }),
      errors.MESSAGE_TOO_LARGE,
      { 'max.message.bytes': '200' },
    ],
    [
      'more than a segment',
      batchOf({ values: ['x'.repeat(1_100_000)] }),
      errors.RECORD_LIST_TOO_LARGE,
      { 'segment.bytes': '1048576', 'max.message.bytes': '2000000' },
    ],
    ['a record from the future', batchOf({ values: ['a'], timestamp: soon + 3_700_000 }), errors.INVALID_TIMESTAMP],
    [
      'a record from too long ago',
      batchOf({ values: ['a'], timestamp: soon - 2000 }),
      errors.INVALID_TIMESTAMP,
      { 'message.timestamp.before.max.ms': '1000' },
    ],
    [
      'too few replicas in sync',
      batchOf({ values: ['a'] }),
      errors.NOT_ENOUGH_REPLICAS,
      { 'min.insync.replicas': '2' },
    ],
  ])('%s: refused, and nothing of the request is appended', async (_, bytes, error, configs) => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1, configs)
    const good = batchOf({ values: ['good'], timestamp: soon })
    const result = await produce(partition, Buffer.concat([good, bytes]))
    const alone = await produce(partition, bytes)
    // A good batch alone is fine where what is wrong is nothing at all.
    if (bytes.length > 0)
      expect(result).toMatchObject({ errorCode: error.code, baseOffset: -1, errorMessage: expect.any(String) })
    expect(alone).toMatchObject({ errorCode: error.code, baseOffset: -1 })
    expect(partition.endOffset).toBe(bytes.length > 0 ? 0 : 1)
  })

  test.each(compressions)('compressed with %s: stored as it came', async (compression) => {
    const partition = (await TestingBroker.start()).lead(1)
    const records = [{ value: 'a'.repeat(500) }, { value: 'b' }]
    const bytes = buildBatch({ records, compression, baseTimestamp: 5 })
    const before = bytes.slice()
    expect(await produce(partition, bytes)).toMatchObject({ errorCode: 0 })
    const { chunks } = partition.read(0, 1000, -1)
    // Only base offset and leader epoch are the broker's.
    expect(chunks[0]!.subarray(17)).toEqual(before.subarray(17))
    expect(await consume(partition)).toHaveLength(2)
  })

  test('several batches of a request follow each other', async () => {
    const partition = (await TestingBroker.start()).lead(1)
    const bytes = Buffer.concat([batchOf({ values: ['a', 'b'] }), batchOf({ values: ['c'] })])
    expect(await produce(partition, bytes)).toMatchObject({ errorCode: 0, baseOffset: 0 })
    expect((await consume(partition)).map(([offset]) => offset)).toEqual([0, 1, 2])
  })

  test('LogAppendTime: the broker sets the time, and says so', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1, { 'message.timestamp.type': 'LogAppendTime' })
    const nowMs = broker.clock.wallMs()
    const first = await produce(partition, idempotent(0))
    expect(first).toMatchObject({ errorCode: 0, logAppendTimeMs: nowMs })
    await broker.clock.advance(50)
    expect(await produce(partition, idempotent(0))).toEqual(first)
    expect(readBatchHeader(partition.read(0, 100, -1).chunks[0]!, 0)).toMatchObject({
      attributes: 8,
      maxTimestamp: nowMs,
    })
    expect(await partition.offsetForTimestamp(nowMs)).toEqual({
      errorCode: 0,
      offset: 0,
      timestamp: nowMs,
      leaderEpoch: 1,
    })
    expect(await partition.offsetForTimestamp(nowMs + 1)).toBeNull()
    expect(await partition.offsetOfMaxTimestamp()).toMatchObject({ offset: 0, timestamp: nowMs })
  })

  test('bytes stay in the slab of the network as long as they are needed, and no longer', async () => {
    const broker = await TestingBroker.start({ settings: { logCacheBytesMax: 200_000 } })
    const partition = broker.lead(1)
    const pool = new SlabPool({ slabBytes: 100_000, keepBytesMax: 1_000_000, poison: true })
    for (let at = 0; at < 20; at++) {
      const slab = pool.take()
      const batch = batchOf({ values: [`${at}`.padEnd(20_000, '.')] })
      slab.bytes.set(batch, 7)
      partition.append(slab.bytes.subarray(7, 7 + batch.length), slab, 1, () => {})
      slab.release()
      await settle()
    }
    expect(pool.usedBytes).toBeLessThanOrEqual(200_000)
    expect((await consume(partition)).map(([, value]) => Number.parseInt(value, 10))).toEqual(
      Array.from({ length: 20 }, (_, at) => at),
    )
    await broker.partitions.close()
    expect(pool.usedBytes).toBe(0)
  })
})

describe('idempotent producers (R4)', () => {
  test('a repeat is answered with the first offset, in the same turn, later, and by the next process', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1)
    const results: AppendResult[] = []
    for (const sequence of [0, 1, 1, 0])
      partition.append(idempotent(sequence), null, -1, (result) => results.push(result))
    await settle()
    expect(results.map(({ baseOffset }) => baseOffset).sort()).toEqual([0, 0, 1, 1])
    expect(await produce(partition, idempotent(1))).toMatchObject({ errorCode: 0, baseOffset: 1 })
    expect(partition.endOffset).toBe(2)
    await broker.open()
    expect(await produce(broker.lead(2), idempotent(1))).toMatchObject({ errorCode: 0, baseOffset: 1 })
    expect(await produce(broker.lead(2), idempotent(3))).toMatchObject({
      errorCode: errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code,
    })
    expect(await produce(broker.lead(2), idempotent(2))).toMatchObject({ errorCode: 0, baseOffset: 2 })
  })

  test('a batch that comes before its forerunner, refused when this broker did not lead yet, does not overtake it', async () => {
    const broker = await TestingBroker.start()
    broker.partitions.apply(topicState({ leader: 2, replicas: [1, 2] }))
    const partition = broker.partitions.get(topicId, 0)!
    expect(await produce(partition, idempotent(0))).toMatchObject({ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code })
    broker.lead(2)
    expect(await produce(partition, idempotent(1))).toMatchObject({
      errorCode: errors.UNKNOWN_PRODUCER_ID.code,
      logStartOffset: 0,
    })
    expect(await produce(partition, idempotent(0))).toMatchObject({ errorCode: 0, baseOffset: 0 })
    expect(await produce(partition, idempotent(1))).toMatchObject({ errorCode: 0, baseOffset: 1 })
  })

  test('a request is appended whole or not at all: a gap in its second batch undoes the first', async () => {
    const partition = (await TestingBroker.start()).lead(1)
    const gap = Buffer.concat([idempotent(0), idempotent(5)])
    expect(await produce(partition, gap)).toMatchObject({ errorCode: errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code })
    expect(await produce(partition, Buffer.concat([idempotent(0), idempotent(1)]))).toMatchObject({
      errorCode: 0,
      baseOffset: 0,
    })
    expect(await produce(partition, Buffer.concat([idempotent(0), idempotent(1)]))).toMatchObject({
      errorCode: 0,
      baseOffset: 0,
    })
    expect(await produce(partition, Buffer.concat([idempotent(1), idempotent(2)]))).toMatchObject({
      errorCode: errors.INVALID_RECORD.code,
    })
    expect(await produce(partition, idempotent(2))).toMatchObject({ errorCode: 0, baseOffset: 2 })
  })

  test('a repeat of a staged batch falls with it when the disk refuses', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1)
    broker.platters.refuse = (call) => (call === 'write' ? 'ENOSPC' : undefined)
    const results: AppendResult[] = []
    for (const sequence of [0, 0]) partition.append(idempotent(sequence), null, -1, (result) => results.push(result))
    await settle()
    expect(results.map(({ errorCode }) => errorCode)).toEqual(Array(2).fill(errors.KAFKA_STORAGE_ERROR.code))
    broker.platters.refuse = () => undefined
    expect(await produce(partition, idempotent(0))).toMatchObject({ errorCode: 0, baseOffset: 0 })
  })

  test('state outlives the batches, and time forgets it', async () => {
    const broker = await TestingBroker.start({
      settings: { producerIdExpirationMs: 1000, producerIdExpirationCheckIntervalMs: 100 },
    })
    const partition = broker.lead(1)
    await produce(partition, idempotent(0))
    await partition.deleteBefore(1)
    expect(await produce(partition, idempotent(0))).toMatchObject({ errorCode: 0, baseOffset: 0 })
    await broker.clock.advance(2000)
    expect(await produce(partition, idempotent(1))).toMatchObject({ errorCode: 0, baseOffset: 1 })
  })
})
