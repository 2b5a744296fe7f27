import type { Subject, TopicState } from '@castellan/protocol/heartbeat'
import { silentLogger } from '@castellan/protocol/runtime'
import { beforeEach, expect, test } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { MemoryDisk } from '../testing/memory-disk.ts'
import { Remembered } from './remembered.ts'

const id = (n: number) => `00000000-0000-4000-8000-00000000000${n}`

function topic(n: number, version: number, given: Partial<TopicState> & { replicas?: number[] } = {}): Subject {
  const { replicas = [1, 2], ...rest } = given
  const partitions = [{ leader: 1, leaderEpoch: version, partitionEpoch: 0, replicas, isr: replicas }]
  const base = { topicId: id(n), name: `topic-${n}`, deleted: false, internal: false, ackLevel: -1, configs: {} }
  return { key: `topic/${id(n)}`, version, state: { ...base, partitions, ...rest } }
}

let clock: FakeClock
let disk: MemoryDisk
const process = (brokerId = 1) => new Remembered({ clock, disk, log: silentLogger, dataFolder: '/data', brokerId })

beforeEach(() => {
  clock = new FakeClock()
  disk = new MemoryDisk()
})

test('the newest of each topic of its own outlives the process, and counts until Castle has said as much', async () => {
  const first = process()
  for (const subject of [topic(1, 5), topic(1, 6), topic(2, 7), topic(3, 8, { replicas: [2, 3] })]) first.note(subject)
  expect(first.versions).toEqual({})
  await clock.advance(200)
  const second = process()
  expect(second.versions).toEqual({ [id(1)]: 6, [id(2)]: 7 })
  second.note(topic(1, 6))
  second.note(topic(2, 3)) // a store that went back
  expect(second.versions).toEqual({ [id(2)]: 7 })
  expect([1, 2, 3].map((n) => second.isNewest(id(n)))).toEqual([true, false, true])
  expect(second.offer([`topic/${id(1)}`, `topic/${id(2)}`, `topic/${id(9)}`])).toEqual([topic(1, 6), topic(2, 7)])
  await clock.advance(200)
  expect(process().versions).toEqual({ [id(1)]: 6, [id(2)]: 7 })
  second.note(topic(2, 20))
  expect(second.versions).toEqual({})
})

test('a topic is awaited by its name until Castle speaks of it; one that was deleted is not', async () => {
  const first = process()
  for (const subject of [topic(1, 5), topic(2, 6), topic(3, 7, { deleted: true })]) first.note(subject)
  first.close()
  const second = process()
  const awaited = () => [1, 2, 3, 4].map((n) => second.isAwaited(`topic-${n}`))
  expect(awaited()).toEqual([true, true, false, false])
  second.note(topic(1, 3)) // an older one is known to Castle, too
  second.note(topic(2, 9, { deleted: true }))
  expect(awaited()).toEqual([false, false, false, false])
})

test('what Castle said to this process is offered as well, of whatever kind', async () => {
  const remembered = process()
  const cluster = { key: 'cluster/default', version: 9, state: {} }
  remembered.note(cluster)
  remembered.note(topic(3, 8, { replicas: [2, 3] }))
  expect(remembered.offer(['cluster/default', `topic/${id(3)}`])).toEqual([cluster, topic(3, 8, { replicas: [2, 3] })])
})

test('a deletion is remembered where the topic was', async () => {
  const first = process()
  first.note(topic(1, 5))
  await clock.advance(200)
  const gone = { deleted: true, partitions: [] }
  first.note(topic(1, 6, gone))
  first.note(topic(2, 7, gone))
  first.close()
  expect(process().versions).toEqual({ [id(1)]: 6 })
  expect(process().offer([`topic/${id(1)}`])).toEqual([topic(1, 6, gone)])
})

test('a file that is damaged counts as none; a disk that refuses is asked again with the next change', async () => {
  const first = process()
  first.note(topic(1, 5))
  first.note(topic(2, 5))
  await clock.advance(200)
  disk.open(`/data/topics/${id(1)}`, 'create').truncate(40)
  const second = process()
  expect(second.versions).toEqual({ [id(2)]: 5 })
  disk.failure = Object.assign(new Error('full'), { code: 'ENOSPC' })
  second.note(topic(1, 6))
  await clock.advance(200)
  disk.failure = null
  second.note(topic(1, 7))
  second.close()
  expect(process().versions).toEqual({ [id(1)]: 7, [id(2)]: 5 })
})

test('very many are written over many turns, the newest of each', async () => {
  const remembered = process()
  for (let n = 0; n < 40; n++) {
    const topicId = `00000000-0000-4000-8000-0000000000${n + 10}`
    for (const version of [1, 2]) {
      const one = topic(1, version)
      remembered.note({ ...one, key: `topic/${topicId}`, state: { ...(one.state as TopicState), topicId } })
    }
  }
  await clock.advance(100)
  expect(disk.list('/data/topics').length).toBeLessThan(20)
  await clock.advance(100)
  expect(disk.list('/data/topics')).toHaveLength(40)
  expect(new Set(Object.values(process().versions))).toEqual(new Set([2]))
})

test('a power loss takes no more than the last seconds: a few files are synced at a time, then their names', async () => {
  const remembered = process()
  const topicIds = Array.from({ length: 25 }, (_, n) => `00000000-0000-4000-8000-0000000000${n + 10}`)
  const note = (topicId: string, version: number) => {
    const one = topic(1, version)
    remembered.note({ ...one, key: `topic/${topicId}`, state: { ...(one.state as TopicState), topicId } })
  }
  for (const topicId of topicIds) note(topicId, 1)
  await clock.advance(4_000)
  expect(disk.synced).toEqual([])
  await clock.advance(2_000)
  const paths = topicIds.map((topicId) => `/data/topics/${topicId}`)
  expect(disk.synced).toEqual([...paths.slice(0, 20), '/data/topics'])
  await clock.advance(5_000)
  expect(disk.synced.slice(21)).toEqual([...paths.slice(20), '/data/topics'])
  note(topicIds[3]!, 2)
  await clock.advance(6_000)
  expect(disk.synced.slice(27)).toEqual([paths[3], '/data/topics'])
})
