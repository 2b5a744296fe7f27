import { describe, expect, test } from 'vitest'
import { ClusterView, isNewer, type LeaderUpdate } from './view.ts'

const orders = '00000000-0000-4000-8000-00000000000a'
const again = '00000000-0000-4000-8000-00000000000b'
const broker = (id: number) => ({ id, host: `b${id}`, port: 9092, rack: null })

type Told = { from: 'metadata' | 'castle' | 'answer' } & LeaderUpdate

function tell(view: ClusterView, { from, leader, leaderEpoch }: Told): void {
  if (from === 'metadata')
    view.tellMetadata([], [{ id: orders, name: 'orders', partitions: [{ partition: 0, leader, leaderEpoch }] }])
  else if (from === 'castle') view.tellTopic(topicState({ leader, leaderEpoch }))
  else view.tellLeader(orders, 0, { leader, leaderEpoch })
}

function topicState({ leader, leaderEpoch }: LeaderUpdate, over = {}, partitionEpoch = 0) {
  const partitions = [{ leader, leaderEpoch, partitionEpoch, replicas: [1], isr: [1] }]
  return {
    topicId: orders,
    name: 'orders',
    deleted: false,
    internal: false,
    ackLevel: 1 as const,
    configs: {},
    partitions,
    ...over,
  }
}

describe('the leader of a partition', () => {
  const cases: { name: string; told: Told[]; expected: LeaderUpdate | undefined }[] = [
    {
      name: 'the higher epoch wins over what came later',
      told: [
        { from: 'castle', leader: 2, leaderEpoch: 7 },
        { from: 'metadata', leader: 1, leaderEpoch: 6 },
      ],
      expected: { leader: 2, leaderEpoch: 7 },
    },
    {
      name: 'an answer of a broker counts as much as Castle',
      told: [
        { from: 'castle', leader: 2, leaderEpoch: 7 },
        { from: 'answer', leader: 3, leaderEpoch: 8 },
        { from: 'castle', leader: 2, leaderEpoch: 7 },
      ],
      expected: { leader: 3, leaderEpoch: 8 },
    },
    {
      name: 'none leads at a newer epoch',
      told: [
        { from: 'metadata', leader: 2, leaderEpoch: 7 },
        { from: 'castle', leader: -1, leaderEpoch: 8 },
      ],
      expected: undefined,
    },
    {
      name: 'that none leads is no news within an epoch',
      told: [
        { from: 'castle', leader: 2, leaderEpoch: 7 },
        { from: 'metadata', leader: -1, leaderEpoch: 7 },
      ],
      expected: { leader: 2, leaderEpoch: 7 },
    },
    {
      name: 'who leads is news within an epoch',
      told: [
        { from: 'metadata', leader: -1, leaderEpoch: 7 },
        { from: 'castle', leader: 2, leaderEpoch: 7 },
      ],
      expected: { leader: 2, leaderEpoch: 7 },
    },
    {
      name: 'an answer about an unknown topic is ignored',
      told: [{ from: 'answer', leader: 2, leaderEpoch: 7 }],
      expected: undefined,
    },
  ]
  test.each(cases)('$name', ({ told, expected }) => {
    const view = new ClusterView()
    for (const word of told) tell(view, word)
    if (expected === undefined) expect(view.leader(orders, 0)).toBeUndefined()
    else expect(view.leader(orders, 0)).toMatchObject(expected)
  })
})

test('a change of the ISR is news, which only Castle tells, and older words change nothing', () => {
  const view = new ClusterView()
  const castle = (partitionEpoch: number) =>
    view.tellTopic(topicState({ leader: 2, leaderEpoch: 7 }, {}, partitionEpoch))
  castle(3)
  const before = view.leader(orders, 0)!
  expect(before).toEqual({ leader: 2, leaderEpoch: 7, partitionEpoch: 3 })
  for (const older of [3, 2]) castle(older)
  tell(view, { from: 'metadata', leader: 2, leaderEpoch: 7 })
  expect(isNewer(view.leader(orders, 0)!, before)).toBe(false)
  castle(4)
  expect(isNewer(view.leader(orders, 0)!, before)).toBe(true)
  tell(view, { from: 'answer', leader: 3, leaderEpoch: 8 })
  expect(view.leader(orders, 0)).toEqual({ leader: 3, leaderEpoch: 8, partitionEpoch: 4 })
})

test('a topic made again under its name is another topic', () => {
  const view = new ClusterView()
  tell(view, { from: 'castle', leader: 2, leaderEpoch: 7 })
  const first = view.topic('orders')!
  view.tellMetadata([], [{ id: again, name: 'orders', partitions: [{ partition: 0, leader: 1, leaderEpoch: 0 }] }])
  expect(first.gone).toBe(true)
  expect(view.topicById(orders)).toBeUndefined()
  expect(view.topic('orders')).toMatchObject({ id: again, gone: false })
  expect(view.leader(again, 0)).toMatchObject({ leader: 1, leaderEpoch: 0 })
  // A broker that has not heard of it yet.
  tell(view, { from: 'metadata', leader: 2, leaderEpoch: 7 })
  expect(view.topic('orders')).toMatchObject({ id: again, gone: false })
})

test('holders of a topic see its settings change, and its end', () => {
  const view = new ClusterView()
  tell(view, { from: 'metadata', leader: 2, leaderEpoch: 7 })
  const topic = view.topic('orders')!
  expect(topic.ackLevel).toBeNull()
  let changes = 0
  const stop = view.onChange(() => changes++)
  view.tellTopic(topicState({ leader: 2, leaderEpoch: 7 }))
  expect(topic.ackLevel).toBe(1)
  view.tellTopic(topicState({ leader: 2, leaderEpoch: 7 }, { deleted: true, partitions: [] }))
  expect(topic.gone).toBe(true)
  expect(view.topic('orders')).toBeUndefined()
  stop()
  tell(view, { from: 'castle', leader: 2, leaderEpoch: 7 })
  expect(changes).toBe(2)
})

test('metadata of a broker that is behind takes no broker away that Castle named', () => {
  const view = new ClusterView()
  view.tellMetadata([broker(1), broker(2)], [])
  view.tellMetadata([broker(2), broker(3)], [])
  expect([...view.brokers.keys()]).toEqual([2, 3])
  view.tellCluster({
    id: 'main',
    kind: 'castellan',
    environment: 'test',
    flags: {},
    brokers: [{ ...broker(4), brokerEpoch: 1 }],
  })
  view.tellMetadata([broker(2)], [])
  expect([...view.brokers.keys()]).toEqual([4, 2])
})

test('a broker that Castle calls down, or another process, has ended', () => {
  const view = new ClusterView()
  const ended: number[] = []
  view.onBrokerEnded = ({ id }) => void ended.push(id)
  const tellBrokers = (...epochs: [id: number, brokerEpoch: number][]) => {
    const brokers = epochs.map(([id, brokerEpoch]) => ({ ...broker(id), brokerEpoch }))
    view.tellCluster({ id: 'main', kind: 'castellan', environment: 'test', flags: {}, brokers })
  }
  tellBrokers([1, 10], [2, 11], [3, 12])
  tellBrokers([1, 10], [2, 11], [3, 12])
  expect(ended).toEqual([])
  tellBrokers([1, 13], [3, 12])
  expect(ended).toEqual([1, 2])
})
