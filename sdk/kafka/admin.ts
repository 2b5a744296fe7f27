// What people and tools do with a cluster, over the plain Kafka protocol: topics, offsets, settings, and reading a
// partition without being in a group.
import {
  createTopics,
  deleteTopics,
  describeConfigs,
  errors,
  fetch,
  metadata,
  offsetFetch,
  zeroUuid,
} from '@castellan/protocol'
import { type CastellanError, refusal } from '../errors.ts'
import type { KafkaClient } from './client.ts'
import { type Message, MessageReader } from './message.ts'
import { earliest, findOffsets, latest } from './offsets.ts'
import { retry } from './retry.ts'
import type { TopicView } from './view.ts'

const timeoutMsDefault = 30_000

export interface NewTopic {
  readonly name: string
  /** Left out: the cluster's default. */
  readonly partitions?: number
  readonly replicationFactor?: number
  /** Kafka's names. */
  readonly configs?: Readonly<Record<string, string>>
}

export interface PartitionOffset {
  readonly partition: number
  readonly offset: number
}

export interface ReadOptions {
  readonly topic: string
  readonly partition: number
  /** The first to read. */
  readonly offset: number
  readonly messagesMax: number
  /** Of one fetch; at least one batch is read. Default 1 MiB. */
  readonly bytesMax?: number
  /** How long to wait for a first message. Default 0: what is there. */
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

export interface ReadResult {
  readonly messages: Message[]
  /** Where to go on. */
  readonly nextOffset: number
  readonly highWatermark: number
}

export class Admin {
  readonly #client: KafkaClient

  constructor(client: KafkaClient) {
    this.#client = client
  }

  /**
   * Makes a topic. Not repeated by itself: after CONNECTION_LOST or REQUEST_TIMEOUT it may exist.
   * Throws REFUSED with Kafka's code (36: it exists).
   */
  async createTopic(topic: NewTopic): Promise<{ topicId: string; partitions: number; replicationFactor: number }> {
    const { name, partitions = -1, replicationFactor = -1, configs = {} } = topic
    const wanted = {
      name,
      numPartitions: partitions,
      replicationFactor,
      assignments: [],
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    }
    const answer = await this.#client.dispatch(createTopics, { topics: [wanted], timeoutMs: timeoutMsDefault }, patient)
    const created = answer.topics[0]!
    if (created.errorCode !== 0) throw refusal(`CreateTopics of '${name}'`, created.errorCode, created.errorMessage)
    return {
      topicId: created.topicId,
      partitions: created.numPartitions,
      replicationFactor: created.replicationFactor,
    }
  }

  /** Deletes a topic by name, with all in it. Throws REFUSED with Kafka's code (3: there is none). */
  async deleteTopic(name: string): Promise<void> {
    const body = { topics: [{ name, topicId: zeroUuid }], topicNames: [name], timeoutMs: timeoutMsDefault }
    const answer = await this.#client.dispatch(deleteTopics, body, patient)
    const { errorCode, errorMessage } = answer.responses[0]!
    if (errorCode !== 0) throw refusal(`DeleteTopics of '${name}'`, errorCode, errorMessage)
  }

  /** All topics of the cluster, internal ones too, by name. */
  async topics(): Promise<{ name: string; topicId: string; internal: boolean; partitions: number }[]> {
    const answer = await this.#client.request(metadata, { topics: null, allowAutoTopicCreation: false })
    return answer.topics
      .map(({ name, topicId, isInternal, partitions }) => ({
        name: name ?? '',
        topicId,
        internal: isInternal,
        partitions: partitions.length,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** One topic: its id and who leads. Throws TOPIC_UNKNOWN. */
  topic(name: string, timeoutMs = timeoutMsDefault): Promise<TopicView> {
    return this.#client.metadata.topic(name, { timeoutMs })
  }

  /** The settings of a topic with Kafka's names, defaults included. Throws REFUSED. */
  async topicConfigs(name: string): Promise<Record<string, string | null>> {
    const resource = { resourceType: 2, resourceName: name, configurationKeys: null }
    const answer = await this.#client.request(describeConfigs, { resources: [resource] })
    const { errorCode, errorMessage, configs } = answer.results[0]!
    if (errorCode !== 0) throw refusal(`DescribeConfigs of '${name}'`, errorCode, errorMessage)
    return Object.fromEntries(configs.map((config) => [config.name, config.value]))
  }

  /**
   * An offset in every partition of a topic: the first there is, the one after the last that consumers may see, or the
   * first at or after a time (ms since 1970; -1 where nothing is that young).
   */
  async offsets(topic: string, at: 'earliest' | 'latest' | number): Promise<PartitionOffset[]> {
    const view = await this.topic(topic)
    const where = at === 'earliest' ? earliest : at === 'latest' ? latest : at
    const queries = view.partitions.map((_, partition) => ({ topic, topicId: view.id, partition, at: where }))
    const found = await findOffsets(this.#client, queries, { timeoutMs: timeoutMsDefault })
    return found.map(({ offset }, partition) => ({ partition, offset }))
  }

  /** What a group has committed; empty for a group that nobody knows. Throws REFUSED. */
  async groupOffsets(
    group: string,
  ): Promise<{ topic: string; partition: number; offset: number; metadata: string | null }[]> {
    const answer = await retry(this.#client.runtime, { timeoutMs: timeoutMsDefault }, async (timeoutMs) => {
      const broker = await this.#client.coordinators.find(group, { timeoutMs })
      const body = { groups: [{ groupId: group, topics: null }], requireStable: true }
      const { groups } = await this.#client.dispatch(offsetFetch, body, { broker, versionMin: 8, versionMax: 9 })
      const found = groups[0]!
      if (found.errorCode === 0) return found
      this.#client.coordinators.forget(group, broker)
      throw refusal(`OffsetFetch of group '${group}'`, found.errorCode)
    })
    return answer.topics.flatMap(({ name, partitions }) =>
      partitions.map((one) => ({
        topic: name,
        partition: one.partitionIndex,
        offset: one.committedOffset,
        metadata: one.metadata,
      })),
    )
  }

  /** Reads messages of one partition in order, below the high watermark. Throws OFFSET_OUT_OF_RANGE, REFUSED, DATA_CORRUPT. */
  async read(options: ReadOptions): Promise<ReadResult> {
    const { topic: name, partition, offset, messagesMax, waitMs = 0, signal } = options
    const topic = await this.topic(name)
    const answer = await retry(this.#client.runtime, { timeoutMs: timeoutMsDefault + waitMs, signal }, () =>
      this.#fetch(topic, options),
    )
    const source = { topic: name, topicId: topic.id, partition }
    const reader = new MessageReader(source, answer.records ?? new Uint8Array(0), offset, -1)
    const messages: Message[] = []
    while (messages.length < messagesMax) {
      const message = reader.next()
      if (message === undefined) break
      messages.push(message)
    }
    return { messages, nextOffset: reader.nextOffset, highWatermark: answer.highWatermark }
  }

  async #fetch(topic: TopicView, { partition, offset, bytesMax = 1024 * 1024, waitMs = 0, signal }: ReadOptions) {
    const leader = this.#client.view.leader(topic.id, partition)
    if (leader === undefined) throw this.#refused(topic, partition, errors.LEADER_NOT_AVAILABLE.code)
    const wanted = {
      partition,
      currentLeaderEpoch: leader.leaderEpoch,
      fetchOffset: offset,
      partitionMaxBytes: bytesMax,
    }
    const body = {
      maxWaitMs: waitMs,
      minBytes: waitMs > 0 ? 1 : 0,
      maxBytes: bytesMax,
      topics: [{ topicId: topic.id, partitions: [wanted] }],
      forgottenTopicsData: [],
    }
    const timeoutMs = waitMs + this.#client.requestTimeoutMs
    const options = { broker: leader.leader, lane: 'browse', timeoutMs, signal, versionMin: 13 }
    const answer = await this.#client.dispatch(fetch, body, options)
    const found = answer.responses[0]?.partitions[0]
    const errorCode = answer.errorCode || (found?.errorCode ?? errors.UNKNOWN_SERVER_ERROR.code)
    if (found === undefined || errorCode !== 0) throw this.#refused(topic, partition, errorCode)
    return found
  }

  #refused({ name }: TopicView, partition: number, kafkaCode: number): CastellanError {
    const isGone = kafkaCode === errors.OFFSET_OUT_OF_RANGE.code
    if (!isGone) this.#client.metadata.refresh()
    return refusal(`Fetch of ${name}/${partition}`, kafkaCode, null, isGone ? 'OFFSET_OUT_OF_RANGE' : 'REFUSED')
  }
}

/** Waits longer than the broker is asked to. */
const patient = { timeoutMs: timeoutMsDefault + 5_000 }
