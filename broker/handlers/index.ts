// Every API that this broker answers. ApiVersions is made from this list, so nothing is advertised that is not here.
import { apiVersions } from './18-api-versions.ts'
import { commitOffsets } from './08-offset-commit.ts'
import { consumerGroupHeartbeat } from './68-consumer-group-heartbeat.ts'
import { createTopics } from './19-create-topics.ts'
import { deleteTopics } from './20-delete-topics.ts'
import { describeConfigs } from './32-describe-configs.ts'
import { fetch } from './01-fetch.ts'
import { fetchOffsets } from './09-offset-fetch.ts'
import { findCoordinator } from './10-find-coordinator.ts'
import type { Handler } from './handler.ts'
import { initProducerId } from './22-init-producer-id.ts'
import { listOffsets } from './02-list-offsets.ts'
import { metadata } from './03-metadata.ts'
import { offsetForLeaderEpoch } from './23-offset-for-leader-epoch.ts'
import { produce } from './00-produce.ts'

/** In the order of their keys. */
export const handlers: readonly Handler[] = [
  produce, // 0
  fetch, // 1
  listOffsets, // 2
  metadata, // 3
  commitOffsets, // 8
  fetchOffsets, // 9
  findCoordinator, // 10
  apiVersions, // 18
  createTopics, // 19
  deleteTopics, // 20
  initProducerId, // 22
  offsetForLeaderEpoch, // 23
  describeConfigs, // 32
  consumerGroupHeartbeat, // 68
]

export type { BrokerParts, Handler, RequestContext } from './handler.ts'
