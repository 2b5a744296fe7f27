import { errors, SlabPool } from '@castellan/protocol'
import { buildBatch, compressions, readBatchHeader } from '@castellan/protocol/records'
import { describe, expect, test } from 'vitest'
import { batchOf, gate, settle } from '../log/testing.ts'
import type { Partition } from './partition.ts'
import type { AppendResult } from './results.ts'
import { consume, partitionFolder, produce, TestingBroker, topicId, topicState } from './testing.ts'

const segmentPath = `${partitionFolder}/00000000000000000000.log`
const idempotent = (baseSequence: number, values = ['x'], producerEpoch = 0) =>
  batchOf({ values, producerId: 7, producerEpoch, baseSequence })

describe('leading (R5)', () => {
  test('a new process leads nothing before it is given a higher epoch than its log knows', async () => {
    const broker = await TestingBroker.start()
    const first = broker.lead(3)
    expect(first).toMatchObject({ isLeader: true, leaderEpoch: 3 })
    expect(await produce(first, { values: ['a', 'b'] })).toMatchObject({ errorCode: 0, baseOffset: 0 })

    const partitions = await broker.open()
    const again = partitions.get(topicId, 0)!
    expect(again).toMatchObject({ isLeader: false, leaderEpoch: 3, endOffset: 2, topic: 'orders' })
    expect(await produce(again, { values: ['c'] })).toMatchObject({ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code })
    broker.lead(3)
    expect(again.isLeader).toBe(false)
    expect(partitions.reports()).toMatchObject([{ topicId, partition: 0, leaderEpoch: 3, fault: null }])
    broker.lead(4)
    expect(again).toMatchObject({ isLeader: true, leaderEpoch: 4 })
    expect(await produce(again, { values: ['c'] })).toMatchObject({ errorCode: 0, baseOffset: 2 })
    expect(await consume(again)).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ])
    expect([again.epochAt(1), again.epochAt(2)]).toEqual([3, 4])
    expect(again.endOfEpoch(3)).toEqual({ epoch: 3, endOffset: 2 })
  })

  test('an epoch that was led without a record counts as well', async () => {
    const broker = await TestingBroker.start()
    broker.lead(5)
    await broker.open()
    expect(broker.lead(5).isLeader).toBe(false)
    expect(broker.lead(6).isLeader).toBe(true)
  })

  test('to hear the same again changes nothing; a higher epoch goes on at the same place', async () => {
    const broker = await TestingBroker.start()
    const changes: string[] = []
    broker.partitions.onLeadership(({ isLeader, leaderEpoch }) => changes.push(`${isLeader} ${leaderEpoch}`))
    const partition = broker.lead(5)
    broker.lead(5)
    await produce(partition, { values: ['a'] })
    broker.lead(6)
    await produce(partition, { values: ['b'] })
    expect(changes).toEqual(['true 5', 'true 6'])
    expect(partition.endOfEpoch(5)).toEqual({ epoch: 5, endOffset: 1 })
  })

  test('when somebody else leads, it serves nothing; older news changes nothing (R14)', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(5)
    broker.partitions.apply(topicState({ leaderEpoch: 4, leader: 2, replicas: [1, 2] }))
    expect(partition.isLeader).toBe(true)
    const results: AppendResult[] = []
    partition.append(batchOf({ values: ['staged'] }), null, -1, (result) => results.push(result))
    broker.partitions.apply(topicState({ leaderEpoch: 6, leader: 2, replicas: [1, 2] }))
    expect(partition).toMatchObject({ isLeader: false, leaderEpoch: 6 })
    expect(results).toMatchObject([{ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code }])
    expect(partition.read(0, 100, -1).errorCode).toBe(errors.NOT_LEADER_OR_FOLLOWER.code)
    expect((await partition.readCold(0, 100, -1)).errorCode).toBe(errors.NOT_LEADER_OR_FOLLOWER.code)
    expect(await partition.offsetForTimestamp(0)).toMatchObject({ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code })
  })

  test('a replica leads, follows or does neither; each change is told once', async () => {
    const broker = await TestingBroker.start()
    const told: unknown[] = []
    broker.partitions.onLeadership(({ role, followed, leaderEpoch }) => told.push([role, followed, leaderEpoch]))
    const replicas = [1, 2, 3]
    const apply = (leaderEpoch: number, leader: number) =>
      broker.partitions.apply(topicState({ leaderEpoch, leader, replicas }))
    for (const [epoch, leader] of [
      [1, 2],
      [1, 2],
      [2, 3],
      [1, 1],
      [3, 1],
      [3, 1],
      [4, -1],
      [4, -1],
      [5, 2],
    ]) {
      apply(epoch!, leader!)
    }
    expect(told).toEqual([
      ['follower', { leader: 2, leaderEpoch: 1 }, 1],
      ['follower', { leader: 3, leaderEpoch: 2 }, 2],
      ['leader', null, 3],
      ['none', null, 4],
      ['follower', { leader: 2, leaderEpoch: 5 }, 5],
    ])
    const partition = broker.partitions.get(topicId, 0)!
    partition.setFault(new Error('broken'))
    expect(partition).toMatchObject({ role: 'none', followed: null })
    apply(6, 3)
    expect(partition).toMatchObject({ role: 'none', followed: null })
  })

  test('a partition of others is not made here', async () => {
    const broker = await TestingBroker.start()
    broker.partitions.apply(topicState({ leader: 2, replicas: [2, 3] }))
    expect([...broker.partitions.all()]).toEqual([])
  })
})

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

describe('reading (R3)', () => {
  async function three(): Promise<{ broker: TestingBroker; partition: Partition }> {
    const broker = await TestingBroker.start()
    const partition = broker.lead(2)
    for (const value of ['a', 'b', 'c']) await produce(partition, { values: [value] })
    return { broker, partition }
  }

  test.each<[string, number, number, number]>([
    ['within the log', 1, -1, 0],
    ['at its end: nothing yet', 3, -1, 0],
    ['beyond its end', 4, -1, errors.OFFSET_OUT_OF_RANGE.code],
    ['before its start', -1, -1, errors.OFFSET_OUT_OF_RANGE.code],
    ['by somebody who knows this epoch', 1, 2, 0],
    ['by somebody who knows an older one', 1, 1, errors.FENCED_LEADER_EPOCH.code],
    ['by somebody who knows a newer one', 1, 3, errors.UNKNOWN_LEADER_EPOCH.code],
  ])('%s', async (_, offset, epoch, errorCode) => {
    const { partition } = await three()
    const reads = [partition.read(offset, 1000, epoch), await partition.readCold(offset, 1000, epoch)]
    for (const read of reads) expect(read).toMatchObject({ errorCode, cold: false })
    expect(reads[0]!.chunks.length > 0).toBe(errorCode === 0 && offset < 3)
  })

  test('nothing above the high watermark is seen; with flush.messages=1 that is what is synced', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1, { 'flush.messages': '1' })
    const { promise, open } = gate()
    broker.platters.syncGate = promise
    const results: AppendResult[] = []
    let woken = 0
    partition.watch(() => woken++)
    for (const acks of [-1, 1] as const)
      partition.append(batchOf({ values: ['a'] }), null, acks, (result) => results.push(result))
    await settle()
    expect(partition).toMatchObject({ endOffset: 2, highWatermark: 0 })
    expect([results.length, woken, partition.read(0, 100, -1).bytes]).toEqual([0, 0, 0])
    open()
    await settle()
    expect(partition.highWatermark).toBe(2)
    expect([results.map(({ errorCode }) => errorCode), woken]).toEqual([[0, 0], 1])
    expect(await consume(partition)).toHaveLength(2)
  })

  test('a watcher is woken when there is more to read, until it stops watching', async () => {
    const { partition } = await three()
    const seen: number[] = []
    const stop = partition.watch(() => seen.push(partition.highWatermark))
    await produce(partition, { values: ['d'] })
    await produce(partition, { values: ['e'] })
    stop()
    await produce(partition, { values: ['f'] })
    expect(seen).toEqual([4, 5])
  })

  test('after a restart all is cold, and read from files', async () => {
    const { broker } = await three()
    await broker.open()
    const partition = broker.lead(3)
    expect(partition.read(0, 100, -1)).toMatchObject({ errorCode: 0, cold: true, chunks: [], highWatermark: 3 })
    expect(await consume(partition)).toHaveLength(3)
    const batches: Uint8Array[] = []
    for await (const batch of partition.batches()) batches.push(batch.slice())
    expect(batches.map((batch) => readBatchHeader(batch, 0).baseOffset)).toEqual([0, 1, 2])
  })

  test('what was asked of a leader is not answered by one that was deposed meanwhile', async () => {
    const { broker } = await three()
    await broker.open()
    const partition = broker.lead(3)
    const { promise, open } = gate()
    broker.platters.readGate = promise
    const reading = partition.readCold(0, 100, -1)
    broker.partitions.apply(topicState({ leaderEpoch: 4, leader: 2, replicas: [1, 2] }))
    open()
    expect(await reading).toMatchObject({ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code, chunks: [] })
  })

  test('records below a new start are gone', async () => {
    const { partition } = await three()
    await partition.deleteBefore(2)
    expect(partition.startOffset).toBe(2)
    expect(partition.read(1, 100, -1)).toMatchObject({ errorCode: errors.OFFSET_OUT_OF_RANGE.code, startOffset: 2 })
    expect(await consume(partition)).toEqual([[2, 'c']])
  })
})

describe('damage (R9)', () => {
  async function damaged(): Promise<{ broker: TestingBroker; partition: Partition }> {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1)
    await produce(partition, { values: ['a'] })
    await produce(partition, { values: ['b'] })
    await broker.partitions.close()
    broker.platters.bytes(segmentPath)[65]! ^= 1
    await broker.open()
    return { broker, partition: broker.lead(2) }
  }

  test('found by a read: reported, never served, nothing taken, and it stays so', async () => {
    const { broker, partition } = await damaged()
    const reported: (string | null)[] = []
    broker.partitions.onLeadership(({ fault }) => reported.push(fault))
    let woken = 0
    partition.watch(() => woken++)
    const results: AppendResult[] = []
    const reading = partition.readCold(0, 100, -1)
    partition.append(batchOf({ values: ['c'] }), null, -1, (result) => results.push(result))
    expect(await reading).toMatchObject({ errorCode: errors.KAFKA_STORAGE_ERROR.code, chunks: [] })
    await settle()
    expect(partition).toMatchObject({ isLeader: false, fault: expect.stringContaining('checksum') })
    expect([reported.length, reported[0], results.length]).toEqual([1, partition.fault, 1])
    expect(broker.platters.openFiles).toBe(0)
    expect(woken).toBeGreaterThan(0)
    expect(await produce(partition, { values: ['d'] })).toMatchObject({ errorCode: errors.KAFKA_STORAGE_ERROR.code })
    expect(partition.read(1, 100, -1)).toMatchObject({ errorCode: errors.KAFKA_STORAGE_ERROR.code })

    await broker.open()
    const again = broker.lead(9)
    expect(again).toMatchObject({ isLeader: false, fault: expect.stringContaining('remove /data/logs') })
    broker.platters.bytes(segmentPath)[65]! ^= 1
    broker.platters.remove(`${partitionFolder}/fault`)
    await broker.open()
    expect(await consume(broker.lead(10))).toEqual(expect.arrayContaining([[0, 'a']]))
  })

  test('found by a read of a replica that has left is none of the one that came back', async () => {
    const { broker, partition } = await damaged()
    const { promise, open } = gate()
    broker.platters.readGate = promise
    const reading = partition.readCold(0, 100, -1)
    broker.partitions.apply(topicState({ leaderEpoch: 3, leader: 2, replicas: [2], removed: [1] }))
    await settle()
    const again = broker.lead(4)
    open()
    expect(await reading).toMatchObject({ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code, chunks: [] })
    expect(again).not.toBe(partition)
    expect([again.fault, broker.platters.paths().includes(`${partitionFolder}/fault`)]).toEqual([null, false])
    expect(await produce(again, { values: ['c'] })).toMatchObject({ errorCode: 0, baseOffset: 0 })
  })

  test('a disk that cannot read puts the partition out of use, for this process', async () => {
    const { broker, partition } = await damaged()
    broker.platters.bytes(segmentPath)[65]! ^= 1
    broker.platters.refuse = (call) => (call === 'read' ? 'EIO' : undefined)
    expect(await partition.readCold(0, 100, -1)).toMatchObject({ errorCode: errors.KAFKA_STORAGE_ERROR.code })
    expect(partition.fault).toContain('EIO')
    broker.platters.refuse = () => undefined
    await broker.open()
    expect(await consume(broker.lead(3))).toHaveLength(2)
  })

  test('a shortage of open files refuses a read and is no fault', async () => {
    const { broker, partition } = await damaged()
    broker.platters.bytes(segmentPath)[65]! ^= 1
    broker.platters.refuse = (call) => (call === 'read' ? 'ENOMEM' : undefined)
    expect(await partition.readCold(0, 100, -1)).toMatchObject({ errorCode: errors.KAFKA_STORAGE_ERROR.code })
    broker.platters.refuse = () => undefined
    expect(await consume(partition)).toHaveLength(2)
  })

  test('damage that a write meets: all of the turn are told, once', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1, { 'segment.bytes': '1048576' })
    const stray = broker.platters.open(`${partitionFolder}/00000000000000000001.log`, 'create')
    stray.writev([new Uint8Array(5)], 0)
    const results: number[] = []
    for (let at = 0; at < 3; at++) {
      const large = batchOf({ values: ['x'.repeat(600_000)] })
      partition.append(large, null, -1, ({ errorCode }) => results.push(errorCode))
    }
    await settle()
    expect(results).toEqual(Array(3).fill(errors.KAFKA_STORAGE_ERROR.code))
    expect(partition.fault).toContain('holds bytes')
  })

  test('a failed sync puts the partition out of use', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1, { 'flush.messages': '1' })
    broker.platters.refuse = (call) => (call === 'sync' ? 'EIO' : undefined)
    expect(await produce(partition, { values: ['a'] })).toMatchObject({ errorCode: errors.KAFKA_STORAGE_ERROR.code })
    expect(partition.fault).toContain('cannot be synced')
  })

  test('a full disk refuses writes and is no fault; reading goes on', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1)
    await produce(partition, { values: ['a'] })
    broker.platters.refuse = (call) => (call === 'write' ? 'ENOSPC' : undefined)
    expect(await produce(partition, { values: ['b'] })).toMatchObject({ errorCode: errors.KAFKA_STORAGE_ERROR.code })
    expect(await consume(partition)).toEqual([[0, 'a']])
    broker.platters.refuse = () => undefined
    expect(await produce(partition, { values: ['b'] })).toMatchObject({ errorCode: 0, baseOffset: 1 })
  })
})
