// What a producer is given and gives back.
import type { RecordHeader } from '@castellan/protocol/records'
import type { CastellanError } from '../errors.ts'
import type { AnyTopic, Topic } from '../serde/topic.ts'

export type Bytes = Uint8Array | string | null

/** What is to be sent: to a topic by its name with bytes and texts, or to a typed topic with what its schema or serdes take. */
export type OutgoingMessage<T extends string | AnyTopic = string> = MessageFields & {
  readonly topic: T
} & (T extends Topic<string, infer Value, infer _ValueOut, infer Key, infer _KeyOut>
    ? Field<'key', Key> & Field<'value', Value>
    : PlainFields)

interface MessageFields {
  /** By name; a list of values sends the name more than once. */
  readonly headers?: Readonly<Record<string, Bytes | readonly Bytes[]>>
  /** Instead of the key's. */
  readonly partition?: number
  /** ms since 1970; default: now. */
  readonly timestampMs?: number
}

interface PlainFields {
  /** Messages of one key go to one partition, in order. */
  readonly key?: Bytes
  readonly value?: Bytes
}

/** A field that may be left out where null will do. */
type Field<Name extends string, T> = null extends T
  ? { readonly [N in Name]?: T | undefined }
  : { readonly [N in Name]: T }

/** A message to a topic by its name: what the producer works with. */
export type PlainMessage = OutgoingMessage<string>

/** Where a message stands. */
export interface Sent {
  readonly partition: number
  /** -1: at Ack 0, which promises nothing; or the broker knows the message but no longer its offset. */
  readonly offset: number
}

/** What became of a message of `sendBatch`. */
export type Outcome =
  | ({ readonly status: 'written' } & Sent)
  /** Surely not: sending it again makes no duplicate. */
  | { readonly status: 'not-written'; readonly error: CastellanError }
  /** A broker may have it: sending it again may make a duplicate. */
  | { readonly status: 'perhaps-written'; readonly error: CastellanError }

/** How the producer tells who sent a message what became of it. */
export interface Settlers {
  readonly resolve: (sent: Sent) => void
  readonly reject: (error: CastellanError) => void
}

/** A message as a batch takes it. */
export interface ProducedRecord {
  readonly key: Bytes
  readonly value: Bytes
  readonly headers?: readonly RecordHeader[]
  readonly timestamp: number
}
