// A message as a consumer sees it, and how messages are read from the record batches of a Fetch answer.
import {
  type BatchHeader,
  batchBytes,
  isControl,
  iterateRecords,
  type Rec,
  type RecHeader,
  RecordError,
  readBatchHeader,
  verifyCrc,
} from '@castellan/protocol/records'
import { CastellanError } from '../errors.ts'

/** Key, value and headers are bytes as they were sent; the text getters read them as UTF-8. */
export class Message {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly offset: number
  /** Under which it was written. */
  readonly leaderEpoch: number
  /** ms since 1970: the producer's, or the broker's where the topic says LogAppendTime. */
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** In the order sent; a name may come more than once. */
  readonly headers: readonly RecHeader[]

  constructor(source: MessageSource, leaderEpoch: number, record: Rec) {
    this.topic = source.topic
    this.topicId = source.topicId
    this.partition = source.partition
    this.offset = record.offset
    this.leaderEpoch = leaderEpoch
    this.timestampMs = record.timestamp
    this.key = record.key
    this.value = record.value
    this.headers = record.headers
  }

  get keyText(): string | null {
    return textOf(this.key)
  }

  get text(): string | null {
    return textOf(this.value)
  }

  /** The value, parsed. Throws SyntaxError when it is no JSON. */
  json(): unknown {
    return JSON.parse(this.text ?? 'null')
  }

  /** The text of the last header of that name; undefined: there is none. */
  header(name: string): string | null | undefined {
    const found = this.headers.findLast(({ key }) => key === name)
    return found === undefined ? undefined : textOf(found.value)
  }
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}

export interface MessageSource {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
}

/**
 * Reads messages from the batches of a Fetch answer, from `offset` on: a fetch from the middle of a batch gets all of it, and the
 * last batch may be cut off (KIP-74). Batches are checked and opened one by one, when their turn comes.
 */
export class MessageReader {
  readonly #source: MessageSource
  readonly #bytes: Uint8Array
  #at = 0
  #batch: BatchHeader | null = null
  #records: Iterator<Rec> | null = null
  #offset: number
  #leaderEpoch: number
  #putBack: Message | undefined
  /** What follows it would come as if nothing had been between. */
  #trouble: CastellanError | null = null

  constructor(source: MessageSource, bytes: Uint8Array, offset: number, leaderEpoch: number) {
    this.#source = source
    this.#bytes = bytes
    this.#offset = offset
    this.#leaderEpoch = leaderEpoch
  }

  /** Where to go on: after the last message given, and after batches that hold none for us. */
  get nextOffset(): number {
    return this.#offset
  }

  /** Of the batch of the last message given, or of the last batch passed. */
  get leaderEpoch(): number {
    return this.#leaderEpoch
  }

  /** The next message, or undefined at the end. Throws DATA_CORRUPT; a later call throws again. */
  next(): Message | undefined {
    const again = this.#putBack
    if (again !== undefined) {
      this.#putBack = undefined
      this.#offset = again.offset + 1
      return again
    }
    if (this.#trouble !== null) throw this.#trouble
    for (;;) {
      if (this.#records === null && !this.#openBatch()) return undefined
      const message = this.#nextOfBatch()
      if (message !== undefined) return message
    }
  }

  /** The message that `next` gave last comes again. */
  putBack(message: Message): void {
    this.#putBack = message
    this.#offset = message.offset
  }

  #nextOfBatch(): Message | undefined {
    const batch = this.#batch!
    try {
      for (let step = this.#records!.next(); step.done !== true; step = this.#records!.next()) {
        const record = step.value
        if (record.offset < this.#offset) continue
        this.#offset = record.offset + 1
        // From its first message on: what is committed in the middle of a batch was read at the batch's epoch (KIP-320).
        this.#leaderEpoch = batch.partitionLeaderEpoch
        return new Message(this.#source, batch.partitionLeaderEpoch, record)
      }
    } catch (error) {
      throw this.#corrupt(error)
    }
    // A compacted batch may end before its last offset.
    this.#leaveBatch(batch)
    return undefined
  }

  /** False: there is no further whole batch. */
  #openBatch(): boolean {
    try {
      if (this.#at + prefixBytes > this.#bytes.length) return false
      const length = batchBytes(this.#bytes, this.#at)
      if (this.#at + length > this.#bytes.length) return false
      const batch = readBatchHeader(this.#bytes, this.#at)
      if (!verifyCrc(this.#bytes, this.#at, length)) throw new Error('its checksum is wrong')
      this.#batch = batch
      if (isControl(batch.attributes)) this.#leaveBatch(batch)
      else this.#records = iterateRecords(this.#bytes, this.#at)
      this.#at += length
      return true
    } catch (error) {
      throw this.#corrupt(error)
    }
  }

  #leaveBatch(batch: BatchHeader): void {
    this.#offset = Math.max(this.#offset, batch.baseOffset + batch.lastOffsetDelta + 1)
    this.#leaderEpoch = batch.partitionLeaderEpoch
    this.#records = null
  }

  #corrupt(cause: unknown): CastellanError {
    const { topic, partition } = this.#source
    const why = cause instanceof RecordError || cause instanceof Error ? cause.message : String(cause)
    const text = `${topic}/${partition}: the batch at or after offset ${this.#offset} cannot be read: ${why}`
    this.#trouble = new CastellanError('DATA_CORRUPT', text, { cause })
    return this.#trouble
  }
}

/** Offset and length, which every batch begins with. */
const prefixBytes = 12
