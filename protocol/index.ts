// The public face of the Kafka protocol. Records, heartbeat and runtime have their own exports.

export * from './assignment/index.ts'
export * from './errors.ts'
export * from './fifo.ts'
export * from './frames/index.ts'
export * from './messages/index.ts'
export * from './older-node.ts'
export * from './schema/index.ts'
export * from './settings/index.ts'
