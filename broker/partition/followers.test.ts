// A leader with followers that the test plays: broker 1 leads, 2 and 3 follow.
import { errors } from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { batchOf, settle } from '../log/testing.ts'
import type { FollowerFetch, IsrProposal } from './followers.ts'
import type { Partition } from './partition.ts'
import type { AppendResult } from './results.ts'
import { produce, TestingBroker, type TopicSpec, topicState } from './testing.ts'

const replicas = [1, 2, 3]
let broker: TestingBroker
let partition: Partition

function apply(spec: TopicSpec = {}): void {
  broker.partitions.apply(topicState({ replicas, ...spec }))
}

async function lead(spec: TopicSpec = {}): Promise<void> {
  broker = await TestingBroker.start()
  apply(spec)
  partition = [...broker.partitions.all()][0]!
}

beforeEach(() => lead())

/** A follower says that it has everything below `fetchOffset`. */
function fetched(
  id: number,
  fetchOffset: number,
  more: Partial<FollowerFetch> & { brokerEpoch?: number; fetchedMs?: number } = {},
): void {
  const { brokerEpoch = 40 + id, fetchedMs = broker.clock.nowMs(), ...asked } = more
  const { leaderEpoch: currentLeaderEpoch } = partition
  const presence = { fetchedMs }
  partition.followers.fetched(
    { id, brokerEpoch, presence },
    { fetchOffset, currentLeaderEpoch, lastFetchedEpoch: -1, ...asked },
  )
}

/** Begins an append; what became of it stands in the array as soon as it is known. */
async function append(acks: -1 | 0 | 1 = -1): Promise<AppendResult[]> {
  const results: AppendResult[] = []
  partition.append(batchOf({ values: ['a'] }), null, acks, (result) => results.push(result))
  await settle()
  return results
}

describe('Ack -1', () => {
  test('is given when all members of the ISR have it, and only then consumers see it (R1, R3)', async () => {
    fetched(2, 0)
    fetched(3, 0)
    const results = await append()
    fetched(2, 1)
    expect([results.length, partition.highWatermark, partition.endOffset]).toEqual([0, 0, 1])
    expect(partition.read(0, 1000, -1).bytes).toBe(0)
    expect(partition.read(0, 1000, 1, true).bytes).toBeGreaterThan(0)
    fetched(3, 1)
    expect(results).toMatchObject([{ errorCode: 0, baseOffset: 0 }])
    expect(partition.highWatermark).toBe(1)
    expect(partition.read(0, 1000, -1).bytes).toBeGreaterThan(0)
  })

  test.each<[string, Partial<FollowerFetch> & { fetchOffset?: number; id?: number; brokerEpoch?: number }]>([
    ['of another leader epoch', { currentLeaderEpoch: 0 }],
    ['that names no leader epoch', { currentLeaderEpoch: -1 }],
    ['from beyond the end', { fetchOffset: 2 }],
    ['whose log parted from this one (R5)', { lastFetchedEpoch: 0 }],
    ['of a broker that is no replica', { id: 9 }],
    ['of an earlier process (KIP-903)', { brokerEpoch: 1 }],
  ])('is not given for a fetch %s', async (_, { fetchOffset = 1, id = 3, ...more }) => {
    fetched(3, 0)
    const results = await append()
    fetched(2, 1)
    fetched(id, fetchOffset, more)
    expect([results.length, partition.highWatermark]).toEqual([0, 0])
  })

  test('is given to a repeat of several batches when all have the last of them, not the first', async () => {
    fetched(2, 0)
    fetched(3, 0)
    const one = (baseSequence: number) => batchOf({ values: ['a'], producerId: 7, producerEpoch: 0, baseSequence })
    const both = () => Buffer.concat([one(0), one(1)])
    const results: number[] = []
    const send = () => partition.append(both(), null, -1, ({ errorCode }) => results.push(errorCode))
    send()
    await settle()
    // It stands in the log, and its sender does not know.
    apply({ isr: [1], partitionEpoch: 2 })
    apply({ isr: [1, 2], partitionEpoch: 3 })
    send()
    fetched(2, 1)
    expect([results, partition.highWatermark]).toEqual([[errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND.code], 1])
    fetched(2, 2)
    expect(results).toEqual([errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND.code, 0])
  })

  test('is refused while too few are in sync (R6); what waits when they become too few is told so', async () => {
    fetched(2, 0)
    fetched(3, 0)
    const results = await append()
    apply({ isr: [1, 2], partitionEpoch: 2 })
    expect(results).toEqual([])
    apply({ isr: [1], partitionEpoch: 3 })
    expect(results).toMatchObject([{ errorCode: errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND.code }])
    expect(await produce(partition, { values: ['b'] })).toMatchObject({ errorCode: errors.NOT_ENOUGH_REPLICAS.code })
    // The high watermark rests, although all of the ISR has it.
    expect([partition.highWatermark, partition.endOffset]).toEqual([0, 1])
    fetched(2, 1)
    apply({ isr: [1, 2], partitionEpoch: 4 })
    expect(partition.highWatermark).toBe(1)
  })

  test('is given as soon as the last one that lacks it has left the ISR', async () => {
    const results = await append()
    fetched(2, 1)
    apply({ isr: [1, 2], partitionEpoch: 2 })
    expect(results).toMatchObject([{ errorCode: 0 }])
  })

  test('is not given by a leader that was deposed (R5)', async () => {
    const results = await append()
    apply({ leader: 2, leaderEpoch: 2 })
    fetched(2, 1, { currentLeaderEpoch: 1 })
    fetched(3, 1, { currentLeaderEpoch: 1 })
    expect(results).toMatchObject([{ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code }])
  })

  test('with flush.messages=1 waits for the own disk, too', async () => {
    await lead({ configs: { 'flush.messages': '1' } })
    const synced = Promise.withResolvers<void>()
    const { log } = partition
    const sync = log!.sync.bind(log)
    log!.sync = () => synced.promise.then(sync)
    const results = await append()
    fetched(2, 1, { isSynced: true })
    fetched(3, 1, { isSynced: true })
    expect([results.length, partition.highWatermark]).toEqual([0, 0])
    synced.resolve()
    await settle()
    expect(results).toMatchObject([{ errorCode: 0 }])
  })

  test('flush.messages=1 while it waits: what followers said before, not knowing of it, counts no more (R1)', async () => {
    fetched(2, 0)
    fetched(3, 0)
    const results = await append()
    fetched(2, 1)
    apply({ partitionEpoch: 2, configs: { 'flush.messages': '1' } })
    await settle()
    fetched(3, 1, { isSynced: true })
    expect([results.length, partition.highWatermark]).toEqual([0, 0])
    fetched(2, 1, { isSynced: true })
    expect(results).toMatchObject([{ errorCode: 0 }])
    // They heard of it again, and said nothing new.
    apply({ partitionEpoch: 3, configs: { 'flush.messages': '5' } })
    apply({ partitionEpoch: 4, configs: { 'flush.messages': '1' } })
    await produce(partition, { values: ['b'] }, 1)
    fetched(2, 2, { isSynced: true })
    fetched(3, 2, { isSynced: true })
    expect(partition.highWatermark).toBe(2)
  })

  test('with flush.messages=1 counts nobody who has not heard of that, and so may not have synced', async () => {
    fetched(2, 0)
    fetched(3, 0)
    apply({ partitionEpoch: 2, configs: { 'flush.messages': '1' } })
    const results = await append()
    fetched(2, 1, { isSynced: true })
    fetched(3, 1)
    expect([results.length, partition.highWatermark]).toEqual([0, 0])
    fetched(3, 1, { isSynced: true })
    expect(results).toMatchObject([{ errorCode: 0 }])
  })
})

describe('when another is to lead, though nobody died', () => {
  const named: TopicSpec = { next: 2, partitionEpoch: 2 }
  const later = { partitionEpoch: 3 }
  let noted: number

  beforeEach(async () => {
    noted = 0
    broker.partitions.onHandOver(() => void noted++)
    fetched(2, 0)
    fetched(3, 0)
    await append(1)
    apply(named)
  })

  test('appends are held, until it has all that was appended before; then Castle can be told', async () => {
    const results = await append(1)
    expect([results.length, partition.endOffset, partition.followers.canHandOver, noted]).toEqual([0, 1, false, 1])
    fetched(2, 1)
    expect([partition.followers.canHandOver, noted]).toEqual([true, 2])
    partition.followers.ask()
    apply({ ...later, leader: 2, leaderEpoch: 2 })
    expect(results).toMatchObject([{ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code }])
    expect(partition.endOffset).toBe(1)
  })

  test('Castle drops it: what was held is appended, in order', async () => {
    const results = [await append(1), await append(1)]
    apply(later)
    await settle()
    expect(results).toMatchObject([[{ errorCode: 0, baseOffset: 1 }], [{ errorCode: 0, baseOffset: 2 }]])
  })

  test('it takes too long: all goes on as before', async () => {
    const results = await append(1)
    partition.followers.overtime()
    await settle()
    expect(results).toMatchObject([{ errorCode: 0, baseOffset: 1 }])
    fetched(2, 2)
    expect(partition.followers.canHandOver).toBe(false)
  })

  test('nobody knows whether Castle was told: it goes on, for what all have', async () => {
    fetched(2, 1)
    const question = partition.followers.ask()
    const results = await append(1)
    partition.followers.overtime()
    await settle()
    expect([results.length, partition.endOffset, partition.followers.isAsked(question)]).toEqual([0, 2, true])
    fetched(2, 2)
    expect(results).toEqual([])
    fetched(3, 2)
    expect(results).toMatchObject([{ errorCode: 0, baseOffset: 1 }])
    apply(later)
    expect(partition.followers.isAsked(question)).toBe(false)
    expect(await append(1)).toMatchObject([{ errorCode: 0, baseOffset: 2 }])
  })

  test('no more is held than there is room for', async () => {
    const results: AppendResult[] = []
    const records = batchOf({ values: ['x'.repeat(900_000)] })
    for (let held = 0; held < 5; held++) partition.append(records.slice(), null, 1, (result) => results.push(result))
    await settle()
    expect(results.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0, 0, 0])
    expect(partition.followers.handOver).toEqual({ to: 2, kind: 'lapsed' })
  })
})

describe('Ack 1 (R2)', () => {
  test('waits until all members have fetched at this epoch', async () => {
    const results = await append(1)
    fetched(2, 0)
    expect([results.length, partition.mayAnswer()]).toEqual([0, false])
    fetched(3, 1)
    expect(results).toEqual([])
    fetched(2, 1)
    expect(results).toMatchObject([{ errorCode: 0 }])
    expect([partition.mayAnswer(), partition.highWatermark]).toEqual([true, 1])
  })

  test('is not given for a fetch that was on its way for long: whoever sent it may follow another by now', async () => {
    const fetchedMs = broker.clock.nowMs()
    fetched(2, 0)
    await broker.clock.advance(3_000)
    fetched(2, 0, { fetchedMs })
    fetched(3, 0)
    expect(partition.mayAnswer()).toBe(false)
    const results = await append(1)
    expect(results).toEqual([])
    fetched(2, 1)
    expect(results).toMatchObject([{ errorCode: 0 }])
  })

  test('is given to a repeat when idle followers, which have it, are heard of again', async () => {
    const batch = () => batchOf({ values: ['a'], producerId: 7, producerEpoch: 0, baseSequence: 0 })
    fetched(2, 0)
    fetched(3, 0)
    expect(await produce(partition, batch(), 1)).toMatchObject({ baseOffset: 0 })
    const presence = { fetchedMs: broker.clock.nowMs() }
    const asked = { fetchOffset: 1, currentLeaderEpoch: partition.leaderEpoch, lastFetchedEpoch: -1 }
    for (const id of [2, 3]) partition.followers.fetched({ id, brokerEpoch: 40 + id, presence }, asked)
    await broker.clock.advance(3_000)
    const results: AppendResult[] = []
    partition.append(batch(), null, 1, (result) => results.push(result))
    await broker.clock.advance(1_000)
    expect(results).toEqual([])
    // A fetch that names no partition: all is where it was.
    presence.fetchedMs = broker.clock.nowMs()
    await broker.clock.advance(200)
    expect(results).toMatchObject([{ errorCode: 0, baseOffset: 0 }])
  })

  test('is not given for what came in the turn in which another leader is named', async () => {
    fetched(2, 0)
    fetched(3, 0)
    const results: AppendResult[] = []
    partition.append(batchOf({ values: ['a'] }), null, 1, (result) => results.push(result))
    apply({ leader: 2, leaderEpoch: 2 })
    expect(results).toMatchObject([{ errorCode: errors.NOT_LEADER_OR_FOLLOWER.code }])
  })

  test('is given only for what all have by a broker that leaves: it says when they have what it acknowledged before', async () => {
    fetched(2, 0)
    fetched(3, 0)
    expect(await append(1)).toMatchObject([{ errorCode: 0 }])
    let left = false
    void broker.partitions.leave(500).then(() => {
      left = true
    })
    await broker.clock.advance(100)
    const results = await append(1)
    fetched(2, 1)
    await broker.clock.advance(100)
    expect([left, results]).toEqual([false, []])
    fetched(3, 1)
    await broker.clock.advance(100)
    expect([left, results]).toEqual([true, []])
    fetched(2, 2)
    fetched(3, 2)
    expect(results).toMatchObject([{ errorCode: 0 }])
  })

  test('a broker that leaves waits for no follower that is gone', async () => {
    fetched(2, 0)
    fetched(3, 0)
    await append(1)
    let left = false
    void broker.partitions.leave(500).then(() => {
      left = true
    })
    await broker.clock.advance(499)
    expect(left).toBe(false)
    await broker.clock.advance(10)
    expect(left).toBe(true)
  })

  test('and is given at once while they had all within the last second', async () => {
    fetched(2, 0)
    fetched(3, 0)
    await broker.clock.advance(1_000)
    expect(await append(1)).toMatchObject([{ errorCode: 0 }])
    await broker.clock.advance(1)
    const late = await append(1)
    expect([late.length, partition.mayAnswer()]).toEqual([0, false])
    fetched(2, 2)
    expect(late).toEqual([])
    apply({ isr: [1, 2], partitionEpoch: 2 })
    expect(late).toMatchObject([{ errorCode: 0 }])
  })

  test('not by the fetches of an earlier epoch', async () => {
    fetched(2, 0)
    fetched(3, 0)
    apply({ leaderEpoch: 2 })
    expect(partition.mayAnswer()).toBe(false)
  })
})

test('Ack 0 waits for nobody', async () => {
  expect(await append(0)).toMatchObject([{ errorCode: 0 }])
})

test('a new leader knows what is committed when all have fetched from the start of its epoch (R3)', async () => {
  fetched(2, 0)
  fetched(3, 0)
  await append()
  apply({ leaderEpoch: 2 })
  await append()
  expect([partition.knowsCommitted, partition.highWatermark]).toEqual([false, 0])
  fetched(2, 2)
  fetched(3, 0)
  expect(partition.knowsCommitted).toBe(false)
  // Readers may have been told more by an earlier leader.
  expect([partition.read(0, 1000, -1).highWatermark, partition.read(2, 1000, 2, true).highWatermark]).toEqual([-1, -1])
  fetched(3, 1)
  expect([partition.knowsCommitted, partition.highWatermark]).toEqual([true, 1])
  expect(partition.read(0, 1000, -1).highWatermark).toBe(1)
})

test('a leader on its own knows at once', async () => {
  await lead({ replicas: [1] })
  await append()
  apply({ replicas: [1], leaderEpoch: 2 })
  expect([partition.knowsCommitted, partition.mayAnswer(), partition.highWatermark]).toEqual([true, true, 1])
})

describe('the ISR (R12)', () => {
  const view = () => ({
    nowMs: broker.clock.nowMs(),
    lagTimeMaxMs: 2_000,
    listeningSinceMs: 0,
    isStaying: () => true,
  })
  const assigned = (isr: number[], partitionEpoch: number) =>
    topicState({ replicas, isr, partitionEpoch }).partitions[0]!
  /** Broker 3 has lagged out of it, as the leader wants. */
  const lagOut = async (): Promise<IsrProposal> => {
    await broker.clock.advance(2_001)
    fetched(2, 0)
    return partition.followers.proposal(view())!
  }

  test('both count until Castle has answered', async () => {
    const proposal = await lagOut()
    expect(proposal).toMatchObject({ leaderEpoch: 1, partitionEpoch: 1, isr: [1, 2] })
    expect([...proposal.brokerEpochs]).toEqual([
      [2, 42],
      [3, -1],
    ])
    partition.followers.propose(proposal)
    const results = await append()
    fetched(2, 1)
    expect([results.length, partition.followers.isOpen(proposal), partition.followers.proposal(view())]).toEqual([
      0,
      true,
      null,
    ])
    partition.followers.answered(assigned([1, 2], 2))
    expect([results.length, partition.followers.isOpen(proposal), partition.followers.isr]).toEqual([1, false, [1, 2]])
  })

  test("a newer subject ends it as well, an answer that is older than what is known doesn't count", async () => {
    const proposal = await lagOut()
    partition.followers.propose(proposal)
    apply({ isr: [1, 2, 3], partitionEpoch: 5 })
    expect(partition.followers.isOpen(proposal)).toBe(false)
    partition.followers.answered(assigned([1, 2], 2))
    expect(partition.followers.isr).toEqual(replicas)
  })

  test('refused: the old one counts alone, and the leader may ask again', async () => {
    apply({ isr: [1, 2], partitionEpoch: 2 })
    fetched(2, 0)
    fetched(3, 0)
    const proposal = partition.followers.proposal(view())!
    expect(proposal.isr).toEqual(replicas)
    partition.followers.propose(proposal)
    const results = await append()
    fetched(2, 1)
    expect(results).toEqual([])
    partition.followers.answered(assigned([1, 2], 2))
    expect(results).toMatchObject([{ errorCode: 0 }])
    expect(partition.followers.isr).toEqual([1, 2])
  })

  test('of a newer leader epoch: what was proposed counts until its subject comes', async () => {
    const proposal = await lagOut()
    partition.followers.propose(proposal)
    partition.followers.answered({ ...assigned([1, 2], 2), leaderEpoch: 2, leader: 2 })
    expect(partition.followers.isOpen(proposal)).toBe(true)
    apply({ leaderEpoch: 2, leader: 2 })
    expect(partition.followers.isOpen(proposal)).toBe(false)
  })

  test('who is outside and fetches is told of', async () => {
    const told: Partition[] = []
    broker.partitions.onOutsider((one) => told.push(one))
    fetched(3, 0)
    expect(told).toEqual([])
    apply({ isr: [1, 2], partitionEpoch: 2 })
    fetched(3, 0)
    expect(told).toEqual([partition])
  })
})

test('followers are woken by appends, told of the high watermark, and hear when it is over', async () => {
  const heard: boolean[] = []
  const stop = partition.watchAsFollower((isUrgent) => heard.push(isUrgent))
  await append()
  expect(heard).toEqual([true])
  fetched(2, 1)
  fetched(3, 1)
  expect(heard).toEqual([true, false])
  apply({ leader: 2, leaderEpoch: 2 })
  expect(heard).toEqual([true, false, true])
  stop()
  apply({ leader: 1, leaderEpoch: 3 })
  expect(heard).toHaveLength(3)
})
