// Sends what the queues hold, to whoever leads.
//
//   ready queues ──drain──> one request for each leader (one batch of a partition in it) ──> Outcomes
//
// A drain runs at the end of a turn, so sends of one turn leave together; while `inFlightMax` requests are out, records
// gather in batches by themselves. Requests of a broker go over one connection in order, so batches of a partition
// arrive in order; what happens when one comes back is Line's business.
import { groupBy, produce, type RequestInput } from '@castellan/protocol'
import type { Timer } from '@castellan/protocol/runtime'
import { CastellanError } from '../errors.ts'
import type { KafkaClient } from '../kafka/client.ts'
import type { AckLevel, PartitionView } from '../kafka/view.ts'
import type { Accumulator } from './accumulator.ts'
import type { ProducerBatch } from './batch.ts'
import type { Identities } from './identities.ts'
import type { ProducerOptions } from './options.ts'
import type { Flight, Outcomes, ProduceResponse } from './outcomes.ts'
import type { PartitionQueue } from './queue.ts'
import { unsendable } from './record.ts'

/** As many batches of a producer and partition as a leader remembers (idempotence). */
const inFlightMax = 5

export class Sender {
  readonly #client: KafkaClient
  readonly #options: ProducerOptions
  readonly #accumulator: Accumulator
  readonly #identities: Identities
  readonly #lane: string
  readonly #outcomes: Outcomes
  readonly #ready = new Set<PartitionQueue>()
  /** Requests under way by broker. */
  readonly #inFlight = new Map<number, number>()
  #isWoken = false
  #timer: Timer | null = null
  /** Everything leaves at once: somebody flushes, or the producer closes. */
  hurry = 0

  constructor(
    client: KafkaClient,
    options: ProducerOptions,
    accumulator: Accumulator,
    identities: Identities,
    lane: string,
    outcomes: Outcomes,
  ) {
    this.#client = client
    this.#options = options
    this.#accumulator = accumulator
    this.#identities = identities
    this.#lane = lane
    this.#outcomes = outcomes
  }

  /** The queue has something to send. */
  add(queue: PartitionQueue): void {
    this.#ready.add(queue)
    this.wake()
  }

  /**
   * Somebody else leads: what is in flight to the old leader is taken back. It can acknowledge nothing more at Ack -1 (R5), and should it
   * have written the batches, the new leader knows them by their sequence. What has none (Ack 0) would stand twice: it stays on its way.
   */
  viewChanged(): void {
    for (const { queue, flight, identity } of this.#accumulator.unsettled) {
      if (flight === null || identity === null) continue
      const leader = queue.topic.partitions[queue.partition]!
      if (leader.leader >= 0 && leader.leader !== queue.sentTo.leader) this.#outcomes.recall(queue)
    }
    this.wake()
  }

  /** Looks at the end of this turn what can leave. */
  wake(): void {
    if (this.#isWoken) return
    this.#isWoken = true
    this.#client.runtime.clock.soon(() => this.#drain())
  }

  close(): void {
    this.#timer?.cancel()
    this.#ready.clear()
  }

  // ------------------------------------------------------------ out

  #drain(): void {
    this.#isWoken = false
    this.#timer?.cancel()
    this.#timer = null
    const nowMs = this.#client.runtime.clock.nowMs()
    for (;;) {
      const flights = new Map<string, Flight>()
      let wakeMs = Number.POSITIVE_INFINITY
      for (const queue of [...this.#ready]) wakeMs = Math.min(wakeMs, this.#take(queue, flights, nowMs))
      if (flights.size === 0) return this.#wakeAt(wakeMs, nowMs)
      for (const flight of flights.values()) void this.#send(flight)
    }
  }

  #wakeAt(wakeMs: number, nowMs: number): void {
    if (wakeMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#client.runtime.clock.after(Math.max(0, wakeMs - nowMs), () => this.wake())
  }

  /** Puts the queue's next batch into a flight, if it may leave. Returns when to look again; infinite: when something happens. */
  #take(queue: PartitionQueue, flights: Map<string, Flight>, nowMs: number): number {
    if (queue.isEmpty) {
      this.#ready.delete(queue)
      return Number.POSITIVE_INFINITY
    }
    const leader = this.#leaderOf(queue)
    if (leader === undefined) return Number.POSITIVE_INFINITY
    const notBeforeMs = this.#notBeforeMs(queue, leader)
    if (notBeforeMs > nowMs) return notBeforeMs
    if (queue.line.waiting.length === 0) queue.closeBatch()
    const flight = this.#flightFor(queue, leader.leader, flights)
    if (flight === undefined) return Number.POSITIVE_INFINITY
    const batch = queue.line.take(this.#options.idempotent && flight.acks !== 0 ? this.#identities : null)
    if (batch === undefined) {
      if (queue.line.ready) queue.problem = this.#identities.problem
      return Number.POSITIVE_INFINITY
    }
    // To the end, so that nobody is always last.
    this.#ready.delete(queue)
    if (!queue.isEmpty) this.#ready.add(queue)
    queue.sentTo = leader
    batch.flight = flight
    flight.batches.push(batch)
    flight.bytes += batch.bytes
    flights.set(keyOf(flight), flight)
    return Number.POSITIVE_INFINITY
  }

  #leaderOf(queue: PartitionQueue): PartitionView | undefined {
    const { topic, partition } = queue
    if (topic.gone) {
      this.#endTopic(queue)
      return undefined
    }
    const leader = topic.partitions[partition]!
    if (leader.leader < 0 || !this.#client.view.brokers.has(leader.leader)) {
      queue.problem = leader.leader < 0 ? 'nobody leads it' : `its leader, broker ${leader.leader}, is down`
      this.#client.metadata.refresh()
      return undefined
    }
    return leader
  }

  #notBeforeMs(queue: PartitionQueue, leader: PartitionView): number {
    const retryMs = queue.notBeforeMs(leader)
    const isDue = queue.line.waiting.length > 0 || this.hurry > 0 || this.#accumulator.isFull
    return isDue ? retryMs : Math.max(retryMs, queue.open!.sentAtMs + this.#options.lingerMs)
  }

  /** The flight that the queue's next batch may join; undefined: it has to wait. */
  #flightFor(queue: PartitionQueue, broker: number, flights: Map<string, Flight>): Flight | undefined {
    const next = queue.line.waiting[0]
    if (next === undefined || !queue.line.ready) return undefined
    const level = queue.topic.ackLevel ?? this.#options.ackLevel
    const { inFlight } = queue.line
    // What has no sequence keeps its order on one connection only, and never when it may be sent again.
    const isBehind = inFlight.some(({ identity }) => identity === null)
    if (isBehind && (!this.#options.idempotent || queue.sentTo.leader !== broker)) return undefined
    // Nor behind what may come back: the leader refuses none for what is missing before it.
    if (level === 0 && next.identity === null && inFlight.some(({ identity }) => identity !== null)) return undefined
    // A batch that left with a sequence goes on with it, though the topic is at Ack 0 by now.
    const acks = level === 0 && next.identity !== null ? -1 : level
    const key = keyOf({ broker, acks })
    const flight = flights.get(key)
    if (flight !== undefined) return flight.bytes + next.bytes <= this.#options.requestBytesMax ? flight : undefined
    const started = [...flights.values()].filter((other) => other.broker === broker).length
    if ((this.#inFlight.get(broker) ?? 0) + started >= inFlightMax) return undefined
    return { broker, acks, batches: [], bytes: 0 }
  }

  async #send(flight: Flight): Promise<void> {
    const { broker, acks } = flight
    this.#inFlight.set(broker, (this.#inFlight.get(broker) ?? 0) + 1)
    const { requestTimeoutMs } = this.#options
    try {
      const body = this.#bodyOf(flight)
      const options = { broker, lane: this.#lane, timeoutMs: requestTimeoutMs, unanswered: acks === 0, versionMin: 3 }
      const answer: ProduceResponse | undefined = await this.#client.dispatch(produce, body, options)
      if (answer === undefined) this.#outcomes.left(flight)
      else this.#outcomes.answered(flight, answer)
    } catch (error) {
      this.#outcomes.broken(flight, error instanceof CastellanError ? error : unsendable(error))
    } finally {
      this.#inFlight.set(broker, this.#inFlight.get(broker)! - 1)
      this.wake()
    }
  }

  #bodyOf(flight: Flight): RequestInput<typeof produce> {
    const topicData = []
    for (const [topic, batches] of groupBy(flight.batches, ({ queue }) => queue.topic)) {
      const partitionData = batches.map((batch) => ({ index: batch.queue.partition, records: this.#encode(batch) }))
      topicData.push({ name: topic.name, topicId: topic.id, partitionData })
    }
    // The broker gives up first, so that its answer arrives.
    const timeoutMs = Math.ceil(this.#options.requestTimeoutMs * 0.8)
    return { transactionalId: null, acks: flight.acks, timeoutMs, topicData }
  }

  #encode(batch: ProducerBatch): Uint8Array {
    try {
      return batch.encoded(this.#options.compression)
    } catch (error) {
      throw unsendable(error)
    }
  }

  #endTopic(queue: PartitionQueue): void {
    const { topic, line } = queue
    queue.closeBatch()
    for (const batch of [...line.waiting]) {
      this.#outcomes.giveUp(
        batch,
        new CastellanError('TOPIC_DELETED', `topic '${topic.name}' (${topic.id}) was deleted`),
      )
    }
  }
}

function keyOf({ broker, acks }: { broker: number; acks: AckLevel }): string {
  return `${broker}/${acks}`
}
