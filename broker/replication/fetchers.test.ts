// Which leaders this broker says went away: those whose link broke before Castle stopped counting them.
import { type Runtime, silentLogger } from '@castellan/protocol/runtime'
import { beforeEach, expect, test } from 'vitest'
import { Metadata } from '../castle/metadata.ts'
import type { Partition, Partitions } from '../partition/index.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { Fetchers, goneMs } from './fetchers.ts'

let clock: FakeClock
let metadata: Metadata
let fetchers: Fetchers
let refuses: boolean
const partition = { topicId: 'id', topic: 'orders', index: 0 } as unknown as { followed: { leader: number } | null }
let follow: () => void

beforeEach(() => {
  clock = new FakeClock()
  metadata = new Metadata(clock)
  refuses = false
  const connect = async () => {
    if (refuses) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
    return new Promise<never>(() => {})
  }
  const following = {
    begin: () => ({ kind: 'now' }),
    position: { leaderEpoch: 1, offset: 0, lastEpoch: 1, startOffset: 0 },
  }
  Object.assign(partition, { followed: { leader: 2 }, following })
  fetchers = new Fetchers({ clock, network: { connect }, random: { next: () => 0.5 } } as unknown as Runtime, {
    brokerId: 1,
    brokerEpoch: () => 1,
    partitions: {
      get: () => partition,
      onLeadership: (listener: (of: Partition) => void) => {
        follow = () => listener(partition as unknown as Partition)
        return () => {}
      },
    } as unknown as Partitions,
    metadata,
    log: silentLogger,
    release: '0',
  })
  living(1, 2)
})

function living(...ids: number[]): void {
  const brokers = ids.map((id) => ({ id, host: 'host', port: 9000 + id, rack: null, brokerEpoch: 1 }))
  metadata.setCluster({ id: 'default', kind: 'castellan', environment: 'test', flags: {}, brokers })
}

/** Another broker leads in its place, or this one. */
function moves(): void {
  Object.assign(partition, { followed: null })
  follow()
}

const gone = () => fetchers.gone().map(({ id, port }) => `${id} at ${port}`)

test.each([
  ['the cluster', [() => living(1), moves]],
  ['the topic', [moves, () => living(1)]],
])('a leader whose link broke is gone once Castle does not count it, whether %s comes first', async (_, words) => {
  refuses = true
  follow()
  await clock.advance(10)
  expect(gone()).toEqual([])
  for (const word of words) word()
  expect(gone()).toEqual(['2 at 9002'])
  await clock.advance(goneMs - 1)
  expect(gone()).toEqual(['2 at 9002'])
  await clock.advance(1)
  expect(gone()).toEqual([])
})

test('one that is back is not gone', async () => {
  refuses = true
  follow()
  await clock.advance(10)
  living(1)
  moves()
  living(1, 2)
  expect(gone()).toEqual([])
})

test('one that hangs or is cut off is not gone: its link is not broken', async () => {
  follow()
  await clock.advance(10)
  living(1)
  moves()
  expect(gone()).toEqual([])
})
