import { SlabPool } from '@castellan/protocol'
import { describe, expect, test } from 'vitest'
import { LogError } from '../log/errors.ts'
import { batchOf, settle } from '../log/testing.ts'
import type { Partition } from './partition.ts'
import { dataFolder, partitionFolder, TestingBroker, type TopicSpec, topicId, topicState } from './testing.ts'

const slabs = new SlabPool({ slabBytes: 8192, keepBytesMax: 65_536, poison: true })

describe('a damaged log (R9)', () => {
  const damaged = async () => {
    const broker = await TestingBroker.start()
    broker.partitions.apply(topicState({ replicas: [1, 2, 3] }))
    await produceAlone(broker.partitions.get(topicId, 0)!)
    broker.partitions.get(topicId, 0)!.setFault(new LogError('LOG_CORRUPT', 'a bit flipped'))
    return broker
  }
  const produceAlone = async (partition: Partition) => {
    partition.append(batchOf({ values: ['a', 'b'] }), null, 0, () => {})
    partition.flush()
  }

  test.each<[string, TopicSpec, isRebuilt: boolean]>([
    ['another leads, and nobody counts on this one', { leader: 2, isr: [2, 3] }, true],
    ['nobody leads', { leader: -1, isr: [2, 3] }, false],
    ['it is in the ISR', { leader: 2, isr: [2, 1] }, false],
    ['it could be elected once it is well', { leader: 2, isr: [2], elr: [1] }, false],
    ['it is no replica any more', { leader: 2, isr: [2], replicas: [2, 3] }, false],
  ])('%s: made anew %s', async (_, spec, isRebuilt) => {
    const broker = await damaged()
    const old = broker.platters.bytes(`${partitionFolder}/00000000000000000000.log`).slice()
    // The next process finds the note, and does the same.
    await broker.open()
    broker.partitions.apply(topicState({ replicas: [1, 2, 3], leaderEpoch: 5, ...spec }))
    await settle()
    const { fault, role, endOffset } = broker.partitions.get(topicId, 0)!
    expect([fault === null, role]).toEqual(isRebuilt ? [true, 'follower'] : [false, 'none'])
    const kept = broker.platters.list(`${dataFolder}/logs`).filter((name) => name.startsWith('damaged-'))
    expect(kept).toHaveLength(isRebuilt ? 1 : 0)
    if (!isRebuilt) return
    expect(endOffset).toBe(0)
    expect(broker.platters.bytes(`${dataFolder}/logs/${kept[0]}/00000000000000000000.log`)).toEqual(old)
    expect(
      broker.platters.paths().filter((path) => path.startsWith(partitionFolder) && path.endsWith('fault')),
    ).toEqual([])
  })

  /** A damaged log whose place another one took, which has nothing yet. */
  const rebuilt = async () => {
    const broker = await damaged()
    await broker.open()
    broker.partitions.apply(topicState({ replicas: [1, 2, 3], leaderEpoch: 5, leader: 2, isr: [2, 3] }))
    await settle()
    return broker
  }
  const anew = (broker: TestingBroker) => broker.partitions.reports()[0]!.fault?.includes('being fetched anew') ?? false
  /** The leader answers with these values; `needed`: what a replica must have to be in sync. */
  const hear = async (broker: TestingBroker, needed: number, leaderEpoch = 5, values: string[] = []) => {
    const { following } = broker.partitions.get(topicId, 0)!
    const records = values.length === 0 ? new Uint8Array() : batchOf({ values })
    if (records.length > 0) Buffer.from(records.buffer).writeInt32BE(leaderEpoch, 12)
    const slab = slabs.take(1024)
    slab.bytes.set(records)
    const asked = { ...following.position!, leaderEpoch }
    const answer = {
      partitionIndex: 0,
      errorCode: 0,
      highWatermark: 0,
      lastStableOffset: needed,
      logStartOffset: 0,
      divergingEpoch: null,
    }
    await following.take(asked, { ...answer, records: slab.bytes.subarray(0, records.length) } as never, slab)
    slab.release()
  }

  test('a follower that hears of flush.messages=1 syncs what it has, and asks its leader anew', async () => {
    const broker = await TestingBroker.start()
    const follow = (configs: Record<string, string>) =>
      broker.partitions.apply(topicState({ replicas: [1, 2], leaderEpoch: 5, leader: 2, configs }))
    follow({})
    await hear(broker, 0, 5, ['a'])
    const { followed, following } = broker.partitions.get(topicId, 0)!
    expect(following.position).toMatchObject({ offset: 1, isSynced: false })
    const told: unknown[] = []
    broker.partitions.onLeadership((partition) => told.push(partition.followed))
    follow({ 'flush.messages': '1' })
    follow({ 'flush.messages': '1' })
    expect(told).toEqual([{ leader: 2, leaderEpoch: 5 }])
    expect(told[0]).not.toBe(followed)
    await following.begin()
    expect(following.position).toMatchObject({ offset: 1, isSynced: true })
  })

  test('made anew, it is reported as out of use until it has all that its leader says it needs, by any process', async () => {
    const broker = await rebuilt()
    expect(anew(broker)).toBe(true)
    await hear(broker, 3)
    await hear(broker, 3, 5, ['a', 'b'])
    expect([broker.partitions.get(topicId, 0)!.endOffset, anew(broker)]).toEqual([2, true])
    await broker.open()
    expect(anew(broker)).toBe(true)
    broker.partitions.apply(topicState({ replicas: [1, 2, 3], leaderEpoch: 6, leader: 3, isr: [1, 3] }))
    expect(broker.partitions.get(topicId, 0)!.role).toBe('follower')
    await hear(broker, 2, 5) // a leader of the past
    expect(anew(broker)).toBe(true)
    await hear(broker, 2, 6)
    expect(broker.partitions.reports()[0]).toMatchObject({ fault: null })
    await broker.open()
    expect(broker.partitions.reports()[0]).toMatchObject({ fault: null })
  })

  test('made anew, it does not lead, though Castle did not know and elected it', async () => {
    const broker = await rebuilt()
    broker.partitions.apply(topicState({ replicas: [1, 2, 3], leaderEpoch: 6, leader: 1, isr: [1] }))
    expect(broker.partitions.get(topicId, 0)!.role).toBe('none')
    expect(broker.partitions.reports()[0]).toMatchObject({ leaderEpoch: 6 })
    expect(anew(broker)).toBe(true)
  })

  test('a kill between noting it and making the log: the next process knows', async () => {
    const broker = await rebuilt()
    broker.platters.remove(partitionFolder)
    await broker.open()
    broker.partitions.apply(topicState({ replicas: [1, 2, 3], leaderEpoch: 6, leader: 3, isr: [1, 3] }))
    await settle()
    expect(anew(broker)).toBe(true)
  })

  test('not made anew by the word of a Castle that knows less than an earlier one (R14)', async () => {
    const broker = await damaged()
    broker.isNewest = false
    await broker.open()
    const away = topicState({ replicas: [1, 2, 3], leaderEpoch: 5, leader: 2, isr: [2, 3] })
    broker.partitions.apply(away)
    await settle()
    expect(broker.partitions.get(topicId, 0)!.fault).not.toBeNull()
    broker.isNewest = true
    broker.partitions.apply(away)
    await settle()
    expect(broker.partitions.get(topicId, 0)!.fault).toBeNull()
  })

  test('the newest few are kept', async () => {
    const broker = await TestingBroker.start()
    for (let epoch = 1; epoch < 12; epoch += 2) {
      broker.partitions.apply(topicState({ replicas: [1, 2, 3], leaderEpoch: epoch, leader: 2, isr: [2, 3] }))
      broker.partitions.get(topicId, 0)!.setFault(new LogError('LOG_CORRUPT', `number ${epoch}`))
      broker.partitions.apply(topicState({ replicas: [1, 2, 3], leaderEpoch: epoch + 1, leader: 3, isr: [2, 3] }))
      await broker.clock.advance(1_000)
    }
    const kept = broker.platters.list(`${dataFolder}/logs`).filter((name) => /^(damaged|deleted)-/.test(name))
    expect(kept.map((name) => name.slice(0, 16))).toEqual(['damaged-00000004', 'damaged-00000005', 'damaged-00000006'])
    expect(broker.partitions.metrics.rebuilds).toBe(6)
  })
})
