// What the groups of a partition need of their coordinator, and what they tell it.
import type { TopicState } from '@castellan/protocol/heartbeat'
import type { Logger, Runtime } from '@castellan/protocol/runtime'
import type { Metadata } from '../castle/metadata.ts'
import type { RepeatedWarning } from './repeated-warning.ts'
import type { GroupSettings } from './settings.ts'
import type { Shard } from './shard.ts'
import type { Subscriptions } from './state/subscription.ts'

export interface ShardHost {
  readonly runtime: Runtime
  readonly settings: GroupSettings
  readonly metadata: Metadata
  readonly subscriptions: Subscriptions
  readonly log: Logger
  /** Recorded deletions that this broker has heard of. */
  readonly deletedTopics: ReadonlyMap<string, TopicState>
  /** Whether there is room for one more group on this broker. */
  hasRoom(): boolean
  /** Whether the report has room for so much more than the groups' `reportBytes`, of a member that takes `memberBytes` then. */
  hasReportRoom(growthBytes: number, memberBytes: number): boolean
  /** A join or a subscription was refused, or got no further topics, because the group or the report is full. */
  readonly noRoom: RepeatedWarning
  /** Some group's report changed. */
  onReport(): void
  /** The state in memory is not that of the log any more. */
  onFailure(shard: Shard): void
}
