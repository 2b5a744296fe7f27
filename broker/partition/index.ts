// The partitions of a broker: what handlers and the group coordinator work with.
export type { PartitionsOptions } from './options.ts'
export { Partition } from './partition.ts'
export { Partitions } from './partitions.ts'
export type { RecoveryProgress } from './recovery.ts'
export type { AppendResult, EpochEnd, PartitionReport, ReadResult, TimestampOffset } from './results.ts'
