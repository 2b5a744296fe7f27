// The small handlers around producing and consuming: producer ids, epochs, and what this broker speaks.
import {
  offsetForLeaderEpoch as epochApi,
  type InitProducerIdRequestInput,
  initProducerId as idApi,
  apiVersions as versionsApi,
} from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { HandlerBench } from '../testing/handler-bench.ts'
import { apiVersions } from './18-api-versions.ts'
import { initProducerId } from './22-init-producer-id.ts'
import { offsetForLeaderEpoch } from './23-offset-for-leader-epoch.ts'

let bench: HandlerBench
beforeEach(() => {
  bench = new HandlerBench()
})

describe('InitProducerId', () => {
  const ask = (given: Partial<InitProducerIdRequestInput>) =>
    bench.ask(initProducerId, idApi, 5, { transactionalId: null, transactionTimeoutMs: 0, ...given }).answer

  test.each([
    ['a new producer', {}, { errorCode: 0, producerId: 4000, producerEpoch: 0 }],
    [
      'the next epoch (KIP-360)',
      { producerId: 7, producerEpoch: 3 },
      { errorCode: 0, producerId: 7, producerEpoch: 4 },
    ],
    [
      'an epoch that is used up: a new id',
      { producerId: 7, producerEpoch: 32_766 },
      { errorCode: 0, producerId: 4000, producerEpoch: 0 },
    ],
    ['an id without an epoch', { producerId: 7 }, { errorCode: 42, producerId: -1, producerEpoch: -1 }],
    ['a transactional id, by name', { transactionalId: 'tx' }, { errorCode: 53, producerId: -1 }],
    ['an empty transactional id', { transactionalId: '' }, { errorCode: 42, producerId: -1 }],
  ])('%s', async (_, given, answer) => {
    expect(await ask(given)).toMatchObject(answer)
  })

  test('no ids from Castle yet: ask again', async () => {
    bench.nextProducerId = null
    expect(await ask({})).toMatchObject({ errorCode: 14, producerId: -1 })
  })
})

describe('OffsetForLeaderEpoch', () => {
  const ask = async (
    leaderEpoch: number,
    more: { partition?: number; currentLeaderEpoch?: number; topic?: string } = {},
  ) => {
    const { partition = 0, currentLeaderEpoch = -1, topic = 'orders' } = more
    const topics = [{ topic, partitions: [{ partition, currentLeaderEpoch, leaderEpoch }] }]
    return (await bench.ask(offsetForLeaderEpoch, epochApi, 2, { topics }).answer)?.topics[0]?.partitions[0]
  }
  beforeEach(() => {
    const [partition] = bench.addTopic(1, 'orders', [1, 2])
    partition!.endOfEpochs = { epoch: 3, endOffset: 40 }
  })

  test('where an epoch ends', async () => {
    expect(await ask(4)).toEqual({ partition: 0, errorCode: 0, leaderEpoch: 3, endOffset: 40 })
  })

  test.each([6, -1])('epoch %i is none, and has no end', async (epoch) => {
    expect(await ask(epoch)).toMatchObject({ errorCode: 0, leaderEpoch: -1, endOffset: -1 })
  })

  test.each([
    [{ topic: 'nothing' }, 3],
    [{ partition: 1 }, 6],
    [{ currentLeaderEpoch: 4 }, 74],
    [{ currentLeaderEpoch: 6 }, 75],
  ])('%o: %i', async (more, errorCode) => {
    expect(await ask(3, more)).toMatchObject({ errorCode, leaderEpoch: -1, endOffset: -1 })
  })
})

describe('ApiVersions', () => {
  const listed = () => [initProducerId, offsetForLeaderEpoch]
  const ask = (version: number, clientSoftwareName = 'test-client', meant = {}) =>
    bench.ask(apiVersions(listed), versionsApi, version, { clientSoftwareName, clientSoftwareVersion: '1.0', ...meant })
      .answer

  test('is made from the list of handlers', async () => {
    expect((await ask(0))?.apiKeys).toEqual([
      { apiKey: 22, minVersion: 0, maxVersion: 5 },
      { apiKey: 23, minVersion: 2, maxVersion: 4 },
    ])
  })

  test('finalizes what works: KIP-848 groups', async () => {
    expect((await ask(4))?.finalizedFeatures).toEqual([
      { name: 'group.version', minVersionLevel: 1, maxVersionLevel: 1 },
    ])
  })

  test('a client whose name is none is refused (KIP-511)', async () => {
    expect(await ask(3, 'a b')).toMatchObject({ errorCode: 42, apiKeys: [] })
  })

  test.each([
    ['nobody in particular', {}, 0],
    ['this broker', { clusterId: 'default', nodeId: 1 }, 0],
    ['another broker', { clusterId: 'default', nodeId: 2 }, 129],
    ['another cluster', { clusterId: 'other', nodeId: 1 }, 129],
    ['a cluster only', { clusterId: 'default' }, 42],
    ['a broker only', { nodeId: 1 }, 42],
  ])('a client that means %s (KIP-1242)', async (_, meant, errorCode) => {
    const answer = await ask(5, 'test-client', meant)
    expect(answer).toMatchObject({ errorCode })
    expect(answer?.apiKeys).toHaveLength(errorCode === 0 ? 2 : 0)
  })
})
