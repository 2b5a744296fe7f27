// The client's side of a connection to a broker, for the SDK and for brokers that follow others.
export { type ConnectionOptions, KafkaConnection, type Lent, type SendOptions } from './connection.ts'
export { ClientError, type ClientErrorCode } from './errors.ts'
export type { VersionLimits, VersionRanges } from './versions.ts'
