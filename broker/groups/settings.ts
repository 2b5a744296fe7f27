// What of a broker's settings the coordinator goes by. Names and meaning: broker/config.ts.
import type { BrokerConfig } from '../config.ts'

export type GroupSettings = Pick<
  BrokerConfig,
  | 'groupConsumerSessionTimeoutMs'
  | 'groupConsumerHeartbeatIntervalMs'
  | 'groupConvergingHeartbeatIntervalMs'
  | 'groupConsumerMaxSize'
  | 'groupsMax'
  | 'groupCastleGraceMs'
  | 'groupLogSnapshotBytes'
  | 'offsetMetadataMaxBytes'
  | 'offsetsRetentionMinutes'
  | 'offsetsRetentionCheckIntervalMs'
>
