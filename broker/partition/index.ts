// The partitions of a broker: what handlers and the group coordinator work with.
export { Partition } from './partition.ts'
export { Partitions, type PartitionsOptions } from './partitions.ts'
export type { RecoveryProgress } from './recovery.ts'
export type { AppendResult, EpochEnd, PartitionReport, ReadResult, TimestampOffset } from './results.ts'
