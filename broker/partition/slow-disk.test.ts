// Appends on a disk that makes its writers wait: off the loop, and as right as on it.
import { errors, SlabPool } from '@castellan/protocol'
import { patchBatch } from '@castellan/protocol/records'
import { beforeEach, describe, expect, test } from 'vitest'
import { batchOf, gate, settle } from '../log/testing.ts'
import type { Partition } from './partition.ts'
import type { AppendResult } from './results.ts'
import { consume, partitionFolder, produce, TestingBroker, topicId, topicState } from './testing.ts'

const segmentPath = `${partitionFolder}/00000000000000000000.log`
const notLeader = errors.NOT_LEADER_OR_FOLLOWER.code
const diskError = errors.KAFKA_STORAGE_ERROR.code
const idempotent = (baseSequence: number, value: string) =>
  batchOf({ values: [value], producerId: 7, producerEpoch: 0, baseSequence })

let broker: TestingBroker
let partition: Partition
let results: string[]
let disk: ReturnType<typeof gate>

/** Each append says what became of it as `name@offset`, or `name!error`. */
function append(name: string, batch = batchOf({ values: [name] }), to = partition): void {
  const done = ({ errorCode, baseOffset }: AppendResult) =>
    results.push(errorCode === 0 ? `${name}@${baseOffset}` : `${name}!${errorCode}`)
  to.append(batch, null, 1, done)
}

/** One write of 300 ms; then each write waits until `disk` is opened. */
async function slowDown(): Promise<void> {
  const { clock } = broker
  const nowMs = clock.nowMs.bind(clock)
  let extraMs = 0
  clock.nowMs = () => nowMs() + extraMs
  broker.platters.refuse = (call) => {
    if (call === 'write') extraMs += 300
    return undefined
  }
  expect(await produce(partition, { values: ['first'] })).toMatchObject({ errorCode: 0, baseOffset: 0 })
  broker.platters.refuse = () => undefined
  stick()
}

function stick(): void {
  disk = gate()
  broker.platters.writeGate = disk.promise
}

async function letWrite(): Promise<void> {
  disk.open()
  await settle()
}

beforeEach(async () => {
  results = []
  broker = await TestingBroker.start()
  partition = broker.lead(3)
  await slowDown()
})

describe('a leader on a slow disk', () => {
  test('acknowledges and shows nothing before it is written; what comes meanwhile comes behind it, in order', async () => {
    append('a')
    append('b')
    await settle()
    append('c')
    append('d')
    await settle()
    expect([results, partition.endOffset, partition.highWatermark]).toEqual([[], 1, 1])
    expect(await consume(partition)).toEqual([[0, 'first']])
    await letWrite()
    expect(results).toEqual(['a@1', 'b@2', 'c@3', 'd@4'])
    expect((await consume(partition)).map(([, value]) => value)).toEqual(['first', 'a', 'b', 'c', 'd'])
    expect(broker.partitions.metrics).toMatchObject({ writes: 3, writesOffLoop: 2, leftLoop: 1 })
    const again = await broker.open()
    expect(again.get(topicId, 0)!.endOffset).toBe(5)
  })

  test('comes back to the loop when the disk is well', async () => {
    await letWrite()
    broker.platters.writeGate = Promise.resolve()
    await broker.clock.advance(10_001)
    append('a')
    await settle()
    expect(results).toEqual(['a@1'])
    expect(broker.partitions.metrics).toMatchObject({ writes: 2, writesOffLoop: 0 })
  })

  test('goes on with other partitions’ reads, and writes one at a time', async () => {
    broker.partitions.apply(topicState({ leaderEpoch: 3, partitions: 2 }))
    await settle()
    const other = broker.partitions.get(topicId, 1)!
    append('a')
    append('x', batchOf({ values: ['x'] }), other)
    await settle()
    expect([results, broker.partitions.metrics.writesOffLoop]).toEqual([[], 1])
    await letWrite()
    expect(results.sort()).toEqual(['a@1', 'x@0'])
  })

  test('full, it refuses all of a write and rolls back what it learnt of producers; what stood behind goes on in its place', async () => {
    broker.platters.partialBytes = 20
    append('a', idempotent(0, 'a'))
    await settle()
    append('b')
    broker.platters.refuse = (call) => {
      if (call !== 'write') return undefined
      broker.platters.refuse = () => undefined
      return 'ENOSPC'
    }
    await letWrite()
    expect(results).toEqual([`a!${diskError}`, 'b@1'])
    append('a again', idempotent(0, 'a'))
    await settle()
    expect(results.at(-1)).toBe('a again@2')
    expect((await consume(partition)).map(([, value]) => value)).toEqual(['first', 'b', 'a'])
    expect(partition.fault).toBeNull()
  })

  test('a repeat of what is being written is acknowledged when that is, with its offset', async () => {
    append('a', idempotent(0, 'a'))
    append('same turn', idempotent(0, 'a'))
    await settle()
    append('later', idempotent(0, 'a'))
    await settle()
    expect(results).toEqual([])
    await letWrite()
    expect(results).toEqual(['a@1', 'same turn@1', 'later@1'])
    expect(partition.endOffset).toBe(2)
  })

  test('deposed, it refuses at once what is under way; it follows, or leads again, only when that is written', async () => {
    append('a')
    await settle()
    append('held')
    broker.partitions.apply(topicState({ leaderEpoch: 4, leader: 2, replicas: [1, 2] }))
    expect(results).toEqual([`a!${notLeader}`, `held!${notLeader}`])
    expect([partition.role, partition.following.position]).toEqual(['none', null])
    await letWrite()
    expect(partition.role).toBe('follower')
    expect(partition.following.position).toMatchObject({ leaderEpoch: 4, offset: 2 })
  })

  test('deposed in the turn in which it was appended to, it asks its leader when that is written, and not before', async () => {
    const asked: unknown[] = []
    broker.partitions.onLeadership(({ following }) => asked.push(following.position))
    append('a')
    broker.partitions.apply(topicState({ leaderEpoch: 4, leader: 2, replicas: [1, 2] }))
    expect([results, partition.role, asked]).toEqual([[`a!${notLeader}`], 'none', [null]])
    await letWrite()
    expect([partition.role, asked.at(-1)]).toMatchObject(['follower', { leaderEpoch: 4, offset: 2 }])
  })

  test('deposed in the moment in which it has acknowledged, it says nothing else of that', async () => {
    partition.append(batchOf({ values: ['a'] }), null, 1, ({ errorCode }) => {
      results.push(`a!${errorCode}`)
      broker.partitions.apply(topicState({ leaderEpoch: 4, leader: 2, replicas: [1, 2] }))
    })
    append('b')
    await letWrite()
    expect([results, partition.role]).toEqual([['a!0', `b!${notLeader}`], 'follower'])
  })

  test('elected again at a higher epoch, its epoch begins behind what was under way', async () => {
    append('a')
    await settle()
    broker.lead(5)
    expect([results, partition.isLeader]).toEqual([[`a!${notLeader}`], false])
    await letWrite()
    expect([partition.isLeader, partition.leaderEpoch]).toEqual([true, 5])
    append('b')
    await settle()
    expect(results.at(-1)).toBe('b@2')
    expect(partition.endOfEpoch(3)).toEqual({ epoch: 3, endOffset: 2 })
  })

  test('a part of what is written may be there long before the rest: idle followers are told of it, and have not fallen behind', async () => {
    const configs = { 'segment.bytes': '1048576', 'min.insync.replicas': '1' }
    broker.partitions.apply(topicState({ leaderEpoch: 4, replicas: [1, 2], configs }))
    const { clock } = broker
    const presence = { fetchedMs: clock.nowMs() }
    const asked = { fetchOffset: 1, currentLeaderEpoch: 4, lastFetchedEpoch: 3 }
    expect(partition.followers.fetched({ id: 2, brokerEpoch: 1, presence }, asked)).toBe(true)
    let writes = 0
    const gates = { get: () => (++writes === 1 ? Promise.resolve() : disk.promise) }
    Object.defineProperty(broker.platters, 'writeGate', gates)
    await clock.advance(3_000)
    // By its session, without a word of this partition.
    presence.fetchedMs = clock.nowMs()
    let told = 0
    partition.watchAsFollower(() => told++)
    for (const name of ['a', 'b']) append(name, batchOf({ values: ['x'.repeat(600_000)] }))
    await settle()
    expect([partition.endOffset, told > 0]).toEqual([2, true])
    await clock.advance(500)
    const view = { nowMs: clock.nowMs(), lagTimeMaxMs: 2_000, listeningSinceMs: 0, isStaying: () => true }
    expect(partition.followers.proposal(view)).toBeNull()
    expect(broker.partitions.longestWriteOfMinuteMs).toBeGreaterThanOrEqual(500)
    await letWrite()
    expect(results).toEqual(['a@1', 'b@2'])
  })

  test('where its log ends is reported when it is certain (R7)', async () => {
    append('a')
    await settle()
    broker.partitions.apply(topicState({ leaderEpoch: 4, leader: -1, replicas: [1, 2] }))
    expect(partition.report()).not.toHaveProperty('endOffset')
    await letWrite()
    expect(partition.report()).toMatchObject({ endOffset: 2, lastEpoch: 3 })
  })

  test('a checkpoint and a stop wait for it', async () => {
    append('a')
    await settle()
    const steps: string[] = []
    void partition.log!.checkpoint().then(() => steps.push('checkpoint'))
    void broker.partitions.close().then(() => steps.push('closed'))
    await settle()
    expect(steps).toEqual([])
    await letWrite()
    expect(steps).toEqual(['checkpoint', 'closed'])
    const again = (await broker.open()).get(topicId, 0)!
    expect([again.endOffset, broker.partitions.metrics.recoveredBytes]).toEqual([2, 0])
  })

  test('with flush.messages=1 it is synced behind the write, and acknowledged behind that', async () => {
    broker.partitions.apply(topicState({ leaderEpoch: 3, configs: { 'flush.messages': '1' } }))
    await settle()
    const sync = gate()
    broker.platters.syncGate = sync.promise
    append('a')
    await letWrite()
    expect([results, partition.endOffset, partition.log!.syncedOffset]).toEqual([[], 2, 1])
    sync.open()
    await settle()
    expect(results).toEqual(['a@1'])
  })

  test('its topic is deleted meanwhile, or its process ends: nobody waits, and a new log has nothing of it', async () => {
    append('a')
    await settle()
    append('b')
    broker.partitions.apply(topicState({ deleted: true }))
    expect(results).toEqual([`a!${notLeader}`, `b!${notLeader}`])
    await letWrite()
    expect(broker.partitions.get(topicId, 0)).toBeUndefined()
    expect(broker.platters.exists(segmentPath)).toBe(false)
  })
})

test('a follower on a slow disk writes off the loop, asks on when that is done, and changes its role then', async () => {
  await letWrite()
  stick()
  broker.partitions.apply(topicState({ leaderEpoch: 4, leader: 2, replicas: [1, 2] }))
  const records = batchOf({ values: ['copied'] })
  patchBatch(records, 0, { baseOffset: 1, partitionLeaderEpoch: 4 })
  const slabs = new SlabPool({ slabBytes: 8192, keepBytesMax: 0, poison: true })
  const slab = slabs.take(1024)
  slab.bytes.set(records)
  const answer = {
    errorCode: 0,
    divergingEpoch: null,
    highWatermark: 2,
    lastStableOffset: 2,
    logStartOffset: 0,
    records: slab.bytes.subarray(0, records.length),
  }
  const outcome = partition.following.take(partition.following.position!, answer as never, slab)
  slab.release()
  broker.lead(5)
  await settle()
  expect([partition.role, partition.endOffset, partition.following.position]).toEqual(['follower', 1, null])
  await letWrite()
  expect(await outcome).toEqual({ kind: 'now' })
  expect([partition.role, partition.leaderEpoch, partition.endOffset]).toEqual(['leader', 5, 2])
  expect((await consume(partition)).map(([, value]) => value)).toEqual(['first', 'copied'])
})
