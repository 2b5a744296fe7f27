// Takes messages in, in the order of `send`, and writes each into the open batch of its partition.
//
//   send ─> room in the buffer? ─> topic known? ─> partition ─> open batch ─(full, or due)─> line
//             no: blocked            no: waits for its topic
//
// The buffer is bounded in bytes; a send that finds no room waits in `Blocked`, which is bounded in number: that is the
// back-pressure on whoever awaits `send`. Nobody overtakes: once one waits, all behind it wait.

import type { Fifo } from '@castellan/protocol'
import { recordBytesMax } from '@castellan/protocol/records'
import { CastellanError } from '../errors.ts'
import type { KafkaClient } from '../kafka/client.ts'
import type { TopicView } from '../kafka/view.ts'
import type { ProducerBatch } from './batch.ts'
import { Blocked } from './blocked.ts'
import type { ProducerOptions } from './options.ts'
import { keyPartition } from './partitioner.ts'
import { type PartitionQueue, TopicQueues } from './queue.ts'
import { recordOf, sizeOf, unsendable } from './record.ts'
import { type TopicWait, TopicWaits } from './topic-waits.ts'
import type { PlainMessage, ProducedRecord, Settlers } from './types.ts'

type Resolve = Settlers['resolve']
type Reject = Settlers['reject']

export interface AccumulatorHooks {
  /** The queue has something that it had not before. */
  readonly onReady: (queue: PartitionQueue) => void
  /** There is no such topic: what waited for it was rejected. */
  readonly onUnknown: (topic: string) => void
}

const blockedMax = 100_000
/** What Kafka takes where the topic says nothing else. */
const messageBytesMaxDefault = 1_048_588

export class Accumulator {
  readonly #client: KafkaClient
  readonly #options: ProducerOptions
  readonly #hooks: AccumulatorHooks
  readonly #topics = new Map<string, TopicQueues>()
  readonly #unknown: TopicWaits
  readonly #blocked = new Blocked()
  /** Batches whose sends are not settled, in the order made. */
  readonly #unsettled = new Set<ProducerBatch>()
  #bufferedBytes = 0
  #tickets = 0

  constructor(client: KafkaClient, options: ProducerOptions, hooks: AccumulatorHooks) {
    this.#client = client
    this.#options = options
    this.#hooks = hooks
    this.#unknown = new TopicWaits(client, options.deliveryTimeoutMs, {
      onFound: (topic, waits) => this.#found(topic, waits),
      onRejected: ({ bytes }) => this.#free(bytes),
      onUnknown: hooks.onUnknown,
    })
  }

  /** A message would be taken in now. */
  get hasRoom(): boolean {
    return this.#blocked.length === 0 && this.#bufferedBytes < this.#options.bufferBytes
  }

  /** Sends wait for room: what is there should leave, whatever linger says. */
  get isFull(): boolean {
    return this.#blocked.length > 0
  }

  get unsettled(): ReadonlySet<ProducerBatch> {
    return this.#unsettled
  }

  get isIdle(): boolean {
    return this.#unsettled.size === 0 && this.#unknown.isEmpty && this.#blocked.length === 0
  }

  /** Number of the latest send. */
  get ticket(): number {
    return this.#tickets
  }

  /** Number of the earliest send that is not settled. */
  get oldestTicket(): number {
    let oldest = Math.min(this.#blocked.ticket ?? Number.POSITIVE_INFINITY, this.#unknown.oldestTicket)
    for (const { ticket } of this.#unsettled) oldest = Math.min(oldest, ticket)
    return oldest
  }

  /** Takes a message in, or makes it wait. `reject` gets MESSAGE_INVALID, MESSAGE_TOO_LARGE, PARTITION_UNKNOWN, BUFFER_FULL or TOPIC_UNKNOWN. */
  add(message: PlainMessage, resolve: Resolve, reject: Reject): void {
    const ticket = ++this.#tickets
    if (this.hasRoom) return this.#place(message, resolve, reject, ticket)
    this.#block([message], 0, always({ resolve, reject }), ticket)
  }

  /** Takes a list in, as `add` does one after another; what finds no room enters as room comes. */
  addAll(messages: readonly PlainMessage[], settlersOf: (index: number) => Settlers): void {
    const ticket = ++this.#tickets
    let next = 0
    while (next < messages.length && this.hasRoom) {
      const { resolve, reject } = settlersOf(next)
      this.#place(messages[next++]!, resolve, reject, ticket)
    }
    if (next < messages.length) this.#block(messages, next, settlersOf, ticket)
  }

  /** A batch is at its end, its sends are settled. */
  settled(batch: ProducerBatch): void {
    this.#unsettled.delete(batch)
    this.#free(batch.bufferedBytes)
  }

  /** Its parts take its place. */
  replaced(batch: ProducerBatch, parts: readonly ProducerBatch[]): void {
    this.#unsettled.delete(batch)
    for (const part of parts) {
      part.bufferedBytes = batch.bufferedBytes / parts.length
      this.#unsettled.add(part)
    }
  }

  /** Rejects what waits in front of the batches since before `sentAtMs`. */
  expire(sentBeforeMs: number, error: (what: string) => CastellanError): void {
    for (let one = this.#blocked.shiftExpired(sentBeforeMs); one; one = this.#blocked.shiftExpired(sentBeforeMs)) {
      one.settlers.reject(error('there was no room in the buffer'))
    }
    this.#unknown.expire(sentBeforeMs, error)
  }

  /** Since when the first send waits for its topic to be told, and which. */
  get waitsForTopic(): { topic: string; sinceMs: number } | undefined {
    return this.#unknown.first
  }

  close(): void {
    this.#unknown.close()
  }

  // ------------------------------------------------------------ inside

  #block(
    messages: readonly PlainMessage[],
    from: number,
    settlersOf: (index: number) => Settlers,
    ticket: number,
  ): void {
    if (this.#blocked.length < blockedMax) {
      return this.#blocked.push(messages, from, settlersOf, ticket, this.#client.runtime.clock.nowMs())
    }
    const text = `${blockedMax} sends wait for room in a buffer of ${this.#options.bufferBytes} bytes`
    for (let index = from; index < messages.length; index++) {
      settlersOf(index).reject(new CastellanError('BUFFER_FULL', text))
    }
  }

  #place(message: PlainMessage, resolve: Resolve, reject: Reject, ticket: number, sentAtMs?: number): void {
    const topic = this.#topics.get(message.topic)
    if (topic === undefined || topic.topic.gone) return this.#awaitTopic(message, resolve, reject, ticket, sentAtMs)
    try {
      const partition = this.#partitionOf(message, topic)
      this.#append(topic.get(partition), message, resolve, reject, ticket, sentAtMs)
    } catch (error) {
      reject(error instanceof CastellanError ? error : unsendable(error))
    }
  }

  #partitionOf(message: PlainMessage, { topic, sticky }: TopicQueues): number {
    const { partition, key } = message
    if (partition === undefined) {
      return key === undefined || key === null ? sticky.partition() : keyPartition(key, topic.partitions.length)
    }
    if (Number.isInteger(partition) && partition >= 0 && partition < topic.partitions.length) return partition
    // Perhaps it was added a moment ago.
    this.#client.metadata.refresh()
    const text = `topic '${topic.name}' has partitions 0 to ${topic.partitions.length - 1}, not ${partition}`
    throw new CastellanError('PARTITION_UNKNOWN', text)
  }

  #append(
    queue: PartitionQueue,
    message: PlainMessage,
    resolve: Resolve,
    reject: Reject,
    ticket: number,
    sentAtMs?: number,
  ): void {
    const record = recordOf(message, this.#client.runtime.clock.wallMs())
    const bytes = sizeOf(message)
    this.#checkSize(queue, message, record, bytes)
    if (queue.open !== null && queue.open.bytes + bytes > this.#batchBytes(queue)) queue.closeBatch()
    const isNew = queue.open === null
    const batch = queue.open ?? queue.openBatch(sentAtMs ?? this.#client.runtime.clock.nowMs(), ticket)
    try {
      batch.append(record, resolve, reject)
    } catch (error) {
      if (batch.recordCount === 0) queue.open = null
      throw error
    }
    this.#bufferedBytes += batch.bytes - batch.bufferedBytes
    batch.bufferedBytes = batch.bytes
    if (!isNew) return
    this.#unsettled.add(batch)
    this.#hooks.onReady(queue)
  }

  #batchBytes(queue: PartitionQueue): number {
    return Math.min(this.#options.batchBytes, messageBytesMax(queue))
  }

  #checkSize(queue: PartitionQueue, message: PlainMessage, record: ProducedRecord, bytes: number): void {
    const max = messageBytesMax(queue)
    // A character takes three bytes of UTF-8 at most, so most messages need no exact count.
    if (3 * bytes + batchHeaderBytes <= max) return
    const exact = recordBytesMax(record) + batchHeaderBytes
    if (exact <= max || this.#options.compression !== 'none') return
    const text = `a message of ${exact} bytes is too large for topic '${message.topic}', which takes ${max}`
    throw new CastellanError('MESSAGE_TOO_LARGE', text)
  }

  // ------------------------------------------------------------ waiting

  #awaitTopic(
    message: PlainMessage,
    resolve: Resolve,
    reject: Reject,
    ticket: number,
    sentAtMs = this.#client.runtime.clock.nowMs(),
  ): void {
    const bytes = sizeOf(message)
    this.#bufferedBytes += bytes
    this.#unknown.add({ message, settlers: { resolve, reject }, ticket, sentAtMs, bytes })
  }

  #found(topic: TopicView, waits: Fifo<TopicWait>): void {
    this.#topics.set(topic.name, new TopicQueues(topic, this.#client.view, this.#client.runtime.random))
    for (let one = waits.shift(); one !== undefined; one = waits.shift()) {
      const { message, settlers, ticket, sentAtMs, bytes } = one
      this.#bufferedBytes -= bytes
      this.#place(message, settlers.resolve, settlers.reject, ticket, sentAtMs)
    }
    this.#free(0)
  }

  #free(bytes: number): void {
    this.#bufferedBytes -= bytes
    while (this.#blocked.length > 0 && this.#bufferedBytes < this.#options.bufferBytes) {
      const { message, settlers, ticket, sentAtMs } = this.#blocked.shift()!
      this.#place(message, settlers.resolve, settlers.reject, ticket, sentAtMs)
    }
  }
}

const batchHeaderBytes = 61

/** Apart from `add`, which would otherwise make room for a closure at each call. */
function always(settlers: Settlers): () => Settlers {
  return () => settlers
}

function messageBytesMax(queue: PartitionQueue): number {
  const said = queue.topic.configs['max.message.bytes']
  return said === undefined ? messageBytesMaxDefault : Number(said)
}
