// Takes messages in, in the order of `send`, and writes each into the open batch of its partition.
//
//   send ─> room in the buffer? ─> topic known? ─> partition ─> open batch ─(full, or due)─> line
//             no: blocked            no: waits for its topic
//
// The buffer is bounded in bytes; a send that finds no room waits in `blocked`, which is bounded in number: that is the
// back-pressure on whoever awaits `send`. Nobody overtakes: once one waits, all behind it wait.
import { RecordError, recordBytesMax } from '@castellan/protocol/records'
import { CastellanError } from '../errors.ts'
import { Fifo } from '../fifo.ts'
import type { KafkaClient } from '../kafka/client.ts'
import type { ProducerBatch } from './batch.ts'
import type { ProducerOptions } from './options.ts'
import { keyPartition } from './partitioner.ts'
import { type PartitionQueue, TopicQueues } from './queue.ts'
import { recordOf, sizeOf } from './record.ts'
import type { OutgoingMessage, ProducedRecord, Sent } from './types.ts'

type Resolve = (sent: Sent) => void
type Reject = (error: unknown) => void

/** A send that waits for room, or for its topic to be known. */
interface Waiting {
  readonly message: OutgoingMessage
  readonly resolve: Resolve
  readonly reject: Reject
  readonly ticket: number
  readonly sentAtMs: number
  readonly bytes: number
}

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
  readonly #unknown = new Map<string, Fifo<Waiting>>()
  readonly #blocked = new Fifo<Waiting>()
  /** Batches whose sends are not settled, in the order made. */
  readonly #unsettled = new Set<ProducerBatch>()
  readonly #stop = new AbortController()
  #bufferedBytes = 0
  #tickets = 0

  constructor(client: KafkaClient, options: ProducerOptions, hooks: AccumulatorHooks) {
    this.#client = client
    this.#options = options
    this.#hooks = hooks
  }

  /** Sends wait for room: what is there should leave, whatever linger says. */
  get isFull(): boolean {
    return this.#blocked.length > 0
  }

  get unsettled(): ReadonlySet<ProducerBatch> {
    return this.#unsettled
  }

  get isIdle(): boolean {
    return this.#unsettled.size === 0 && this.#unknown.size === 0 && this.#blocked.length === 0
  }

  /** Number of the latest send. */
  get ticket(): number {
    return this.#tickets
  }

  /** Number of the earliest send that is not settled. */
  get oldestTicket(): number {
    let oldest = this.#blocked.peek()?.ticket ?? Number.POSITIVE_INFINITY
    for (const waiting of this.#unknown.values()) oldest = Math.min(oldest, waiting.peek()?.ticket ?? oldest)
    for (const { ticket } of this.#unsettled) oldest = Math.min(oldest, ticket)
    return oldest
  }

  /** Takes a message in, or makes it wait. `reject` gets MESSAGE_INVALID, MESSAGE_TOO_LARGE, PARTITION_UNKNOWN, BUFFER_FULL or TOPIC_UNKNOWN. */
  add(message: OutgoingMessage, resolve: Resolve, reject: Reject): void {
    const ticket = ++this.#tickets
    if (this.#blocked.length === 0 && this.#bufferedBytes < this.#options.bufferBytes) {
      return this.#place(message, resolve, reject, ticket)
    }
    if (this.#blocked.length >= blockedMax) {
      const text = `${blockedMax} sends wait for room in a buffer of ${this.#options.bufferBytes} bytes`
      return reject(new CastellanError('BUFFER_FULL', text))
    }
    this.#blocked.push(this.#waiting(message, resolve, reject, ticket))
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
    for (const blocked of expired(this.#blocked, sentBeforeMs)) blocked.reject(error('there was no room in the buffer'))
    for (const [topic, waiting] of this.#unknown) {
      for (const one of expired(waiting, sentBeforeMs)) {
        one.reject(error(`nobody could tell about topic '${topic}'`))
        this.#free(one.bytes)
      }
    }
  }

  /** Since when the first send waits for its topic to be told, and which. */
  get waitsForTopic(): { topic: string; sinceMs: number } | undefined {
    for (const [topic, waiting] of this.#unknown) {
      const first = waiting.peek()
      if (first !== undefined) return { topic, sinceMs: first.sentAtMs }
    }
    return undefined
  }

  close(): void {
    this.#stop.abort(new CastellanError('CLOSED', 'the producer was closed'))
  }

  // ------------------------------------------------------------ inside

  #waiting(message: OutgoingMessage, resolve: Resolve, reject: Reject, ticket: number): Waiting {
    return { message, resolve, reject, ticket, sentAtMs: this.#client.runtime.clock.nowMs(), bytes: sizeOf(message) }
  }

  #place(message: OutgoingMessage, resolve: Resolve, reject: Reject, ticket: number, sentAtMs?: number): void {
    const topic = this.#topics.get(message.topic)
    if (topic === undefined || topic.topic.gone) return this.#awaitTopic(message, resolve, reject, ticket)
    try {
      const partition = this.#partitionOf(message, topic)
      this.#append(topic.get(partition), message, resolve, reject, ticket, sentAtMs)
    } catch (error) {
      reject(
        error instanceof RecordError ? new CastellanError('MESSAGE_INVALID', error.message, { cause: error }) : error,
      )
    }
  }

  #partitionOf(message: OutgoingMessage, { topic, sticky }: TopicQueues): number {
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
    message: OutgoingMessage,
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

  #checkSize(queue: PartitionQueue, message: OutgoingMessage, record: ProducedRecord, bytes: number): void {
    const max = messageBytesMax(queue)
    // A character takes three bytes of UTF-8 at most, so most messages need no exact count.
    if (3 * bytes + batchHeaderBytes <= max) return
    const exact = recordBytesMax(record) + batchHeaderBytes
    if (exact <= max || this.#options.compression !== 'none') return
    const text = `a message of ${exact} bytes is too large for topic '${message.topic}', which takes ${max}`
    throw new CastellanError('MESSAGE_TOO_LARGE', text)
  }

  // ------------------------------------------------------------ waiting

  #awaitTopic(message: OutgoingMessage, resolve: Resolve, reject: Reject, ticket: number): void {
    const name = message.topic
    const waiting = this.#waiting(message, resolve, reject, ticket)
    this.#bufferedBytes += waiting.bytes
    const others = this.#unknown.get(name)
    if (others !== undefined) return others.push(waiting)
    const queue = new Fifo<Waiting>()
    queue.push(waiting)
    this.#unknown.set(name, queue)
    void this.#findTopic(name, queue)
  }

  async #findTopic(name: string, waiting: Fifo<Waiting>): Promise<void> {
    const { metadata, view, runtime } = this.#client
    while (waiting.length > 0) {
      try {
        const options = { timeoutMs: this.#options.deliveryTimeoutMs, signal: this.#stop.signal }
        this.#topics.set(name, new TopicQueues(await metadata.topic(name, options), view, runtime.random))
        this.#unknown.delete(name)
        this.#placeAll(waiting)
      } catch (error) {
        // Nobody could tell: `expire` has ended those who waited long enough, and others go on waiting.
        if (error instanceof CastellanError && error.code === 'REQUEST_TIMEOUT') continue
        this.#rejectAll(waiting, error)
        this.#hooks.onUnknown(name)
      }
    }
    if (this.#unknown.get(name) === waiting) this.#unknown.delete(name)
  }

  #placeAll(waiting: Fifo<Waiting>): void {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      this.#bufferedBytes -= one.bytes
      this.#place(one.message, one.resolve, one.reject, one.ticket, one.sentAtMs)
    }
    this.#free(0)
  }

  #rejectAll(waiting: Fifo<Waiting>, error: unknown): void {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      one.reject(error)
      this.#free(one.bytes)
    }
  }

  #free(bytes: number): void {
    this.#bufferedBytes -= bytes
    while (this.#blocked.length > 0 && this.#bufferedBytes < this.#options.bufferBytes) {
      const { message, resolve, reject, ticket, sentAtMs } = this.#blocked.shift()!
      this.#place(message, resolve, reject, ticket, sentAtMs)
    }
  }
}

const batchHeaderBytes = 61

/** Takes out what waits since before `sentBeforeMs`. */
function expired(waiting: Fifo<Waiting>, sentBeforeMs: number): Waiting[] {
  const taken: Waiting[] = []
  for (let first = waiting.peek(); first !== undefined && first.sentAtMs <= sentBeforeMs; first = waiting.peek()) {
    taken.push(waiting.shift()!)
  }
  return taken
}

function messageBytesMax(queue: PartitionQueue): number {
  const said = queue.topic.configs['max.message.bytes']
  return said === undefined ? messageBytesMaxDefault : Number(said)
}
