// The public face of the Kafka protocol. Records, settings' own helpers, heartbeat and runtime have their own exports.
export * from './errors.ts'
export * from './messages/index.ts'
export * from './schema/index.ts'
