import { describe, expect, test } from 'vitest'
import { Partitions } from './partitions.ts'
import { consume, dataFolder, partitionFolder, produce, TestingBroker, topicId, topicState } from './testing.ts'

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

test('a second process on the same folder finds what the first one wrote', async () => {
  const broker = await TestingBroker.start()
  await produce(broker.lead(1), { values: ['a', 'b'] })
  expect(broker.platters.exists(`${partitionFolder}/partition`)).toBe(true)
  expect(broker.partitions).toBeInstanceOf(Partitions)
  await broker.open()
  expect(await consume(broker.lead(2))).toHaveLength(2)
})
