// The handlers of admin clients that look after replicas: what they pass on to Castle, and what they tell of what this broker knows.
import {
  alterPartitionReassignments as alterApi,
  describeTopicPartitions as describeApi,
  describeLogDirs as dirsApi,
  electLeaders as electApi,
  listPartitionReassignments as listApi,
  createPartitions as partitionsApi,
} from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { HandlerBench, topicIdOf } from '../testing/handler-bench.ts'
import { describeLogDirs } from './35-describe-log-dirs.ts'
import { createPartitions } from './37-create-partitions.ts'
import { electLeaders } from './43-elect-leaders.ts'
import { alterPartitionReassignments } from './45-alter-partition-reassignments.ts'
import { listPartitionReassignments } from './46-list-partition-reassignments.ts'
import { describeTopicPartitions } from './75-describe-topic-partitions.ts'

let bench: HandlerBench
beforeEach(() => {
  bench = new HandlerBench()
})

const replicated = { leader: 1, leaderEpoch: 5, partitionEpoch: 0, replicas: [1, 2, 3], isr: [1, 2] }

describe('ElectLeaders', () => {
  const ask = (electionType: number, partitions: number[] | null, version = 2) =>
    bench.ask(electLeaders, electApi, version, {
      electionType,
      topicPartitions: partitions && [{ topic: 'orders', partitions }],
      timeoutMs: 500,
    }).answer

  test.each([
    ['preferred ones of two partitions, each once', 0, [0, 1, 1], 'preferred', [0, 1]],
    ['unclean ones of all', 1, null, 'unclean', null],
  ] as const)('passes on %s', (_, electionType, partitions, type, indexes) => {
    void ask(electionType, partitions && [...partitions])
    const named = indexes?.map((partition) => ({ topic: 'orders', partition })) ?? null
    expect(bench.calls).toEqual([{ method: 'electLeaders', args: { type, partitions: named }, timeoutMs: 500 }])
  })

  test('says of each partition what became of it', async () => {
    const partitions = [
      { topic: 'orders', partition: 0, errorCode: 0 },
      { topic: 'orders', partition: 1, errorCode: 84, message: 'broker 1 leads' },
    ]
    bench.castleSays = () => ({ errorCode: 0, value: { partitions } })
    expect((await ask(1, [0, 1]))?.replicaElectionResults).toEqual([
      {
        topic: 'orders',
        partitionResult: [
          { partitionId: 0, errorCode: 0, errorMessage: null },
          { partitionId: 1, errorCode: 84, errorMessage: 'broker 1 leads' },
        ],
      },
    ])
  })

  test('a kind that does not exist is refused; Castle away is an error of the whole', async () => {
    expect(await ask(7, null)).toMatchObject({ errorCode: 42 })
    expect(bench.calls).toEqual([])
    expect(await ask(0, null)).toMatchObject({ errorCode: 41, replicaElectionResults: [] })
  })
})

describe('AlterPartitionReassignments', () => {
  const ask = (replicas: number[] | null, allowReplicationFactorChange = true) =>
    bench.ask(alterPartitionReassignments, alterApi, 1, {
      timeoutMs: 500,
      allowReplicationFactorChange,
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, replicas }] }],
    }).answer

  beforeEach(() => {
    bench.addTopic(1, 'orders', [1], { partitions: [replicated] })
    bench.castleSays = (_, args) => {
      const { partitions } = args as { partitions: { topic: string; partition: number }[] }
      const outcomes = partitions.map(({ topic, partition }) => ({ topic, partition, errorCode: 0 }))
      return { errorCode: 0, value: { partitions: outcomes } }
    }
  })

  test.each([
    ['other replicas', [3, 2, 1]],
    ['what is under way, taken back', null],
    ['fewer, where that is allowed', [1]],
  ])('passes on %s', async (_, replicas) => {
    const answer = await ask(replicas)
    expect(bench.calls).toMatchObject([
      { method: 'reassignPartitions', args: { partitions: [{ topic: 'orders', partition: 0, replicas }] } },
    ])
    expect(answer?.responses).toMatchObject([{ name: 'orders', partitions: [{ partitionIndex: 0, errorCode: 0 }] }])
  })

  test('fewer replicas are refused where the request says so', async () => {
    expect(await ask([1], false)).toMatchObject({ responses: [{ partitions: [{ errorCode: 38 }] }] })
    expect(await ask([3, 2, 1], false)).toMatchObject({ responses: [{ partitions: [{ errorCode: 0 }] }] })
  })

  test('ids that are none are refused as a whole', async () => {
    expect(await ask([-1])).toMatchObject({ errorCode: 42, responses: [] })
    expect(bench.calls).toEqual([])
  })
})

test.each<[string, Parameters<typeof listAsked>[0], number[]]>([
  ['all', null, [1]],
  ['one that is not changing', [{ name: 'orders', partitionIndexes: [0, 9] }], []],
  ['one that is', [{ name: 'orders', partitionIndexes: [1, 1] }], [1]],
  ['a topic that does not exist', [{ name: 'gone', partitionIndexes: [0] }], []],
])('ListPartitionReassignments: %s', async (_, topics, indexes) => {
  const moving = { ...replicated, replicas: [1, 2, 3, 4], adding: [4], removing: [1] }
  bench.addTopic(1, 'orders', [1, 1], { partitions: [replicated, moving] })
  const found = (await listAsked(topics))?.topics.flatMap(({ partitions }) => partitions)
  expect(found).toEqual(
    indexes.map((partitionIndex) => ({
      ...{ partitionIndex, replicas: [1, 2, 3, 4] },
      ...{ addingReplicas: [4], removingReplicas: [1] },
    })),
  )
})

function listAsked(topics: { name: string; partitionIndexes: number[] }[] | null) {
  return bench.ask(listPartitionReassignments, listApi, 0, { timeoutMs: 500, topics }).answer
}

describe('DescribeTopicPartitions', () => {
  const ask = (
    names: string[],
    responsePartitionLimit = 2_000,
    cursor: { topicName: string; partitionIndex: number } | null = null,
  ) =>
    bench.ask(describeTopicPartitions, describeApi, 0, {
      topics: names.map((name) => ({ name })),
      responsePartitionLimit,
      cursor,
    }).answer

  test('names eligible leaders, and topics that are not there', async () => {
    bench.addTopic(1, 'orders', [1], { partitions: [{ ...replicated, isr: [1], elr: [2] }] })
    const answer = await ask(['orders', 'nothing'])
    expect(answer).toMatchObject({
      nextCursor: null,
      topics: [
        { name: 'nothing', errorCode: 3 },
        { name: 'orders', partitions: [{ leaderId: 1, isrNodes: [1], eligibleLeaderReplicas: [2], lastKnownElr: [] }] },
      ],
    })
  })

  test('goes on where the page before ended, and leaves nothing out', async () => {
    for (const [n, name] of ['c', 'a', 'b'].entries()) bench.addTopic(n, name, [1, 1, 1])
    const found: string[] = []
    let cursor: { topicName: string; partitionIndex: number } | null = null
    for (let pages = 0; pages < 10; pages++) {
      const answer = await ask([], 2, cursor)
      for (const { name, partitions } of answer?.topics ?? []) {
        for (const { partitionIndex } of partitions) found.push(`${name}${partitionIndex}`)
      }
      cursor = answer?.nextCursor ?? null
      if (cursor === null) break
    }
    expect(found).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'c0', 'c1', 'c2'])
  })
})

describe('CreatePartitions', () => {
  const ask = (count: number, more: { assignments?: { brokerIds: number[] }[]; validateOnly?: boolean } = {}) =>
    bench.ask(createPartitions, partitionsApi, 3, {
      topics: [{ name: 'orders', count, assignments: more.assignments ?? null }],
      timeoutMs: 500,
      validateOnly: more.validateOnly ?? false,
    })

  beforeEach(() => {
    bench.addTopic(1, 'orders', [1, 1])
    bench.castleSays = () => ({ errorCode: 0 })
  })

  test.each([
    ['as many as there are', 2, {}, 37],
    ['fewer', 1, {}, 37],
    ['places', 3, { assignments: [{ brokerIds: [1] }] }, 39],
  ])('refuses %s itself', async (_, count, more, errorCode) => {
    expect(await ask(count, more).answer).toMatchObject({ results: [{ errorCode }] })
    expect(bench.calls).toEqual([])
  })

  test('is answered when this broker has heard of them', async () => {
    const asked = ask(3)
    await bench.clock.advance(100)
    expect(bench.calls).toMatchObject([{ method: 'createPartitions', args: { topic: 'orders', count: 3 } }])
    expect(asked.response).toBeUndefined()
    bench.addTopic(1, 'orders', [1, 1, 1])
    await bench.clock.turn()
    expect(await asked.answer).toMatchObject({ results: [{ name: 'orders', errorCode: 0 }] })
  })

  test('a check waits for nothing', async () => {
    expect(await ask(3, { validateOnly: true }).answer).toMatchObject({ results: [{ errorCode: 0 }] })
    expect(bench.calls).toMatchObject([{ args: { validateOnly: true } }])
  })
})

test('DescribeLogDirs tells sizes, and what a follower lacks of what is committed', async () => {
  const [partition] = bench.addTopic(1, 'orders', [1])
  Object.defineProperties(partition, { bytes: { value: 1_234 }, highWatermark: { value: 10 }, endOffset: { value: 7 } })
  const topics = [{ topic: 'orders', partitions: [0, 0, 5] }]
  const answer = await bench.ask(describeLogDirs, dirsApi, 4, { topics }).answer
  expect(answer?.results).toMatchObject([
    {
      errorCode: 0,
      logDir: '/data',
      topics: [{ name: 'orders', partitions: [{ partitionSize: 1_234, offsetLag: 3 }] }],
    },
  ])
  expect(bench.metadata.topicWithId(topicIdOf(1))).toBeDefined()
})
