// The plain Kafka client: works with every broker of the Kafka protocol, with Castle or without.
//
//   const client = new KafkaClient(nodeRuntime(), { bootstrap: [{ host: '127.0.0.1', port: 9092 }], clientId: 'me' }, silentLogger)
//   await new Admin(client).createTopic({ name: 'orders', partitions: 6 })
export { type Address, type Logger, nodeRuntime, type Runtime, silentLogger } from '@castellan/protocol/runtime'
export { CastellanError, type ErrorCode, errorKinds, refusal } from '../errors.ts'
export { Admin, type NewTopic, type PartitionOffset, type ReadOptions, type ReadResult } from './admin.ts'
export { KafkaClient, type KafkaClientOptions, type RequestOptions } from './client.ts'
export { Message, MessageReader, type MessageSource } from './message.ts'
export { askOffsets, earliest, type FoundOffset, latest, type OffsetQuery } from './offsets.ts'
export { type AckLevel, type BrokerView, ClusterView, type PartitionView, type TopicView } from './view.ts'
