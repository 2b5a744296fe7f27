import { describe, expect, test } from 'vitest'
import { batchOf, settle } from '../log/testing.ts'
import { consume, dataFolder, partitionFolder, produce, TestingBroker, topicId, topicState } from './testing.ts'

const fileOf = (offset: number) => `${partitionFolder}/${String(offset).padStart(20, '0')}.log`
const only = { replicas: [1] }
const nobody = (leaderEpoch: number) => topicState({ ...only, leader: -1, leaderEpoch })
const keptIn = (broker: TestingBroker) =>
  broker.platters.paths().filter((path) => path.startsWith(`${dataFolder}/logs/damaged-`))

/** The only replica, with records 0 to 5 in batches of one: segments of 0 and 1, 2 and 3, 4 and 5. */
async function begun(): Promise<TestingBroker> {
  const broker = await TestingBroker.start()
  broker.partitions.apply(topicState(only))
  const { log, settings } = here(broker)
  log!.configure({ ...settings, segmentBytes: 150, producersMax: 10, producerIdExpirationMs: 1_000 })
  for (const value of ['a', 'b', 'c', 'd', 'e', 'f'])
    await produce(broker.partitions.get(topicId, 0)!, { values: [value] })
  await broker.clock.advance(300)
  return broker
}

const here = (broker: TestingBroker) => broker.partitions.get(topicId, 0)!

async function salvage(broker: TestingBroker, leaderEpoch: number, given = {}): Promise<void> {
  const { lastEpoch = -1, endOffset = 0 } = here(broker).sound ?? {}
  const state = topicState({ ...only, leader: -1, leaderEpoch })
  const decided = { brokerId: 1, lastEpoch, endOffset, ...given }
  broker.partitions.apply({ ...state, partitions: state.partitions.map((one) => ({ ...one, salvage: decided })) })
  await settle()
}

describe('a damaged log that nobody can mend (R9)', () => {
  type Found = { endOffset: number; lastEpoch: number; hadOffset: number | null; startOffset?: number }
  const flip = (offset: number, at: number) => (broker: TestingBroker) => {
    broker.platters.bytes(fileOf(offset))[at]! ^= 1
  }
  const cases: [string, (broker: TestingBroker) => void, Found, kept: string[]][] = [
    ['a bit of the first batch', flip(0, 65), { endOffset: 0, lastEpoch: -1, hadOffset: 6 }, ['0', '2', '4']],
    ['a bit in the middle', flip(2, 72 + 65), { endOffset: 3, lastEpoch: 1, hadOffset: 6 }, ['2', '4']],
    ['a bit of the last batch but one', flip(4, 65), { endOffset: 4, lastEpoch: 1, hadOffset: 6 }, ['4']],
    ['a bit of the last batch', flip(4, 72 + 65), { endOffset: 5, lastEpoch: 1, hadOffset: null }, ['4']],
    [
      'a file in the middle is gone',
      ({ platters }) => platters.remove(fileOf(2)),
      { endOffset: 2, lastEpoch: 1, hadOffset: 6 },
      ['4'],
    ],
    [
      'a file is cut short',
      ({ platters }) => platters.resize(fileOf(2), 80),
      { endOffset: 3, lastEpoch: 1, hadOffset: 6 },
      ['2', '4'],
    ],
    [
      'the first file is gone',
      ({ platters }) => platters.remove(fileOf(0)),
      { startOffset: 2, endOffset: 6, lastEpoch: 1, hadOffset: null },
      [],
    ],
    [
      'its folder is gone',
      ({ platters }) => platters.remove(partitionFolder),
      { endOffset: 0, lastEpoch: -1, hadOffset: null },
      [],
    ],
  ]
  test.each(cases)('%s', async (_, damage, found, kept) => {
    const broker = await begun()
    await broker.partitions.close()
    damage(broker)
    const whole = new Map(broker.platters.paths().map((path) => [path, broker.platters.bytes(path).slice()]))
    await broker.open()
    // Not all of it is read at the start: a reader finds the rest.
    broker.partitions.apply(topicState({ ...only, leaderEpoch: 2 }))
    if (here(broker).fault === null) await consume(here(broker)).catch(() => [])
    expect(here(broker).fault).not.toBeNull()
    expect(broker.partitions.reports()[0]?.sound).toBeUndefined()
    const sound = { startOffset: 0, ...found }
    const bytes = () =>
      broker.platters
        .paths()
        .filter((path) => path.endsWith('.log'))
        .map((path) => broker.platters.bytes(path).length)
    const before = bytes()
    broker.partitions.apply(nobody(3))
    await settle()
    const hadOffset = expect.toSatisfy((had) => had === found.hadOffset || had === 6)
    expect(broker.partitions.reports()[0]).toMatchObject({ fault: expect.any(String), sound: { ...sound, hadOffset } })
    expect(bytes()).toEqual(before)
    await salvage(broker, 4)
    expect(here(broker)).toMatchObject({ fault: null, isDamaged: false, leaderEpoch: 4, sound: null })
    expect(broker.partitions.reports()[0]).toMatchObject({ fault: null, leaderEpoch: 4, endOffset: found.endOffset })
    // What was cut off is there, byte for byte.
    const names = keptIn(broker).filter((path) => path.includes('.log'))
    expect(names.map((path) => String(Number(path.split('/').at(-1)?.split('.')[0])))).toEqual(kept)
    for (const path of names) {
      const [name = '', from = '0'] = (path.split('/').at(-1) ?? '').split('.from-')
      expect(broker.platters.bytes(path)).toEqual(whole.get(`${partitionFolder}/${name}`)?.slice(Number(from)))
    }
    // It leads, by this process and the next.
    broker.partitions.apply(topicState({ ...only, leaderEpoch: 5 }))
    const left = ['a', 'b', 'c', 'd', 'e', 'f']
      .map((value, at) => [at, value])
      .slice(sound.startOffset, sound.endOffset)
    expect(await consume(here(broker))).toEqual(left)
    expect(await produce(here(broker), { values: ['new'] })).toMatchObject({
      errorCode: 0,
      baseOffset: found.endOffset,
    })
    await broker.open()
    broker.partitions.apply(topicState({ ...only, leaderEpoch: 6 }))
    expect(await consume(here(broker))).toEqual([...left, [found.endOffset, 'new']])
  })

  const damaged = async () => {
    const broker = await begun()
    flip(2, 65)(broker)
    await broker.open()
    broker.partitions.apply(topicState({ ...only, leaderEpoch: 2 }))
    await here(broker).readCold(2, 100, -1)
    broker.partitions.apply(nobody(3))
    await settle()
    expect(here(broker).sound).toMatchObject({ endOffset: 2, hadOffset: 6 })
    return broker
  }

  test.each([
    ['another broker', { brokerId: 2 }],
    ['a longer part', { endOffset: 3 }],
    ['other epochs', { lastEpoch: 0 }],
  ])('what was decided of %s cuts nothing', async (_, given) => {
    const broker = await damaged()
    await salvage(broker, 4, given)
    expect([here(broker).fault === null, keptIn(broker)]).toEqual([false, []])
    expect(broker.platters.paths()).toContain(fileOf(4))
  })

  test('nothing is cut by the word of a Castle that knows less than an earlier one (R14)', async () => {
    const broker = await damaged()
    broker.isNewest = false
    await salvage(broker, 4)
    expect(here(broker).fault).not.toBeNull()
  })

  test('a crash at any call of the disk: the next process does it again, and nothing else is lost', async () => {
    for (let calls = 0; ; calls++) {
      const broker = await damaged()
      let left = calls
      broker.platters.refuse = () => (left-- > 0 ? undefined : 'EIO')
      await salvage(broker, 4)
      const isDone = left >= 0
      broker.platters.refuse = () => undefined
      await broker.open()
      broker.partitions.apply(nobody(5))
      await settle()
      if (here(broker).fault !== null) {
        expect(here(broker).sound).toMatchObject({ endOffset: 2, lastEpoch: 1 })
        await salvage(broker, 6)
      }
      broker.partitions.apply(topicState({ ...only, leaderEpoch: 7 }))
      expect(await consume(here(broker))).toEqual([
        [0, 'a'],
        [1, 'b'],
      ])
      const cut = keptIn(broker)
        .filter((path) => path.includes('.log'))
        .map((path) => broker.platters.bytes(path).length)
      expect(cut.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThanOrEqual(4 * 69)
      if (isDone) return expect(calls).toBeGreaterThan(10)
    }
  })

  test('a disk that refuses something is asked again', async () => {
    const broker = await damaged()
    let left = 2
    broker.platters.refuse = (call) => (call === 'rename' && left-- > 0 ? 'ENOSPC' : undefined)
    await salvage(broker, 4)
    expect(here(broker).fault).not.toBeNull()
    await broker.clock.advance(6_000)
    await settle()
    expect([here(broker).fault, here(broker).endOffset, keptIn(broker).length > 0]).toEqual([null, 2, true])
  })

  test('one that ends below what was known as committed is whole by the decision, for the next process, too', async () => {
    const broker = await TestingBroker.start()
    const spec = { replicas: [1, 2, 3], isr: [1], configs: { 'min.insync.replicas': '1' } }
    broker.partitions.apply(topicState(spec))
    for (const values of [['a', 'b'], ['c']]) await produce(here(broker), { values }, 0)
    await broker.clock.advance(300)
    await here(broker).log!.truncateTo(2)
    await broker.open()
    broker.partitions.apply(topicState({ ...spec, leader: -1, leaderEpoch: 3 }))
    await settle()
    expect(broker.partitions.reports()[0]).toMatchObject({ sound: { endOffset: 2, lastEpoch: 1, hadOffset: null } })
    await salvage(broker, 4)
    for (const leaderEpoch of [5, 6]) {
      expect([here(broker).fault, here(broker).endOffset]).toEqual([null, 2])
      await broker.open()
      broker.partitions.apply(topicState({ ...spec, leader: -1, leaderEpoch }))
    }
  })

  test('where another leads meanwhile it is made anew from there', async () => {
    const broker = await damaged()
    const replicas = [1, 2]
    broker.partitions.apply(topicState({ replicas, isr: [2], leader: 2, leaderEpoch: 4 }))
    await settle()
    expect(here(broker)).toMatchObject({ role: 'follower', isAnew: true, endOffset: 0 })
    // The one that it followed is gone for good: what it has is all there is.
    broker.partitions.apply(topicState({ replicas, isr: [2], leader: -1, leaderEpoch: 5 }))
    expect(broker.partitions.reports()[0]).toMatchObject({ sound: { endOffset: 0, lastEpoch: -1, hadOffset: null } })
    await salvage(broker, 6)
    expect(broker.partitions.reports()[0]).toMatchObject({ fault: null })
    broker.partitions.apply(topicState({ replicas, isr: [1], leader: 1, leaderEpoch: 7 }))
    here(broker).append(batchOf({ values: ['x'] }), null, 0, () => {})
    await settle()
    expect(here(broker).endOffset).toBe(1)
  })
})
