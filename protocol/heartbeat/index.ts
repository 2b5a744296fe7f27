// The heartbeat loop between Castle and everyone who follows it: messages, their checks, and the sender's side.

export * from './call-messages.ts'
export type { DirectiveHandlers } from './directives.ts'
export {
  castleEpochMax,
  castleEpochOf,
  leaderEpochMax,
  leaderEpochReportedMax,
  type PartitionsByTopic,
  versionOf,
} from './fields.ts'
export * from './messages.ts'
export * from './reports.ts'
export { HeartbeatSender } from './sender.ts'
export { type HeartbeatSenderOptions, linkUrl, type OwnReport, type SenderState } from './sender-options.ts'
export * from './subjects.ts'
export * from './validate.ts'
export { type BrokerVitals, type OwnVitals, vitalsEveryMs } from './vitals.ts'
