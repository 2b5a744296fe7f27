// What becomes of batches that were sent: each is settled, or goes back into the line to be sent again.
//
// An answer counts for a batch only while the batch is in flight with that very request: one that was taken back, because somebody
// else leads by now, has its own way.
import type { produce, ResponseOf } from '@castellan/protocol'
import { zeroUuid } from '@castellan/protocol'
import { backoffMs, requestBackoff } from '../backoff.ts'
import { CastellanError, type ErrorCode, perhapsWritten, refusal } from '../errors.ts'
import type { KafkaClient } from '../kafka/client.ts'
import type { AckLevel } from '../kafka/view.ts'
import type { Accumulator } from './accumulator.ts'
import { type Judgement, judge } from './answers.ts'
import type { ProducerBatch } from './batch.ts'
import type { PartitionQueue } from './queue.ts'

export type ProduceResponse = ResponseOf<typeof produce>
type PartitionAnswer = ProduceResponse['responses'][number]['partitionResponses'][number]

/** A request under way. */
export interface Flight {
  readonly broker: number
  readonly acks: AckLevel
  readonly batches: ProducerBatch[]
  bytes: number
}

export interface OutcomesHooks {
  /** The queue has something to send again. */
  readonly onReturned: (queue: PartitionQueue) => void
  readonly onSettled: () => void
}

export class Outcomes {
  /** How often a partition started anew because its leader missed something (KIP-360). */
  gaps = 0
  readonly #client: KafkaClient
  readonly #accumulator: Accumulator
  readonly #hooks: OutcomesHooks

  constructor(client: KafkaClient, accumulator: Accumulator, hooks: OutcomesHooks) {
    this.#client = client
    this.#accumulator = accumulator
    this.#hooks = hooks
  }

  /** It has left, and nobody answers (Ack 0). */
  left(flight: Flight): void {
    for (const batch of flight.batches) if (batch.flight === flight) this.#written(batch, -1)
  }

  answered(flight: Flight, answer: ProduceResponse): void {
    for (const { nodeId, host, port, rack } of answer.nodeEndpoints) {
      if (!this.#client.view.brokers.has(nodeId)) this.#client.view.tellBroker({ id: nodeId, host, port, rack })
    }
    const answers = new Map<string, PartitionAnswer>()
    for (const { name, topicId, partitionResponses } of answer.responses) {
      const topic = topicId === zeroUuid ? name : topicId
      for (const one of partitionResponses) answers.set(`${topic}/${one.index}`, one)
    }
    for (const batch of flight.batches) {
      if (batch.flight !== flight) continue
      const { topic, partition } = batch.queue
      const one = answers.get(`${topic.id}/${partition}`) ?? answers.get(`${topic.name}/${partition}`)
      if (one !== undefined) {
        this.#judge(batch, one)
        continue
      }
      batch.maybeWritten = true
      this.#again(batch, new CastellanError('PROTOCOL_BROKEN', `no answer for ${topic.name}/${partition}`), true)
    }
  }

  /** The request failed as a whole: the network's trouble, or ours. */
  broken(flight: Flight, error: CastellanError): void {
    const maybeWritten = !neverLeft.has(error.code)
    this.#client.metadata.refresh()
    for (const batch of flight.batches) {
      if (batch.flight !== flight) continue
      batch.maybeWritten ||= maybeWritten
      if (error.retriable) this.#again(batch, error, false)
      else this.giveUp(batch, error)
    }
  }

  /** Ends the batch, and whatever the leader may still say of it. */
  giveUp(batch: ProducerBatch, error: CastellanError): void {
    const { queue } = batch
    if (queue.open === batch) queue.closeBatch()
    batch.flight = null
    queue.line.dropped(batch, batch.maybeWritten ? 'unknown' : 'no')
    this.#settle(batch, () => batch.reject(batch.maybeWritten ? perhapsWritten(error) : error))
  }

  /** Takes back what is in flight and can be recognised by its sequence, whatever its leader may still say. */
  recall(queue: PartitionQueue): void {
    for (const batch of queue.line.inFlight.filter(({ identity }) => identity !== null)) {
      batch.flight = null
      batch.maybeWritten = true
      queue.line.returned(batch)
    }
    this.#hooks.onReturned(queue)
  }

  // ------------------------------------------------------------ inside

  #judge(batch: ProducerBatch, answer: PartitionAnswer): void {
    const { queue } = batch
    const { errorCode, errorMessage, currentLeader } = answer
    if (errorCode === 0) return this.#written(batch, answer.baseOffset)
    const error = refusal(`Produce to ${queue.topic.name}/${queue.partition}`, errorCode, errorMessage)
    const judgement = judge(errorCode, error.retriable, batch.recordCount)
    batch.maybeWritten ||= judgement.maybeWritten
    this.#follow(batch, judgement, error, answer.baseOffset)
    if (currentLeader === null || currentLeader.leaderId < 0) return
    const { leaderId: leader, leaderEpoch } = currentLeader
    this.#client.view.tellLeader(queue.topic.id, queue.partition, { leader, leaderEpoch })
  }

  #follow(batch: ProducerBatch, { verdict, refresh }: Judgement, error: CastellanError, baseOffset: number): void {
    const { queue } = batch
    switch (verdict) {
      case 'written':
        return this.#written(batch, baseOffset)
      case 'again':
        return this.#again(batch, error, refresh)
      case 'gap':
        this.#note(batch, error)
        if (queue.line.outOfOrder(batch)) this.#gap(queue, error)
        return
      case 'fenced':
        this.#note(batch, error)
        queue.line.fenced(batch)
        return this.#gap(queue, error)
      case 'split':
        return this.#split(batch, error)
      case 'failed':
        return this.giveUp(batch, error)
    }
  }

  #gap(queue: PartitionQueue, error: CastellanError): void {
    this.gaps++
    this.#backOff(queue, error)
    const fields = { topic: queue.topic.name, partition: queue.partition, error: error.message }
    this.#client.log.warn(fields, 'the leader misses earlier messages of this producer, which goes on with a new epoch')
  }

  #split(batch: ProducerBatch, error: CastellanError): void {
    const { topic, partition, line } = batch.queue
    this.#client.log.warn(
      { topic: topic.name, partition, error: error.message },
      'a batch is too large: sending it in halves',
    )
    this.#note(batch, error)
    const parts = batch.split()
    line.split(batch, parts)
    for (const part of parts) {
      part.maybeWritten = batch.maybeWritten
      part.lastError = error
    }
    this.#accumulator.replaced(batch, parts)
  }

  #written(batch: ProducerBatch, baseOffset: number): void {
    const { queue } = batch
    queue.line.done(batch)
    queue.succeeded()
    this.#settle(batch, () => batch.resolve(queue.partition, baseOffset))
  }

  #again(batch: ProducerBatch, error: CastellanError, refresh: boolean): void {
    const { queue } = batch
    if (refresh) this.#client.metadata.refresh()
    // Those behind the first fail because it failed.
    if (queue.line.isFirst(batch)) this.#backOff(queue, error)
    this.#note(batch, error)
    queue.line.returned(batch)
  }

  #backOff(queue: PartitionQueue, error: CastellanError): void {
    const { clock, random } = this.#client.runtime
    queue.failed((failures) => clock.nowMs() + backoffMs(requestBackoff, failures, random), error.message)
  }

  /** It came back: its place is in the line again. */
  #note(batch: ProducerBatch, error: CastellanError): void {
    batch.flight = null
    batch.lastError = error
    this.#hooks.onReturned(batch.queue)
  }

  #settle(batch: ProducerBatch, settle: () => void): void {
    batch.flight = null
    settle()
    this.#accumulator.settled(batch)
    this.#hooks.onSettled()
  }
}

/** Errors of requests that reached no broker. */
const neverLeft = new Set<ErrorCode>(['CONNECT_FAILED', 'NO_BROKER', 'BUSY', 'VERSION_UNSUPPORTED', 'MESSAGE_INVALID'])
