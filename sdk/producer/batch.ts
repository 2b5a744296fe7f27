// A batch of one partition from its first record to its end: records are written into it as they are sent, and it settles the
// promise of each send when the broker has answered.
import {
  BatchBuilder,
  type BatchOptions,
  type Compression,
  iterateRecords,
  patchProducer,
} from '@castellan/protocol/records'
import type { CastellanError } from '../errors.ts'
import type { Identity, LineBatch } from './line.ts'
import type { PartitionQueue } from './queue.ts'
import type { ProducedRecord, Sent } from './types.ts'

type Resolve = (sent: Sent) => void
type Reject = (error: CastellanError) => void

export class ProducerBatch implements LineBatch {
  readonly queue: PartitionQueue
  /** When its first message was sent: from then on the delivery timeout counts. */
  readonly sentAtMs: number
  /** Number of its first send, to know what a flush has to wait for. */
  readonly ticket: number
  order = -1
  identity: Identity | null = null
  sequence = -1
  recordCount = 0
  /** Why the last try failed. */
  lastError: CastellanError | null = null
  /** What it takes of the producer's buffer. */
  bufferedBytes = 0
  /** The request that it is in flight with: an answer to another one does not count. */
  flight: object | null = null
  /** A try ended without a clear refusal: the log may have it. */
  maybeWritten = false
  #builder: BatchBuilder | null
  /** resolve, reject, resolve, reject, ...: one array, for there are many. */
  #settlers: (Resolve | Reject)[] = []
  #bytes: Uint8Array | null = null
  #bytesFor: Identity | null = null

  constructor(queue: PartitionQueue, sentAtMs: number, ticket: number, capacityBytes: number) {
    this.queue = queue
    this.sentAtMs = sentAtMs
    this.ticket = ticket
    this.#builder = new BatchBuilder(capacityBytes)
  }

  /** Bytes before compression. */
  get bytes(): number {
    return this.#builder?.bytes ?? this.#bytes?.length ?? 0
  }

  /** Throws a RecordError, and adds nothing, for what is no record. */
  append(record: ProducedRecord, resolve: Resolve, reject: Reject): void {
    this.#builder!.append(record)
    this.recordCount++
    this.#settlers.push(resolve, reject)
  }

  /** As it goes out under its present identity and sequence; made once, and again only after a new identity (KIP-360). */
  encoded(compression: Compression): Uint8Array {
    const producer = producerOf(this.identity, this.sequence)
    if (this.#bytes === null) {
      this.#bytes = this.#builder!.build({ compression, ...producer })
      this.#builder = null
    } else if (this.#bytesFor !== this.identity) {
      // A copy: the connection that broke may still hold the old bytes.
      this.#bytes = this.#bytes.slice()
      patchProducer(this.#bytes, 0, producer)
    }
    this.#bytesFor = this.identity
    return this.#bytes
  }

  /** `baseOffset` -1: not known. */
  resolve(partition: number, baseOffset: number): void {
    const settlers = this.#settlers
    this.#settlers = []
    for (let index = 0; index < settlers.length; index += 2) {
      const offset = baseOffset < 0 ? -1 : baseOffset + index / 2
      ;(settlers[index] as Resolve)({ partition, offset })
    }
  }

  reject(error: CastellanError): void {
    const settlers = this.#settlers
    this.#settlers = []
    for (let index = 1; index < settlers.length; index += 2) (settlers[index] as Reject)(error)
  }

  /** Two batches with half of the records each, for a broker that finds this one too large. */
  split(): [ProducerBatch, ProducerBatch] {
    const half = Math.ceil(this.recordCount / 2)
    const make = () => new ProducerBatch(this.queue, this.sentAtMs, this.ticket, Math.ceil(this.bytes / 2))
    const parts: [ProducerBatch, ProducerBatch] = [make(), make()]
    let index = 0
    for (const record of iterateRecords(this.#bytes!, 0)) {
      const [resolve, reject] = [this.#settlers[2 * index] as Resolve, this.#settlers[2 * index + 1] as Reject]
      parts[index < half ? 0 : 1].append(record, resolve, reject)
      index++
    }
    this.#settlers = []
    return parts
  }
}

const nobody = { producerId: -1, producerEpoch: -1, baseSequence: -1 }

function producerOf(identity: Identity | null, sequence: number): typeof nobody & BatchOptions {
  if (identity === null) return nobody
  return { producerId: identity.producerId, producerEpoch: identity.producerEpoch, baseSequence: sequence }
}
