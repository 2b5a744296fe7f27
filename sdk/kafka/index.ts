// The plain Kafka client: works with every broker of the Kafka protocol, with Castle or without.
export { CastellanError, type ErrorCode, errorKinds } from '../errors.ts'
export { Admin, type NewTopic, type PartitionOffset, type ReadOptions, type ReadResult } from './admin.ts'
export { KafkaClient, type KafkaClientOptions, type RequestOptions } from './client.ts'
export { Message, MessageReader, type MessageSource } from './message.ts'
export { type AckLevel, type BrokerView, ClusterView, type PartitionView, type TopicView } from './view.ts'
