// The handlers of admin clients: what they pass on to Castle, and what they say themselves.
import {
  incrementalAlterConfigs as alterApi,
  type CreateTopicsRequestInput,
  describeConfigs as configsApi,
  createTopics as createApi,
  deleteTopics as deleteApi,
  type IncrementalAlterConfigsRequestInput,
} from '@castellan/protocol'
import type { CreatedTopic } from '@castellan/protocol/heartbeat'
import { beforeEach, describe, expect, test } from 'vitest'
import { HandlerBench, topicIdOf } from '../testing/handler-bench.ts'
import { createTopics } from './19-create-topics.ts'
import { deleteTopics } from './20-delete-topics.ts'
import { describeConfigs } from './32-describe-configs.ts'
import { incrementalAlterConfigs } from './44-incremental-alter-configs.ts'

let bench: HandlerBench
beforeEach(() => {
  bench = new HandlerBench()
})

type Topic = CreateTopicsRequestInput['topics'][number]
const plain: Topic = { name: 'orders', numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] }
const created: CreatedTopic = {
  topicId: topicIdOf(1),
  partitions: 2,
  replicationFactor: 1,
  configs: { 'retention.ms': '5' },
}

describe('CreateTopics', () => {
  const ask = (topics: Partial<Topic>[], more: Partial<CreateTopicsRequestInput> = {}, version = 7) =>
    bench.ask(createTopics, createApi, version, {
      topics: topics.map((one) => ({ ...plain, ...one })),
      timeoutMs: 10_000,
      ...more,
    })

  test.each([
    ['defaults', {}, { name: 'orders', configs: {}, validateOnly: false }],
    ['numbers', { numPartitions: 3, replicationFactor: 1 }, { partitions: 3, replicationFactor: 1 }],
    ['settings', { configs: [{ name: 'retention.ms', value: '5' }] }, { configs: { 'retention.ms': '5' } }],
    [
      'assignments, in the order of their partitions',
      {
        assignments: [
          { partitionIndex: 1, brokerIds: [2] },
          { partitionIndex: 0, brokerIds: [1] },
        ],
      },
      { assignments: [[1], [2]] },
    ],
  ])('passes on %s', (_, topic, args) => {
    void ask([topic])
    expect(bench.calls).toMatchObject([{ method: 'createTopic', args, timeoutMs: 10_000 }])
  })

  test.each([
    ['no partitions', { numPartitions: 0 }, 37],
    ['no replicas', { replicationFactor: 0 }, 38],
    ['numbers and assignments', { numPartitions: 1, assignments: [{ partitionIndex: 0, brokerIds: [1] }] }, 42],
    ['a gap in the assignments', { assignments: [{ partitionIndex: 1, brokerIds: [1] }] }, 39],
    ['a setting without a value', { configs: [{ name: 'retention.ms', value: null }] }, 40],
    ['a name that is too long', { name: 'x'.repeat(250) }, 17],
    ['no name', { name: '' }, 17],
    ['too many partitions', { numPartitions: 2_000_000 }, 42],
  ])('refuses %s itself', async (_, topic, errorCode) => {
    const answer = await ask([topic]).answer
    expect(answer?.topics).toMatchObject([{ errorCode }])
    expect(answer?.topics[0]?.errorMessage).not.toBe(null)
    expect(bench.calls).toEqual([])
  })

  test('refuses a topic that is named twice, and makes the other', async () => {
    bench.castleSays = () => ({ errorCode: 0, value: created })
    const asked = ask([{ name: 'a' }, { name: 'a' }, { name: 'b' }], { validateOnly: true })
    expect((await asked.answer)?.topics).toMatchObject([
      { name: 'a', errorCode: 42 },
      { name: 'b', errorCode: 0 },
    ])
  })

  test('says what Castle said', async () => {
    bench.castleSays = () => ({ errorCode: 36, message: 'there is a topic orders' })
    expect((await ask([{}]).answer)?.topics).toMatchObject([{ errorCode: 36, errorMessage: 'there is a topic orders' }])
  })

  test('answers when this broker holds the topic and leads its part of it', async () => {
    bench.castleSays = () => ({ errorCode: 0, value: created })
    const asked = ask([{}])
    await bench.clock.advance(100)
    expect(asked.response).toBeUndefined()
    bench.addTopic(1, 'orders', [2, -1])
    await bench.clock.turn()
    expect(asked.response).toBeUndefined()
    bench.addTopic(1, 'orders', [2, 1])
    await bench.clock.turn()
    expect(asked.response?.topics).toMatchObject([
      { name: 'orders', topicId: topicIdOf(1), errorCode: 0, numPartitions: 2, replicationFactor: 1 },
    ])
    const configs = asked.response?.topics[0]?.configs ?? []
    expect(configs.find(({ name }) => name === 'retention.ms')).toMatchObject({ value: '5', configSource: 1 })
    expect(configs.find(({ name }) => name === 'segment.bytes')).toMatchObject({ configSource: 5 })
  })

  test('what Castle made is made, also when this broker does not hear of it in time', async () => {
    bench.castleSays = () => ({ errorCode: 0, value: created })
    const asked = ask([{}], { timeoutMs: 200 })
    await bench.clock.advance(201)
    expect(asked.response?.topics).toMatchObject([{ errorCode: 0 }])
  })

  test('a topic for which no time is left is not made', async () => {
    bench.castleSays = async () => {
      await bench.clock.advance(300)
      return { errorCode: 36, message: '' }
    }
    const asked = ask([{ name: 'a' }, { name: 'b' }], { timeoutMs: 300 })
    expect((await asked.answer)?.topics.map(({ errorCode }) => errorCode)).toEqual([36, 7])
    expect(bench.calls).toHaveLength(1)
  })
})

describe('DeleteTopics', () => {
  beforeEach(() => {
    bench.addTopic(1, 'orders')
    bench.addTopic(2, '__consumer_offsets', [1], { internal: true })
  })

  test.each([
    ['by name', 1, { topicNames: ['orders'] }],
    ['by name, from version 6', 6, { topics: [{ name: 'orders' }] }],
    ['by id', 6, { topics: [{ topicId: topicIdOf(1) }] }],
  ])('%s: Castle is given the id', async (_, version, which) => {
    bench.castleSays = () => {
      bench.metadata.setTopic({
        topicId: topicIdOf(1),
        name: 'orders',
        deleted: true,
        internal: false,
        ackLevel: 0,
        configs: {},
        partitions: [],
      })
      return { errorCode: 0 }
    }
    const answer = await bench.ask(deleteTopics, deleteApi, version, { timeoutMs: 1000, ...which }).answer
    expect(answer?.responses).toMatchObject([{ name: 'orders', errorCode: 0 }])
    expect(bench.calls).toMatchObject([{ method: 'deleteTopic', args: { topicId: topicIdOf(1) } }])
  })

  test.each([
    ['an unknown name', { name: 'nothing' }, 3],
    ['an unknown id', { topicId: topicIdOf(9) }, 100],
    ['a topic of the platform itself', { name: '__consumer_offsets' }, 42],
    ['neither name nor id', {}, 42],
    ['both name and id', { name: 'orders', topicId: topicIdOf(1) }, 42],
  ])('%s', async (_, topic, errorCode) => {
    const answer = await bench.ask(deleteTopics, deleteApi, 6, { timeoutMs: 1000, topics: [topic] }).answer
    expect(answer?.responses).toMatchObject([{ errorCode }])
    expect(bench.calls).toEqual([])
  })

  test('a topic that is named twice is answered once', async () => {
    const topics = [{ name: 'orders' }, { name: 'orders' }]
    const answer = await bench.ask(deleteTopics, deleteApi, 6, { timeoutMs: 1000, topics }).answer
    expect(answer?.responses).toMatchObject([{ name: 'orders', errorCode: 42 }])
    expect(bench.calls).toEqual([])
  })

  test('what Castle refuses', async () => {
    bench.castleSays = () => ({ errorCode: 7, message: 'Castle is away' })
    const answer = await bench.ask(deleteTopics, deleteApi, 6, { timeoutMs: 1000, topics: [{ name: 'orders' }] }).answer
    expect(answer?.responses).toMatchObject([{ errorCode: 7, errorMessage: 'Castle is away' }])
  })
})

describe('DescribeConfigs', () => {
  const ask = (resourceType: number, resourceName: string, more: { keys?: string[]; docs?: boolean } = {}) => {
    const resources = [{ resourceType, resourceName, configurationKeys: more.keys ?? null }]
    return bench.ask(describeConfigs, configsApi, 4, {
      resources,
      includeSynonyms: true,
      includeDocumentation: more.docs ?? false,
    }).answer
  }

  test('a topic: what is set on it, and the defaults of the rest', async () => {
    bench.addTopic(1, 'orders', [1], { configs: { 'retention.ms': '5' } })
    const configs = (await ask(2, 'orders'))?.results[0]?.configs ?? []
    expect(configs.find(({ name }) => name === 'retention.ms')).toMatchObject({
      value: '5',
      configSource: 1,
      configType: 5,
      synonyms: [{ name: 'retention.ms', value: '5', source: 1 }],
      documentation: null,
    })
    expect(configs.find(({ name }) => name === 'retention.bytes')).toMatchObject({ value: '-1', configSource: 5 })
  })

  test('this broker: what it was started with', async () => {
    bench = new HandlerBench({ maxConnections: 5 })
    const configs = (await ask(4, '1', { docs: true }))?.results[0]?.configs ?? []
    expect(configs.find(({ name }) => name === 'max.connections')).toMatchObject({
      value: '5',
      configSource: 4,
      readOnly: true,
    })
    expect(configs.find(({ name }) => name === 'auto.create.topics.enable')).toMatchObject({
      value: 'false',
      configSource: 5,
      configType: 1,
    })
    expect(configs.find(({ name }) => name === 'log.dir')?.documentation).toContain('folder')
  })

  test('which process this is (S1)', async () => {
    const keys = ['castellan.incarnation']
    const configs = (await ask(4, '1', { keys }))?.results[0]?.configs
    expect(configs).toMatchObject([{ name: keys[0], value: 'this-process', readOnly: true }])
  })

  test('only the names that were asked for', async () => {
    expect((await ask(4, '1', { keys: ['node.id', 'nothing'] }))?.results[0]?.configs.map(({ name }) => name)).toEqual([
      'node.id',
    ])
  })

  test.each([
    ['an unknown topic', 2, 'nothing', 3],
    ['a name that no topic can have', 2, 'a/b', 17],
    ['another broker', 4, '2', 42],
    ['a kind that has no settings here', 16, 'x', 42],
  ])('%s', async (_, type, name, errorCode) => {
    const answer = await ask(type, name)
    expect(answer?.results).toMatchObject([{ errorCode, configs: [], resourceType: type, resourceName: name }])
  })
})

describe('IncrementalAlterConfigs', () => {
  type Resource = IncrementalAlterConfigsRequestInput['resources'][number]
  type Config = Resource['configs'][number]
  const [topicType, brokerType, set, remove, append] = [2, 4, 0, 1, 2]
  const throttle = 'leader.replication.throttled.rate'
  const ask = (resources: Resource[], validateOnly = false) =>
    bench.ask(incrementalAlterConfigs, alterApi, 1, { resources, validateOnly })
  const config = (name: string, configOperation: number, value: string | null = null): Config => {
    return { name, configOperation, value }
  }
  const of = (resourceType: number, resourceName: string, ...configs: Config[]): Resource => {
    return { resourceType, resourceName, configs }
  }
  const retention = config('retention.ms', set, '5')

  beforeEach(() => {
    bench.addTopic(1, 'orders', [1], { configs: { 'segment.ms': '7' } })
    bench.castleSays = () => ({ errorCode: 0, value: { topicId: topicIdOf(1), configs: { 'retention.ms': '5' } } })
  })

  test('a topic: passed on to Castle, answered when this broker has heard of it', async () => {
    const asked = ask([of(topicType, 'orders', retention, config('segment.ms', remove))])
    await bench.clock.advance(100)
    expect(bench.calls).toEqual([
      {
        method: 'alterConfigs',
        args: {
          topic: 'orders',
          changes: [
            { name: 'retention.ms', operation: 'set', value: '5' },
            { name: 'segment.ms', operation: 'delete' },
          ],
          validateOnly: false,
        },
        timeoutMs: expect.any(Number),
      },
    ])
    bench.addTopic(1, 'orders', [1], { configs: { 'retention.ms': '5', 'segment.ms': '7' } })
    await bench.clock.turn()
    expect(asked.response).toBeUndefined()
    bench.addTopic(1, 'orders', [1], { configs: { 'retention.ms': '5' } })
    await bench.clock.turn()
    const done = { errorCode: 0, errorMessage: null, resourceType: topicType, resourceName: 'orders' }
    expect(asked.response?.responses).toEqual([done])
  })

  test('what is only tried waits for nothing', async () => {
    bench.castleSays = () => ({ errorCode: 0, value: { topicId: topicIdOf(1), configs: { 'segment.ms': '7' } } })
    const answer = await ask([of(topicType, 'orders', config('cleanup.policy', append, 'delete'))], true).answer
    expect(answer?.responses).toMatchObject([{ errorCode: 0 }])
    const changes = [{ name: 'cleanup.policy', operation: 'append', value: 'delete' }]
    expect(bench.calls).toMatchObject([{ args: { changes, validateOnly: true } }])
  })

  test('each resource has its own outcome', async () => {
    bench.addTopic(2, 'bad')
    bench.castleSays = (_, args) => {
      const isBad = (args as { topic: string }).topic === 'bad'
      if (isBad) return { errorCode: 40, message: 'retention.ms=soon cannot be honoured' }
      return { errorCode: 0, value: { topicId: topicIdOf(1), configs: {} } }
    }
    const resources = [of(topicType, 'bad', retention), of(topicType, 'gone', retention), of(topicType, 'orders')]
    expect((await ask(resources).answer)?.responses).toMatchObject([
      { resourceName: 'bad', errorCode: 40, errorMessage: 'retention.ms=soon cannot be honoured' },
      { resourceName: 'gone', errorCode: 3 },
      { resourceName: 'orders', errorCode: 0, errorMessage: null },
    ])
  })

  const refused: [string, Resource[], number, RegExp][] = [
    ['a resource twice', [of(topicType, 'orders'), of(topicType, 'orders')], 42, /twice/],
    [
      'a setting twice',
      [of(topicType, 'orders', retention, config('retention.ms', remove))],
      42,
      /retention.ms.*twice/,
    ],
    ['no value', [of(topicType, 'orders', config('retention.ms', set))], 42, /retention.ms has no value/],
    ['an operation that there is not', [of(topicType, 'orders', config('a', 4, ''))], 42, /no operation 4/],
    ['a name that nobody has', [of(topicType, 'orders', config('', remove))], 42, /than a topic may have/],
    ['a kind without settings', [of(8, '1', config('root', set, 'DEBUG'))], 42, /type 8/],
    ['another broker', [of(brokerType, '2', config(throttle, remove))], 42, /this is broker 1/],
    ['what a broker is told at its start', [of(brokerType, '1', config('node.id', set, '5'))], 42, /start the broker/],
    ['the same for all brokers', [of(brokerType, '', config('max.connections', remove))], 42, /start the broker/],
    ['a throttle', [of(brokerType, '1', config(throttle, set, '5'))], 40, /does not throttle/],
    [
      'what a broker has not',
      [of(brokerType, '1', config('log.retention.ms', set, '5'))],
      40,
      /no setting of a broker/,
    ],
  ]
  test.each(refused)('refuses itself: %s', async (_, resources, errorCode, errorMessage) => {
    const answer = await ask(resources).answer
    expect(answer?.responses).toMatchObject([{ errorCode, errorMessage: expect.stringMatching(errorMessage) }])
    expect(bench.calls).toEqual([])
  })

  test.each(['1', ''])("a throttle that is not there can be taken back, of broker '%s'", async (name) => {
    const answer = await ask([of(brokerType, name, config(throttle, remove))]).answer
    expect(answer?.responses).toMatchObject([{ errorCode: 0, errorMessage: null }])
  })
})
