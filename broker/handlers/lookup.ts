// From the cluster, topic and partition that a request names to the replica on this broker, or to the error that Kafka answers.
import { errors } from '@castellan/protocol'
import type { TopicState } from '@castellan/protocol/heartbeat'
import type { Partition } from '../partition/index.ts'
import type { BrokerParts } from './handler.ts'

/** The cluster's id, as clients are told it: until Castle has spoken, as this broker's settings name it. */
export function clusterIdOf({ metadata, config }: BrokerParts): string {
  return metadata.cluster?.id ?? config.cluster
}

/** A topic as requests name it: by id in newer versions, by name in older ones. */
export function findTopic(
  { metadata }: BrokerParts,
  name: string,
  topicId: string,
  byId: boolean,
): TopicState | undefined {
  return byId ? metadata.topicWithId(topicId) : metadata.topicNamed(name)
}

/**
 * What a topic that was not found is called. Until Castle has spoken this broker knows no topics at all, and clients
 * shall ask again instead of giving up.
 */
export function unknownTopicError({ metadata }: BrokerParts, byId: boolean): number {
  if (byId) return errors.UNKNOWN_TOPIC_ID.code
  return metadata.cluster ? errors.UNKNOWN_TOPIC_OR_PARTITION.code : errors.LEADER_NOT_AVAILABLE.code
}

/**
 * As `unknownTopicError`, for a name: one that no topic can have will not come. One that this broker remembers and Castle has not spoken of
 * comes back: Castle's store went back in time, and asks its brokers just now. librdkafka gives its messages up when it hears otherwise.
 */
export function unknownNameError(broker: BrokerParts, name: string): number {
  const isName = /^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..'
  if (!isName) return errors.INVALID_TOPIC_EXCEPTION.code
  return broker.remembered.isAwaited(name) ? errors.LEADER_NOT_AVAILABLE.code : unknownTopicError(broker, false)
}

/** The items of a request, each thing that they name once; `isRepeated` where it is named more than once. */
export function byName<T>(items: readonly T[], nameOf: (item: T) => string): { item: T; isRepeated: boolean }[] {
  const found = new Map<string, { item: T; isRepeated: boolean }>()
  for (const item of items) found.set(nameOf(item), { item, isRepeated: found.has(nameOf(item)) })
  return [...found.values()]
}

/** The replica that leads here, or an error code. The replica itself checks epochs and faults. */
export function findLeader({ partitions }: BrokerParts, topic: TopicState, index: number): Partition | number {
  if (topic.partitions[index] === undefined) return errors.UNKNOWN_TOPIC_OR_PARTITION.code
  const partition = partitions.get(topic.topicId, index)
  if (!partition?.isLeader)
    return partition?.fault ? errors.KAFKA_STORAGE_ERROR.code : errors.NOT_LEADER_OR_FOLLOWER.code
  return partition
}

/** The replica id of who may ask any replica (Kafka's DEBUGGING_REPLICA_ID). */
export const debugReader = -2

/** A replica that is well, whether it leads or not, or an error code. */
export function findReplica({ partitions }: BrokerParts, topic: TopicState, index: number): Partition | number {
  if (topic.partitions[index] === undefined) return errors.UNKNOWN_TOPIC_OR_PARTITION.code
  const partition = partitions.get(topic.topicId, index)
  if (partition === undefined) return errors.REPLICA_NOT_AVAILABLE.code
  return partition.fault === null ? partition : errors.KAFKA_STORAGE_ERROR.code
}

/** Compares the leader epoch that a client knows (-1: none) with the leader's (KIP-320); 0: it may go on. */
export function checkEpoch(partition: Partition, currentLeaderEpoch: number): number {
  if (currentLeaderEpoch < 0 || currentLeaderEpoch === partition.leaderEpoch) return 0
  return currentLeaderEpoch < partition.leaderEpoch ? errors.FENCED_LEADER_EPOCH.code : errors.UNKNOWN_LEADER_EPOCH.code
}
