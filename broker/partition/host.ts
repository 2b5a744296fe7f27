// What a partition tells those who keep all of a broker's, and how they name it.
import type { Partition } from './partition.ts'

/** Who keeps all partitions and has a turn's end. */
export interface PartitionHost {
  /** Something is staged: call `flush` at the end of this turn. */
  noteStaged(partition: Partition): void
  /** Something was written that no checkpoint has yet. */
  noteWritten(partition: Partition): void
  /** Its high watermark has moved: it is to be written down. */
  noteHighWatermark(): void
  /** A leader epoch began: call `saveEpochs` of its log soon. */
  noteEpoch(partition: Partition): void
  /** A high watermark went back: what is written down of it must not come back. */
  noteCutBelow(): void
  /** It was fetched anew, and has everything now: call `noteWhole` once that is on record. */
  noteWhole(partition: Partition): void
  /** Its log was cut, or written to off the loop, and is not any more: what it was to become meanwhile can be now. */
  noteIdle(partition: Partition): void
  /** A follower that is not in sync has fetched, and may be in sync now. */
  noteOutsider(partition: Partition): void
  /** Another is to lead it, or can. */
  noteHandOver(partition: Partition): void
  /** Its role, the leader that it follows, its leader epoch or its fault changed. */
  noteChanged(partition: Partition): void
}

export interface PartitionIdentity {
  readonly topicId: string
  readonly topic: string
  readonly index: number
  readonly folder: string
  /** This broker's. */
  readonly brokerId: number
}
