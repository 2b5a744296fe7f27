// The SDK: producers and consumers for services on Castellan, or on any Kafka-protocol cluster.
export type { Logger } from '@castellan/protocol/runtime'
export { Castellan, type ConsumerInput } from './castellan.ts'
export type { CloseOptions } from './close-options.ts'
export {
  type ConnectKafkaOptions,
  type ConnectOptions,
  connect,
  connectKafka,
  connectKafkaWith,
  connectWith,
  type SdkEvent,
} from './connect.ts'
export type { Consumer } from './consumer/consumer.ts'
export type { ConsumerEvent, ConsumerEvents, Listener } from './consumer/events.ts'
export type { ConsumerOptions, RetryOptions } from './consumer/options.ts'
export { NotRetriable } from './consumer/retry.ts'
export type {
  AssignedPartitions,
  BatchHandler,
  CommitOffset,
  Handler,
  HandlerContext,
  MessageBatch,
  MessagePosition,
  PartitionName,
  SeekTo,
  StartOffset,
  Stuck,
} from './consumer/types.ts'
export { CastellanError, type ErrorCode, errorKinds } from './errors.ts'
export { Message } from './kafka/message.ts'
export type { AckLevel } from './kafka/view.ts'
export type { ProducerOptions } from './producer/options.ts'
export type { Producer } from './producer/producer.ts'
export { BatchError } from './producer/send-batch.ts'
export type { Bytes, Outcome, OutgoingMessage, Sent } from './producer/types.ts'
export type { InputOf, OutputOf, StandardSchema, ValueIssue } from './serde/schema.ts'
export { type Serde, type SerdeAbout, serdes } from './serde/serde.ts'
export { type AnyTopic, type MessageOf, Topic, type TopicOptions, topic } from './serde/topic.ts'
export { TypedMessage } from './serde/typed-message.ts'
export type { CloseOnSignalsOptions } from './signals.ts'
