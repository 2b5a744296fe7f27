// The settings that a topic has: Kafka's names, and what this version makes of them.
export {
  type ConfigProblem,
  checkTopicConfigs,
  type DescribedConfig,
  describeTopicConfigs,
  unknownSetting,
} from './check.ts'
export { type ReplicaSet, replicationFactorOf } from './min-insync.ts'
export { effectiveConfigs, type TopicSettings, topicSettings } from './topic-settings.ts'
export { kafkaTypes, type TopicSetting } from './types.ts'
