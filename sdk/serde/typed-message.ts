// A message of a typed topic, decoded: what handlers and loops get instead of a Message.
import type { RecHeader } from '@castellan/protocol/records'
import type { Message } from '../kafka/message.ts'

export class TypedMessage<Name extends string = string, Value = unknown, Key = unknown> {
  /** Tells the messages of several topics apart. */
  readonly topic: Name
  readonly topicId: string
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch: number
  /** ms since 1970: the producer's, or the broker's where the topic says LogAppendTime. */
  readonly timestampMs: number
  readonly key: Key
  readonly value: Value
  /** In the order sent; a name may come more than once. */
  readonly headers: readonly RecHeader[]
  /** As it came: key and value as bytes. */
  readonly raw: Message

  constructor(raw: Message, key: Key, value: Value) {
    this.topic = raw.topic as Name
    this.topicId = raw.topicId
    this.partition = raw.partition
    this.offset = raw.offset
    this.leaderEpoch = raw.leaderEpoch
    this.timestampMs = raw.timestampMs
    this.key = key
    this.value = value
    this.headers = raw.headers
    this.raw = raw
  }

  /** The text of the last header of that name; undefined: there is none. */
  header(name: string): string | null | undefined {
    return this.raw.header(name)
  }
}
