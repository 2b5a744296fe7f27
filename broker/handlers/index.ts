// Every API that this broker answers. ApiVersions is made from this list, so nothing is advertised that is not here.

import { produce } from './00-produce.ts'
import { fetch } from './01-fetch.ts'
import { listOffsets } from './02-list-offsets.ts'
import { metadata } from './03-metadata.ts'
import { commitOffsets } from './08-offset-commit.ts'
import { fetchOffsets } from './09-offset-fetch.ts'
import { findCoordinator } from './10-find-coordinator.ts'
import { describeGroups } from './15-describe-groups.ts'
import { listGroups } from './16-list-groups.ts'
import { apiVersions } from './18-api-versions.ts'
import { createTopics } from './19-create-topics.ts'
import { deleteTopics } from './20-delete-topics.ts'
import { initProducerId } from './22-init-producer-id.ts'
import { offsetForLeaderEpoch } from './23-offset-for-leader-epoch.ts'
import { describeConfigs } from './32-describe-configs.ts'
import { describeLogDirs } from './35-describe-log-dirs.ts'
import { createPartitions } from './37-create-partitions.ts'
import { electLeaders } from './43-elect-leaders.ts'
import { incrementalAlterConfigs } from './44-incremental-alter-configs.ts'
import { alterPartitionReassignments } from './45-alter-partition-reassignments.ts'
import { listPartitionReassignments } from './46-list-partition-reassignments.ts'
import { consumerGroupHeartbeat } from './68-consumer-group-heartbeat.ts'
import { consumerGroupDescribe } from './69-consumer-group-describe.ts'
import { describeTopicPartitions } from './75-describe-topic-partitions.ts'
import type { Handler } from './handler.ts'

/** In the order of their keys. */
export const handlers: readonly Handler[] = [
  produce, // 0
  fetch, // 1
  listOffsets, // 2
  metadata, // 3
  commitOffsets, // 8
  fetchOffsets, // 9
  findCoordinator, // 10
  describeGroups, // 15
  listGroups, // 16
  apiVersions(() => handlers), // 18
  createTopics, // 19
  deleteTopics, // 20
  initProducerId, // 22
  offsetForLeaderEpoch, // 23
  describeConfigs, // 32
  describeLogDirs, // 35
  createPartitions, // 37
  electLeaders, // 43
  incrementalAlterConfigs, // 44
  alterPartitionReassignments, // 45
  listPartitionReassignments, // 46
  consumerGroupHeartbeat, // 68
  consumerGroupDescribe, // 69
  describeTopicPartitions, // 75
]

export type { BrokerParts, Handler, RequestContext } from './handler.ts'
