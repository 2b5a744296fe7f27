// A broker of two dozen lines, for recording what clients send: one topic of two partitions, nothing on disk, and
// just enough in each answer to make a client go on to its next request.
import {
  type AnyApi,
  type ApiVersionsResponseInput,
  apis,
  type ConsumerGroupHeartbeatRequest,
  type CreateTopicsRequest,
  type DeleteTopicsRequest,
  type DescribeConfigsRequest,
  type FetchRequest,
  type FindCoordinatorRequest,
  type ListOffsetsRequest,
  type MetadataRequest,
  type OffsetCommitRequest,
  type OffsetFetchRequest,
  type OffsetForLeaderEpochRequest,
  type ProduceRequest,
} from '@castellan/protocol'
import type { Address } from '@castellan/protocol/runtime'

const topicId = '0f0e0d0c-0b0a-4908-8706-050403020100'
const partitionCount = 2

export class Answers {
  readonly #self: Address
  #topic = ''
  /** What was produced last to partition 0, which every fetch from offset 0 gets. */
  #batch: Uint8Array | null = null

  constructor(self: Address) {
    this.#self = self
  }

  /** Undefined: no answer. */
  answer(api: AnyApi, version: number, request: unknown): object | undefined {
    const answer = this.#answers[api.name]
    if (!answer) throw new Error(`no answer for ${api.name} v${version}`)
    return answer(request as never, version)
  }

  readonly #answers: Record<string, (request: never, version: number) => object | undefined> = {
    ApiVersions: (): ApiVersionsResponseInput => ({
      errorCode: 0,
      apiKeys: [...apis.values()].map(({ key, versions }) => ({
        apiKey: key,
        minVersion: versions[0],
        maxVersion: versions[1],
      })),
    }),
    Metadata: (request: MetadataRequest) => ({
      brokers: [{ nodeId: 1, ...this.#self, rack: null }],
      clusterId: 'recorder',
      controllerId: 1,
      topics: [
        {
          errorCode: 0,
          name: this.#named(request.topics?.[0]?.name),
          topicId,
          partitions: this.#partitions((index) => ({
            errorCode: 0,
            partitionIndex: index,
            leaderId: 1,
            leaderEpoch: 3,
            replicaNodes: [1],
            isrNodes: [1],
          })),
        },
      ],
    }),
    InitProducerId: () => ({ errorCode: 0, producerId: 4711, producerEpoch: 0 }),
    Produce: (request: ProduceRequest) => {
      for (const { partitionData } of request.topicData) {
        for (const { index, records } of partitionData)
          if (index === 0 && records !== null) this.#batch = Buffer.from(records)
      }
      if (request.acks === 0) return undefined
      return {
        responses: request.topicData.map(({ name, topicId, partitionData }) => ({
          name,
          topicId,
          partitionResponses: partitionData.map(({ index }) => ({
            index,
            errorCode: 0,
            baseOffset: 0,
            logStartOffset: 0,
          })),
        })),
      }
    },
    Fetch: (request: FetchRequest) => ({
      errorCode: 0,
      responses: request.topics.map(({ topic, topicId, partitions }) => ({
        topic,
        topicId,
        partitions: partitions.map(({ partition, fetchOffset }) => ({
          partitionIndex: partition,
          errorCode: 0,
          highWatermark: this.#endOffset(partition),
          lastStableOffset: this.#endOffset(partition),
          logStartOffset: 0,
          records: partition === 0 && fetchOffset === 0 ? this.#batch : new Uint8Array(0),
        })),
      })),
    }),
    ListOffsets: (request: ListOffsetsRequest) => ({
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        // Java refuses a negative time where it asked for one.
        partitions: partitions.map(({ partitionIndex, timestamp }) => ({
          partitionIndex,
          errorCode: 0,
          timestamp,
          offset: 0,
          leaderEpoch: 3,
        })),
      })),
    }),
    FindCoordinator: (request: FindCoordinatorRequest) => ({
      errorCode: 0,
      nodeId: 1,
      ...this.#self,
      coordinators: request.coordinatorKeys.map((key) => ({ key, nodeId: 1, ...this.#self, errorCode: 0 })),
    }),
    OffsetCommit: (request: OffsetCommitRequest) => ({
      topics: request.topics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })),
      })),
    }),
    OffsetFetch: (request: OffsetFetchRequest) => {
      const none = ({
        name,
        partitionIndexes,
        ...rest
      }: {
        name: string
        topicId?: string
        partitionIndexes: number[]
      }) => ({
        name,
        topicId: rest.topicId,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: -1,
          metadata: '',
          errorCode: 0,
        })),
      })
      return {
        topics: request.topics?.map(none) ?? [],
        groups: request.groups.map(({ groupId, topics }) => ({ groupId, topics: topics?.map(none) ?? [] })),
      }
    },
    OffsetForLeaderEpoch: (request: OffsetForLeaderEpochRequest) => ({
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, leaderEpoch }) => ({
          partition,
          errorCode: 0,
          leaderEpoch,
          endOffset: 1,
        })),
      })),
    }),
    CreateTopics: (request: CreateTopicsRequest) => ({
      topics: request.topics.map(({ name }) => ({
        name: this.#named(name),
        topicId,
        errorCode: 0,
        numPartitions: partitionCount,
        replicationFactor: 1,
        configs: [],
      })),
    }),
    DeleteTopics: (request: DeleteTopicsRequest) => ({
      responses: [
        ...request.topicNames.map((name) => ({ name, errorCode: 0 })),
        ...request.topics.map(({ name, topicId }) => ({ name, topicId, errorCode: 0 })),
      ],
    }),
    DescribeConfigs: (request: DescribeConfigsRequest) => ({
      results: request.resources.map(({ resourceType, resourceName }) => ({
        errorCode: 0,
        errorMessage: null,
        resourceType,
        resourceName,
        configs: [
          {
            name: 'retention.ms',
            value: '604800000',
            readOnly: false,
            configSource: 5,
            isSensitive: false,
            configType: 5,
          },
        ],
      })),
    }),
    ConsumerGroupHeartbeat: (request: ConsumerGroupHeartbeatRequest) => ({
      errorCode: 0,
      memberId: request.memberId || 'member-1',
      memberEpoch: request.memberEpoch < 0 ? request.memberEpoch : 1,
      heartbeatIntervalMs: 50,
      assignment:
        request.memberEpoch === 0
          ? { topicPartitions: [{ topicId, partitions: this.#partitions((index) => index) }] }
          : null,
    }),
  }

  /** The one topic has the name that it was last asked by. */
  #named(name: string | null | undefined): string {
    this.#topic = name ?? this.#topic
    return this.#topic
  }

  #endOffset(partition: number): number {
    return partition === 0 && this.#batch !== null ? 1 : 0
  }

  #partitions<T>(make: (index: number) => T): T[] {
    return Array.from({ length: partitionCount }, (_, index) => make(index))
  }
}
