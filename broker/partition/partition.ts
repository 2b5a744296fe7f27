// One replica of one partition on this broker, and what may be done with it while it leads.
import type { Slab } from '@castellan/protocol'
import type { AppendResult, EpochEnd, PartitionReport, ReadResult, TimestampOffset } from './results.ts'

export class Partition {
  readonly topicId: string
  readonly topic: string
  readonly index: number

  constructor(topicId: string, topic: string, index: number) {
    this.topicId = topicId
    this.topic = topic
    this.index = index
  }

  /** The epoch that this replica leads at; the last one it knows when it does not lead; -1: none. */
  get leaderEpoch(): number {
    throw new Error('being written')
  }

  get isLeader(): boolean {
    throw new Error('being written')
  }

  /** Why it is out of use (R9); null: it is well. A faulty partition neither takes nor serves anything. */
  get fault(): string | null {
    throw new Error('being written')
  }

  /** The first offset that can be read. */
  get startOffset(): number {
    throw new Error('being written')
  }

  /** One past the last offset written (LEO). */
  get endOffset(): number {
    throw new Error('being written')
  }

  /** Readers see only offsets below it (R3). */
  get highWatermark(): number {
    throw new Error('being written')
  }

  /**
   * Leader only. Checks every batch of one produce request for this partition (size, magic, CRC, records, producer state), takes all
   * or none, and calls `done` once, in this turn or a later one: when the batches are acknowledged at `acks` (-1: the high watermark
   * passed them; 1 and 0: written), or refused. The caller has already raised `acks` to the topic's level.
   *
   * `records` is patched in place (offsets, leader epoch) and must not change afterwards; the partition retains `slab` while it needs
   * the bytes. Null: the bytes are the caller's gift.
   */
  append(_records: Uint8Array, _slab: Slab | null, _acks: -1 | 0 | 1, _done: (result: AppendResult) => void): void {
    throw new Error('being written')
  }

  /**
   * Leader only. Whole batches from the one that contains `offset`, at most `maxBytes` but at least one batch (KIP-74), below the high
   * watermark. `currentLeaderEpoch` is the reader's; -1: it does not know. When the result is `cold`, ask `readCold`.
   */
  read(_offset: number, _maxBytes: number, _currentLeaderEpoch: number): ReadResult {
    throw new Error('being written')
  }

  /** As `read`, from files that may not be in the page cache; never blocks the loop. */
  readCold(_offset: number, _maxBytes: number, _currentLeaderEpoch: number): Promise<ReadResult> {
    throw new Error('being written')
  }

  /** Leader only. The first record below the high watermark whose timestamp is at least `timestampMs`; null: none. */
  offsetForTimestamp(_timestampMs: number): Promise<TimestampOffset | null> {
    throw new Error('being written')
  }

  /** The record of the highest timestamp (ListOffsets -3); null: the log is empty. */
  offsetOfMaxTimestamp(): Promise<TimestampOffset | null> {
    throw new Error('being written')
  }

  /** Where leader epoch `epoch` ends in this log (KIP-101, R5). */
  endOfEpoch(_epoch: number): EpochEnd {
    throw new Error('being written')
  }

  /** The leader epoch of the record at `offset`; -1: unknown. */
  epochAt(_offset: number): number {
    throw new Error('being written')
  }

  /** Moves the start offset up to `offset` (at most the high watermark) and deletes segments wholly below it. Resolves when that is on disk. */
  deleteBefore(_offset: number): Promise<void> {
    throw new Error('being written')
  }

  /** Every batch from the start offset to the high watermark as it is now, in order. Throws when the partition gets a fault. For the broker's own logs. */
  batches(): AsyncIterable<Uint8Array> {
    throw new Error('being written')
  }

  /** Calls `listener` when the high watermark or the start offset rises, or leadership or fault change. Returns how to stop. */
  watch(_listener: () => void): () => void {
    throw new Error('being written')
  }

  report(): PartitionReport {
    throw new Error('being written')
  }
}
