import { SlabPool } from '@castellan/protocol'
import { describe, expect, test } from 'vitest'
import { gate, settle } from '../log/testing.ts'
import { HighWatermarks } from './high-watermarks.ts'
import { dataFolder, partitionFolder, produce, TestingBroker, type TopicSpec, topicId, topicState } from './testing.ts'

const slabs = new SlabPool({ slabBytes: 8192, keepBytesMax: 65_536, poison: true })

test('high watermarks of replicated partitions outlive a kill, as far as the log goes', async () => {
  const broker = await TestingBroker.start()
  broker.partitions.apply(topicState({ replicas: [1, 2], isr: [1] }))
  for (const values of [['a', 'b'], ['c']]) await produce(broker.partitions.get(topicId, 0)!, { values }, 0)
  await broker.clock.advance(300)
  await broker.open()
  expect(broker.partitions.get(topicId, 0)).toMatchObject({ role: 'none', fault: null, highWatermark: 3 })
})

describe('what was committed is missing at the start, and no power was lost (R9)', () => {
  /** Partition 0 has three records, in two batches; the high watermark is written down. */
  const begun = async () => {
    const broker = await TestingBroker.start()
    broker.partitions.apply(topicState({ replicas: [1, 2, 3], isr: [1], configs: { 'min.insync.replicas': '1' } }))
    for (const values of [['a', 'b'], ['c']]) await produce(broker.partitions.get(topicId, 0)!, { values }, 0)
    await broker.clock.advance(300)
    return broker
  }
  const marks = `${dataFolder}/logs/high-watermarks`
  const gone = `the log is gone, and had everything up to 3 at least; to go on without them, where no other replica has them, elect a leader (unclean)`

  test.each<[string, (broker: TestingBroker) => void | Promise<void>, fault: string | null]>([
    ['nothing', () => {}, null],
    ['its folder', (broker) => broker.platters.remove(partitionFolder), gone],
    ['the folder of its topic', (broker) => broker.platters.remove(`${dataFolder}/logs/${topicId}`), gone],
    [
      'a whole batch at the end',
      (broker) => broker.partitions.get(topicId, 0)!.log!.truncateTo(2),
      'the log ends at 2, and had everything up to 3 at least',
    ],
  ])('%s is missing', async (_, take, fault) => {
    const broker = await begun()
    await take(broker)
    for (let process = 0; process < 3; process++) {
      await broker.open()
      expect(broker.partitions.reports()[0]?.fault?.slice(0, fault?.length) ?? null).toBe(fault)
      // A Castle that has not heard of it yet.
      broker.partitions.apply(topicState({ replicas: [1, 2, 3], isr: [1, 2, 3], leaderEpoch: 2 + process }))
      expect(broker.partitions.get(topicId, 0)!.role).toBe(fault === null ? 'leader' : 'none')
    }
    if (fault === null) return
    broker.partitions.apply(topicState({ replicas: [1, 2, 3], isr: [2, 3], leader: 2, leaderEpoch: 9 }))
    await settle()
    expect(broker.partitions.get(topicId, 0)).toMatchObject({ role: 'follower', endOffset: 0, isAnew: true })
  })

  test('it is written down again where it is lost, though nobody writes to the log', async () => {
    const broker = await begun()
    broker.platters.remove(marks)
    await broker.open()
    // What it finds there is written down first, when nothing moves yet.
    await broker.clock.advance(1_000)
    const configs = { 'min.insync.replicas': '1' }
    broker.partitions.apply(topicState({ replicas: [1, 2, 3], isr: [1], configs, leaderEpoch: 2 }))
    expect(broker.partitions.get(topicId, 0)!.highWatermark).toBe(3)
    await broker.clock.advance(300)
    expect(new HighWatermarks(broker.disk!, marks, 'logs').get(topicId, 0)).toBe(3)
  })

  test('it is found again where a full disk took no note of it, though others move on', async () => {
    const broker = await begun()
    await broker.partitions.get(topicId, 0)!.log!.truncateTo(2)
    const second = '99999999-2222-4333-8444-555555555555'
    for (const leaderEpoch of [1, 2]) {
      await broker.open()
      expect(broker.partitions.get(topicId, 0)!.fault).toMatch(
        /^the log ends at 2, and had everything up to 3 at least/,
      )
      broker.platters.remove(`${partitionFolder}/fault`)
      const configs = { 'min.insync.replicas': '1' }
      broker.partitions.apply(topicState({ topicId: second, replicas: [1, 2], isr: [1], configs, leaderEpoch }))
      await produce(broker.partitions.get(second, 0)!, { values: ['a'] })
      await broker.clock.advance(300)
    }
  })

  test('after a clean stop, too', async () => {
    const broker = await begun()
    await broker.partitions.close()
    broker.platters.remove(partitionFolder)
    await broker.open()
    expect(broker.partitions.reports()).toMatchObject([{ topicId, partition: 0, fault: gone }])
  })

  test('a person goes on without it, as the fault says', async () => {
    const broker = await begun()
    broker.platters.remove(partitionFolder)
    await broker.open()
    for (const note of [`${partitionFolder}/fault`, marks]) broker.platters.remove(note)
    await broker.open()
    broker.partitions.apply(topicState({ leaderEpoch: 3 }))
    expect(broker.partitions.get(topicId, 0)).toMatchObject({ fault: null, role: 'leader', endOffset: 0 })
  })

  test('after a power loss it is nothing unusual: the logs have another name', async () => {
    const broker = await begun()
    broker.platters.remove(partitionFolder)
    broker.bootId = 'boot-2'
    await broker.open()
    expect(broker.partitions.reports()).toEqual([])
  })

  test('after a power loss, and a kill before anything was written again: what was lost with the power is not missed', async () => {
    const broker = await begun()
    await broker.partitions.get(topicId, 0)!.log!.truncateTo(2)
    for (const bootId of ['boot-2', 'boot-2']) {
      broker.bootId = bootId
      await broker.open()
      expect(broker.partitions.reports()).toMatchObject([{ fault: null, endOffset: 2 }])
    }
  })

  test('what was not opened yet, when others began to move, is missed as well', async () => {
    const broker = await begun()
    const second = '99999999-2222-4333-8444-555555555555'
    // What there is of it begins behind what is written down: nothing, for it has no other replica.
    broker.partitions.apply(topicState({ topicId: second }))
    const alone = broker.partitions.get(second, 0)!
    await produce(alone, { values: ['a'] })
    await alone.deleteBefore(1)
    await produce(alone, { values: ['b'] })
    await broker.clock.advance(300)
    const reading = gate()
    let reads = 0
    // The log with a checkpoint is read first.
    const gates = { get: () => (++reads === 2 ? reading.promise : Promise.resolve()) }
    Object.defineProperty(broker.platters, 'readGate', gates)
    let isOpen = false
    const opening = broker.open().then(() => {
      isOpen = true
    })
    await broker.clock.advance(1_000)
    expect([isOpen, reads > 1]).toEqual([false, true])
    reading.open()
    while (!isOpen) await broker.clock.advance(10)
    await opening
    broker.platters.remove(partitionFolder)
    await broker.open()
    expect(broker.partitions.get(topicId, 0)?.fault).toBe(gone)
  })

  test('what was deleted is not missed, nor what is no replica any more, whenever the process is killed', async () => {
    for (const spec of [{ deleted: true }, { replicas: [2, 3], leader: 2, leaderEpoch: 2, removed: [1] }]) {
      const broker = await begun()
      broker.partitions.apply(topicState(spec))
      await broker.open()
      expect(broker.partitions.reports()).toEqual([])
    }
  })

  test.each<[string, (call: string, path: string) => string | undefined, number | undefined]>([
    ['', () => undefined, 2],
    [
      ', on a full disk over the old ones',
      (call, path) => (call === 'write' && path.endsWith('high-watermarks.tmp') ? 'ENOSPC' : undefined),
      2,
    ],
    [
      ', on one so full that they go',
      (call, path) => (call === 'write' && path.includes('high-watermarks') ? 'ENOSPC' : undefined),
      undefined,
    ],
  ])(
    'a follower that is cut below what it knew as committed notes that before, so that a kill shows no damage%s',
    async (_, refuse, written) => {
      const broker = await begun()
      broker.platters.refuse = refuse
      broker.partitions.apply(topicState({ replicas: [1, 2, 3], isr: [2], leader: 2, leaderEpoch: 5 }))
      const { following } = broker.partitions.get(topicId, 0)!
      const divergingEpoch = { epoch: 1, endOffset: 2 }
      const answer = {
        errorCode: 0,
        divergingEpoch,
        highWatermark: 0,
        lastStableOffset: 0,
        logStartOffset: 0,
        records: null,
      }
      const cut = following.take(following.position!, answer as never, slabs.take(8))
      const marks = new HighWatermarks(broker.disk!, `${dataFolder}/logs/high-watermarks`, 'logs')
      expect(marks.get(topicId, 0)).toBe(written)
      await cut
      broker.platters.refuse = () => undefined
      await broker.open()
      const highWatermark = written ?? 0
      expect(broker.partitions.get(topicId, 0)).toMatchObject({ fault: null, endOffset: 2, highWatermark })
    },
  )

  test.each<[string, TopicSpec]>([
    ['a topic of one replica', {}],
    ['a partition whose high watermark never moved', { replicas: [1, 2, 3], isr: [1] }],
  ])('the log of %s is missed, until a person gives up what it had', async (_, spec) => {
    const broker = await TestingBroker.start()
    broker.partitions.apply(topicState(spec))
    await produce(broker.partitions.get(topicId, 0)!, { values: ['a'] }, 0)
    await broker.clock.advance(300)
    broker.platters.remove(partitionFolder)
    const note = `${partitionFolder}/fault`
    // On a full disk no note is taken of it: it is found again.
    for (const isFull of [true, true, false, false]) {
      broker.platters.refuse = (call, path) =>
        isFull && call === 'write' && path.includes(partitionFolder) ? 'ENOSPC' : undefined
      await broker.open()
      broker.partitions.apply(topicState({ ...spec, leaderEpoch: 2 }))
      const { isDamaged, role } = broker.partitions.get(topicId, 0)!
      expect([isDamaged, role]).toEqual([true, 'none'])
      expect(broker.partitions.get(topicId, 0)!.fault).toContain(
        'the log is gone, and had records; to go on without them, where no other replica has them, elect a leader',
      )
      await broker.clock.advance(3_000)
    }
    broker.platters.remove(note)
    await broker.open()
    broker.partitions.apply(topicState({ ...spec, leaderEpoch: 3 }))
    const { fault, role, endOffset } = broker.partitions.get(topicId, 0)!
    expect([fault, role, endOffset]).toEqual([null, 'leader', 0])
  })

  test('what never held anything is not missed', async () => {
    const broker = await TestingBroker.start()
    broker.lead(1)
    await broker.clock.advance(300)
    broker.platters.remove(partitionFolder)
    await broker.open()
    expect(broker.lead(2)).toMatchObject({ fault: null, role: 'leader' })
  })
})

test('high watermarks of topics that Castle has not spoken of yet outlive a kill, too', async () => {
  const broker = await TestingBroker.start()
  const other = '99999999-2222-4333-8444-555555555555'
  const replicated = { replicas: [1, 2], isr: [1] }
  for (const id of [topicId, other]) {
    broker.partitions.apply(topicState({ ...replicated, topicId: id }))
    await produce(broker.partitions.get(id, 0)!, { values: ['a'] }, 0)
  }
  await broker.clock.advance(10_000)
  await broker.open()
  broker.partitions.apply(topicState({ ...replicated, leaderEpoch: 2 }))
  await produce(broker.partitions.get(topicId, 0)!, { values: ['b'] }, 0)
  await broker.clock.advance(10_000)
  await broker.open()
  expect([topicId, other].map((id) => broker.partitions.get(id, 0)!.highWatermark)).toEqual([2, 1])
})
