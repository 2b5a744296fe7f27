import { SlabPool } from '@castellan/protocol'
import { describe, expect, test } from 'vitest'
import { LogError } from '../log/errors.ts'
import { batchOf, gate, settle } from '../log/testing.ts'
import { HighWatermarks } from './high-watermarks.ts'
import type { Partition } from './partition.ts'
import { Partitions } from './partitions.ts'
import {
  consume,
  dataFolder,
  partitionFolder,
  produce,
  TestingBroker,
  type TopicSpec,
  topicId,
  topicState,
} from './testing.ts'

const slabs = new SlabPool({ slabBytes: 8192, keepBytesMax: 65_536, poison: true })
const other = '22222222-2222-4333-8444-555555555555'

describe('logs come and go (R13)', () => {
  test('one log for each partition that this broker has a replica of', async () => {
    const broker = await TestingBroker.start()
    broker.partitions.apply(topicState({ partitions: 3 }))
    expect(broker.partitions.reports().map(({ partition }) => partition)).toEqual([0, 1, 2])
    expect(broker.platters.list(`${dataFolder}/logs/${topicId}`)).toEqual(['0', '1', '2'])
    broker.partitions.apply(topicState({ partitions: 4 }))
    expect([...broker.partitions.all()].every(({ isLeader }) => isLeader)).toBe(true)
  })

  test('very many are made over many turns, so that nothing else waits; a deletion in between holds', async () => {
    const broker = await TestingBroker.start()
    const made = () => [...broker.partitions.all()].filter(({ isLeader }) => isLeader).length
    broker.partitions.apply(topicState({ partitions: 100 }))
    broker.partitions.apply(topicState({ topicId: other, partitions: 100 }))
    expect(made()).toBeLessThan(50)
    broker.partitions.apply(topicState({ deleted: true }))
    await broker.clock.advance(100)
    expect(made()).toBe(100)
    expect(broker.platters.list(`${dataFolder}/logs`)).toEqual([other, 'format', 'run'])
    await broker.open()
    broker.partitions.apply(topicState({ topicId: other, partitions: 100 }))
    expect(made()).toBe(0)
  })

  test('what nobody speaks of is kept, and reported', async () => {
    const broker = await TestingBroker.start()
    await produce(broker.lead(1), { values: ['kept'] })
    await broker.partitions.close()
    await broker.open()
    broker.partitions.apply(topicState({ topicId: other }))
    await broker.clock.advance(86_400_000 * 30)
    expect(broker.partitions.reports()).toMatchObject([{ topicId }, { topicId: other }])
    expect(await consume(broker.lead(2))).toEqual([[0, 'kept']])
  })

  test('no longer a replica: it serves nothing, and its log stays', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1)
    await produce(partition, { values: ['kept'] })
    broker.partitions.apply(topicState({ leaderEpoch: 2, leader: 2, replicas: [2] }))
    expect(partition.isLeader).toBe(false)
    expect(broker.partitions.reports()).toHaveLength(1)
  })

  test('a recorded reassignment removes the one log; back again, it begins anew', async () => {
    const broker = await TestingBroker.start()
    const apply = (spec: TopicSpec) => broker.partitions.apply(topicState({ partitions: 2, ...spec }))
    apply({})
    const partition = broker.partitions.get(topicId, 0)!
    await produce(partition, { values: ['a'] })
    const roles: string[] = []
    broker.partitions.onLeadership(({ role, index }) => roles.push(`${index} ${role}`))
    apply({ leaderEpoch: 2, leader: 2, replicas: [2, 3] })
    expect(broker.partitions.reports()).toHaveLength(2)
    apply({ leaderEpoch: 1, leader: 2, replicas: [2, 3], removed: [1] })
    expect(broker.partitions.reports(), 'older news').toHaveLength(2)
    broker.platters.refuse = (call) => (call === 'rename' ? 'EIO' : undefined)
    apply({ leaderEpoch: 2, leader: 2, replicas: [2, 3], removed: [1] })
    expect(broker.partitions.reports().map(({ fault }) => fault)).toEqual(Array(2).fill(expect.stringContaining('EIO')))
    broker.platters.refuse = () => undefined
    await broker.clock.advance(400_000)
    expect(broker.partitions.reports()).toEqual([])
    expect(broker.platters.list(`${dataFolder}/logs`)).toEqual([topicId, 'format', 'high-watermarks', 'run'])
    expect(broker.platters.list(`${dataFolder}/logs/${topicId}`)).toEqual([])
    expect(roles.slice(0, 2)).toEqual(['0 none', '1 none'])
    apply({ leaderEpoch: 3, leader: 2, replicas: [2, 1], removed: [1] })
    expect(broker.partitions.get(topicId, 0)).toMatchObject({ role: 'follower', endOffset: 0 })
    apply({ leaderEpoch: 4, leader: 2, replicas: [2], removed: [1] })
    apply({ leaderEpoch: 5, leader: 1, replicas: [2, 1] })
    expect(broker.partitions.get(topicId, 0)).toMatchObject({ role: 'leader', endOffset: 0 })
  })

  test('a recorded deletion removes the logs of that id, also those that were left by a crash', async () => {
    const broker = await TestingBroker.start()
    const removed: number[] = []
    broker.partitions.apply(topicState({ partitions: 2 }))
    broker.partitions.apply(topicState({ topicId: other }))
    broker.partitions.onLeadership(({ index, isLeader }) => {
      if (!isLeader && broker.partitions.get(topicId, index) === undefined) removed.push(index)
    })
    const partition = broker.partitions.get(topicId, 0)!
    await produce(partition, { values: ['a'] })
    broker.platters.refuse = (call, path) => (call === 'remove' && path.includes('deleted-') ? 'EBUSY' : undefined)
    broker.partitions.apply(topicState({ deleted: true }))
    expect(partition.isLeader).toBe(false)
    expect(removed).toEqual([0, 1])
    expect(broker.partitions.reports()).toMatchObject([{ topicId: other }])
    await broker.clock.advance(100)
    expect(broker.platters.list(`${dataFolder}/logs`)).toContain(`deleted-${topicId}`)
    broker.platters.refuse = () => undefined
    await broker.open()
    expect(broker.partitions.reports()).toMatchObject([{ topicId: other }])
    await broker.clock.advance(100)
    expect(broker.platters.list(`${dataFolder}/logs`)).not.toContain(`deleted-${topicId}`)
  })

  test('a deletion that the disk refuses is tried again', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1)
    broker.platters.refuse = (call) => (call === 'rename' ? 'EIO' : undefined)
    broker.partitions.apply(topicState({ deleted: true }))
    expect(partition.isLeader).toBe(false)
    broker.platters.refuse = () => undefined
    await broker.clock.advance(3_000)
    expect(broker.partitions.reports()).toEqual([])
  })

  test('a log whose making was cut off by a kill is made by the next process, as soon as the disk has room', async () => {
    const broker = await TestingBroker.start()
    broker.lead(1)
    broker.platters.remove(`${partitionFolder}/00000000000000000000.log`)
    broker.platters.remove(`${partitionFolder}/epochs`)
    broker.platters.refuse = (call) => (call === 'write' ? 'ENOSPC' : undefined)
    await broker.open()
    const partition = broker.lead(2)
    expect(partition.fault).toBe('the log cannot be made: ENOSPC')
    broker.platters.refuse = () => undefined
    await broker.clock.advance(2_001)
    expect(partition).toMatchObject({ fault: null, role: 'leader' })
    expect(await produce(partition, { values: ['a'] })).toMatchObject({ errorCode: 0 })
  })

  test('a log that cannot be made is a fault, and is tried again', async () => {
    const broker = await TestingBroker.start()
    broker.platters.refuse = (call) => (call === 'mkdir' || call === 'write' ? 'ENOSPC' : undefined)
    expect(broker.lead(1)).toMatchObject({ isLeader: false, fault: expect.stringContaining('ENOSPC') })
    broker.platters.refuse = () => undefined
    await broker.clock.advance(3_000)
    const partition = broker.partitions.get(topicId, 0)!
    expect(partition).toMatchObject({ isLeader: true, fault: null })
    expect(await produce(partition, { values: ['a'] })).toMatchObject({ errorCode: 0 })
  })
})

describe('the start', () => {
  test('a bad log is a fault of its own; the others go on (R9)', async () => {
    const broker = await TestingBroker.start()
    broker.partitions.apply(topicState({ partitions: 3 }))
    for (const partition of broker.partitions.all()) await produce(partition, { values: ['a'] })
    await broker.partitions.close()
    const path = (index: number) => `${dataFolder}/logs/${topicId}/${index}/00000000000000000000.log`
    broker.platters.resize(path(1), 10)
    await broker.open()
    broker.partitions.apply(topicState({ partitions: 3, leaderEpoch: 2 }))
    expect(broker.partitions.reports().map(({ fault }) => fault)).toEqual([
      null,
      expect.stringContaining('10 bytes'),
      null,
    ])
    expect(broker.partitions.metrics).toMatchObject({ partitions: 3, faults: 1 })
    expect(await consume(broker.partitions.get(topicId, 2)!)).toHaveLength(1)
    // What is left of its bytes is kept for a person.
    await broker.partitions.close()
    expect(broker.platters.bytes(path(1))).toHaveLength(10)
  })

  test('a folder of another format version is one clear error', async () => {
    const broker = await TestingBroker.start()
    broker.lead(1)
    const path = `${dataFolder}/logs/format`
    const { writeStateFile } = await import('../log/state-file.ts')
    writeStateFile(broker.platters, path, { kind: 'logs', version: 2 }, {})
    await expect(broker.open()).rejects.toMatchObject({
      code: 'DATA_FOLDER_VERSION',
      message: '/data/logs/format has format 2, but this release reads format 1',
    })
    broker.platters.remove(path)
    await expect(broker.open()).rejects.toMatchObject({ code: 'DATA_FOLDER_VERSION' })
  })

  test('a folder that cannot be written is one clear error', async () => {
    const broker = new TestingBroker()
    broker.platters.refuse = (call) => (call === 'mkdir' ? 'EACCES' : undefined)
    await expect(broker.open()).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
      message: expect.stringContaining('EACCES'),
    })
  })

  test('whether the last stop was clean is known, once', async () => {
    const seen: unknown[] = []
    const log = {
      debug: () => {},
      warn: () => {},
      error: () => {},
      info: (fields: Record<string, unknown>) => seen.push(fields['isClean']),
      child: () => log,
    }
    const broker = await TestingBroker.start({ log })
    await broker.partitions.close()
    await broker.open()
    await broker.open()
    expect(seen).toEqual([false, true, false])
  })

  type Stop = 'clean' | 'kill' | 'power' | 'clean, power' | 'clean, start, power' | 'new folder'
  test.each<[Stop, isKept: boolean]>([
    ['clean', true],
    ['kill', true],
    ['power', false],
    ['clean, power', true],
    ['clean, start, power', false],
    ['new folder', false],
  ])('the name of the logs, after a stop by %s: kept %s (R8)', async (stop, isKept) => {
    const broker = await TestingBroker.start()
    const { logsId } = broker.partitions
    if (stop.startsWith('clean')) await broker.partitions.close()
    const marker = `${dataFolder}/logs/clean-shutdown`
    const old = stop.startsWith('clean') ? broker.platters.bytes(marker).slice() : undefined
    if (stop === 'clean, start, power') {
      await broker.open()
      // The removal of the marker was not synced, and the power loss undoes it.
      broker.platters.open(marker, 'create').writev([old!], 0)
    }
    if (stop === 'new folder') for (const path of broker.platters.paths()) broker.platters.remove(path)
    if (stop.endsWith('power')) broker.bootId = 'boot-2'
    await broker.open()
    const kept = broker.partitions.logsId
    expect(kept === logsId).toBe(isKept)
    // Whatever it is, it stays so through a kill from now on.
    await broker.open()
    expect(broker.partitions.logsId).toBe(kept)
  })

  test('a full disk is no reason not to stop', async () => {
    const broker = await TestingBroker.start()
    await produce(broker.lead(1), { values: ['a'] })
    broker.platters.refuse = (call) => (call === 'open' || call === 'write' ? 'ENOSPC' : undefined)
    await broker.partitions.close()
    broker.platters.refuse = () => undefined
    await broker.open()
    expect(broker.lead(2).endOffset).toBe(1)
  })

  test('a folder of the first release, which has no name, gets one', async () => {
    const broker = await TestingBroker.start()
    const { logsId } = broker.partitions
    await broker.partitions.close()
    broker.platters.remove(`${dataFolder}/logs/run`)
    await broker.open()
    expect(broker.partitions.logsId).not.toBe(logsId)
  })
})

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
  const gone = 'the log is gone, and had everything up to 3 at least'

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
        `the log is gone, and had records; to go on without them, remove ${note}`,
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

test('where its log ends is told by a replica that has no leader, for R7', async () => {
  const broker = await TestingBroker.start()
  const apply = (leaderEpoch: number, leader: number) =>
    broker.partitions.apply(topicState({ leaderEpoch, leader, replicas: [1, 2] }))
  apply(3, 1)
  const partition = broker.partitions.get(topicId, 0)!
  partition.append(batchOf({ values: ['a', 'b'] }), null, 0, () => {})
  expect(partition.report()).not.toHaveProperty('endOffset')
  apply(4, 2)
  expect(partition.report()).not.toHaveProperty('endOffset')
  apply(5, -1)
  expect(partition.report()).toMatchObject({ leaderEpoch: 5, lastEpoch: 3, endOffset: 2 })
})

describe('upkeep', () => {
  test('what was written is checkpointed after a minute, or after flush.ms', async () => {
    for (const [configs, ms] of [
      [{}, 60_000],
      [{ 'flush.ms': '5000' }, 5_000],
    ] as const) {
      const broker = await TestingBroker.start()
      const partition = broker.lead(1, configs)
      await broker.clock.advance(100_000)
      await produce(partition, { values: ['a'] })
      await broker.clock.advance(ms - 1_000)
      expect(partition.log!.syncedOffset).toBe(0)
      await broker.clock.advance(2_000)
      expect(partition.log!.syncedOffset).toBe(1)
    }
  })

  test('flush.ms holds to the millisecond, for each write that is the first after a sync', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1, { 'flush.ms': '100' })
    for (const offset of [1, 2, 3]) {
      await produce(partition, { values: ['a'] })
      await broker.clock.advance(99)
      expect(partition.log!.syncedOffset).toBe(offset - 1)
      await broker.clock.advance(2)
      expect(partition.log!.syncedOffset).toBe(offset)
    }
  })

  test('many appends share one sync (flush.messages=1)', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1, { 'flush.messages': '1' })
    const { promise, open } = gate()
    const syncs = () => broker.partitions.metrics.syncs
    const before = syncs()
    broker.platters.syncGate = promise
    const errorCodes: number[] = []
    for (let number = 0; number < 100; number++) {
      partition.append(batchOf({ values: ['a'] }), null, -1, ({ errorCode }) => errorCodes.push(errorCode))
      // In turns of their own.
      await settle()
    }
    expect(errorCodes).toEqual([])
    open()
    await settle()
    expect(errorCodes).toEqual(Array.from({ length: 100 }, () => 0))
    expect(partition.endOffset).toBe(100)
    expect(syncs() - before).toBeLessThan(4)
  })

  test('a checkpoint that finds no room is tried again', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1)
    await produce(partition, { values: ['a'] })
    broker.platters.refuse = (call, path) => (call === 'write' && path.endsWith('.tmp') ? 'ENOSPC' : undefined)
    await broker.clock.advance(65_000)
    expect(partition.log!.needsCheckpoint).toBe(true)
    broker.platters.refuse = () => undefined
    await broker.clock.advance(65_000)
    expect(partition.log!.needsCheckpoint).toBe(false)
  })

  test('retention is applied by the clock, to what this broker leads', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1, { 'retention.ms': '1000' })
    await produce(partition, { values: ['a'], timestamp: broker.clock.wallMs() })
    await broker.clock.advance(300_500)
    expect([partition.startOffset, partition.endOffset]).toEqual([1, 1])
  })

  test('a clean stop writes all down, and nothing happens after it', async () => {
    const broker = await TestingBroker.start()
    const partition = broker.lead(1)
    await produce(partition, { values: ['a'] })
    await broker.partitions.close()
    expect(partition.log!.syncedOffset).toBe(1)
    broker.platters.refuse = () => {
      throw new Error('the disk was used after the stop')
    }
    await broker.clock.advance(10_000_000)
    broker.partitions.apply(topicState({ leaderEpoch: 5 }))
    await settle()
    expect(broker.platters.openFiles).toBe(0)
    expect((await produce(partition, { values: ['b'] })).errorCode).not.toBe(0)
  })

  test('a stop leaves all partitions before it writes anything: that is said once, not after each', async () => {
    const broker = await TestingBroker.start()
    broker.partitions.apply(topicState({ partitions: 40 }))
    await broker.clock.advance(100)
    for (const partition of broker.partitions.all()) await produce(partition, { values: ['a'] })
    let left = 0
    broker.partitions.onLeadership(() => left++)
    const closed = broker.partitions.close()
    expect(left).toBe(40)
    await closed
    expect(left).toBe(40)
  })

  test('many partitions share few open files', async () => {
    const broker = await TestingBroker.start({ settings: { logOpenFilesMax: 5 } })
    broker.partitions.apply(topicState({ partitions: 40 }))
    await broker.clock.advance(10)
    for (const partition of broker.partitions.all())
      expect(await produce(partition, { values: ['a'] })).toMatchObject({ errorCode: 0 })
    expect(broker.platters.openFiles).toBeLessThanOrEqual(6)
    for (const partition of broker.partitions.all()) expect(await consume(partition)).toHaveLength(1)
    await broker.partitions.close()
    expect(broker.platters.openFiles).toBe(0)
  })
})

test('a second process on the same folder finds what the first one wrote', async () => {
  const broker = await TestingBroker.start()
  await produce(broker.lead(1), { values: ['a', 'b'] })
  expect(broker.platters.exists(`${partitionFolder}/partition`)).toBe(true)
  expect(broker.partitions).toBeInstanceOf(Partitions)
  await broker.open()
  expect(await consume(broker.lead(2))).toHaveLength(2)
})
