// What a producer is given and gives back.
import type { RecordHeader } from '@castellan/protocol/records'

export type Bytes = Uint8Array | string | null

export interface OutgoingMessage {
  readonly topic: string
  /** Messages of one key go to one partition, in order. */
  readonly key?: Bytes
  readonly value?: Bytes
  /** By name; a list of values sends the name more than once. */
  readonly headers?: Readonly<Record<string, Bytes | readonly Bytes[]>>
  /** Instead of the key's. */
  readonly partition?: number
  /** ms since 1970; default: now. */
  readonly timestampMs?: number
}

/** Where a message stands. */
export interface Sent {
  readonly partition: number
  /** -1: at Ack 0, which promises nothing; or the broker knows the message but no longer its offset. */
  readonly offset: number
}

/** A message as a batch takes it. */
export interface ProducedRecord {
  readonly key: Bytes
  readonly value: Bytes
  readonly headers?: readonly RecordHeader[]
  readonly timestamp: number
}
