// The producer as services see it.
//
//   send ─> Accumulator (partition, batch) ─> Sender (leader, request) ─> broker
//                  ▲                              │
//                  └── room, when settled ────────┘
import type { Timer } from '@castellan/protocol/runtime'
import { CastellanError, messageOf } from '../errors.ts'
import type { KafkaClient } from '../kafka/client.ts'
import { nameLengthMax } from '../options.ts'
import { Accumulator } from './accumulator.ts'
import type { ProducerBatch } from './batch.ts'
import { Identities } from './identities.ts'
import type { ProducerOptions } from './options.ts'
import { Outcomes } from './outcomes.ts'
import { Sender } from './sender.ts'
import type { OutgoingMessage, Sent } from './types.ts'

export interface ProducerHooks {
  /** The producer begins to use a topic. Returns how to end that. */
  readonly onTopic?: (topic: string) => () => void
  /** Messages wait, and why; null: they go on. */
  readonly onWaiting?: (reason: string | null) => void
  /** Why Castle or the cluster cannot be asked, if that is so. */
  readonly problem?: () => string | null
  readonly onClosed?: () => void
}

/** After how long of no progress people are told, and how often again. */
const complaint = { firstMs: 1_000, againMs: 10_000 }
const closeTimeoutMs = 10_000
const nothing = () => {}

export class Producer {
  readonly #client: KafkaClient
  readonly #options: ProducerOptions
  readonly #hooks: ProducerHooks
  readonly #identities: Identities
  readonly #accumulator: Accumulator
  readonly #outcomes: Outcomes
  readonly #sender: Sender
  readonly #lane: string
  readonly #stopWatching: () => void
  /** Topics used, and how to end that. */
  readonly #topics = new Map<string, () => void>()
  readonly #flushes = new Set<{ readonly ticket: number; readonly done: () => void }>()
  #closing: Promise<void> | null = null
  #watch: Timer | null = null
  #complainedMs = Number.NEGATIVE_INFINITY
  #isWaiting = false

  /** @internal `castellan.producer` makes it. */
  constructor(client: KafkaClient, options: ProducerOptions, hooks: ProducerHooks = {}) {
    this.#client = client
    this.#options = options
    this.#hooks = hooks
    this.#lane = client.newLane('producer')
    this.#identities = new Identities(client, () => this.#sender.wake())
    this.#accumulator = new Accumulator(client, options, {
      onReady: (queue) => this.#sender.add(queue),
      onUnknown: (topic) => this.#dropTopic(topic),
    })
    this.#outcomes = new Outcomes(client, this.#accumulator, {
      onReturned: (queue) => this.#sender.add(queue),
      onSettled: () => this.#settled(),
    })
    this.#sender = new Sender(client, options, this.#accumulator, this.#identities, this.#lane, this.#outcomes)
    this.#stopWatching = client.view.onChange(() => this.#sender.viewChanged())
  }

  /**
   * Sends a message and resolves when it is acknowledged at its topic's Ack level: with its partition and offset (-1 at Ack 0). Until
   * then it waits and tries again, through changes of leaders and restarts of anything, for `deliveryTimeoutMs`. Messages of
   * one partition are written in the order of the calls. Awaiting it is how the producer pushes back when its buffer is full.
   *
   * Throws MESSAGE_INVALID, MESSAGE_TOO_LARGE, PARTITION_UNKNOWN, TOPIC_UNKNOWN, TOPIC_DELETED, BUFFER_FULL, CLOSED, REFUSED,
   * DELIVERY_TIMEOUT (surely not written), DELIVERY_UNKNOWN (perhaps written).
   */
  send(message: OutgoingMessage): Promise<Sent> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== null) return reject(new CastellanError('CLOSED', 'the producer was closed'))
      const topic = message?.topic
      if (typeof topic !== 'string' || topic === '' || topic.length > nameLengthMax) {
        return reject(
          new CastellanError('MESSAGE_INVALID', `a message needs a topic of 1 to ${nameLengthMax} characters`),
        )
      }
      if (!this.#topics.has(topic)) this.#topics.set(topic, this.#hooks.onTopic?.(topic) ?? nothing)
      this.#accumulator.add(message, resolve, reject)
      if (this.#watch === null) this.#startWatch()
    })
  }

  /** Resolves when all that was sent before is acknowledged or has failed. Does not wait for linger, and never throws. */
  flush(): Promise<void> {
    const ticket = this.#accumulator.ticket
    if (this.#accumulator.oldestTicket > ticket) return Promise.resolve()
    this.#sender.hurry++
    this.#sender.wake()
    return new Promise((resolve) => {
      const done = () => {
        this.#sender.hurry--
        resolve()
      }
      this.#flushes.add({ ticket, done })
    })
  }

  /**
   * Takes no more messages, and waits until those sent are acknowledged, at most `timeoutMs`; then the sends of the rest
   * fail with CLOSED, or with DELIVERY_UNKNOWN where a broker may have written them. Never throws.
   */
  close(options: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.timeoutMs ?? closeTimeoutMs)
    return this.#closing
  }

  /** How often a partition started anew because its leader missed earlier messages (lost at Ack 1, R4). */
  get gaps(): number {
    return this.#outcomes.gaps
  }

  // ------------------------------------------------------------ inside

  async #close(timeoutMs: number): Promise<void> {
    const { clock } = this.#client.runtime
    let timer: Timer | undefined
    const late = new Promise<void>((resolve) => {
      timer = clock.after(timeoutMs, resolve)
    })
    await Promise.race([this.flush(), late])
    timer?.cancel()
    this.#accumulator.expire(
      Number.POSITIVE_INFINITY,
      (what) => new CastellanError('CLOSED', `the producer was closed while ${what}`),
    )
    for (const batch of [...this.#accumulator.unsettled]) this.#end(batch, 'CLOSED', 'the producer was closed')
    this.#accumulator.close()
    this.#identities.close()
    this.#sender.close()
    this.#watch?.cancel()
    this.#stopWatching()
    this.#client.closeLane(this.#lane)
    for (const topic of [...this.#topics.keys()]) this.#dropTopic(topic)
    this.#hooks.onClosed?.()
  }

  #dropTopic(topic: string): void {
    this.#topics.get(topic)?.()
    this.#topics.delete(topic)
  }

  #settled(): void {
    if (this.#flushes.size === 0) return
    const oldest = this.#accumulator.oldestTicket
    for (const flush of [...this.#flushes]) {
      if (oldest <= flush.ticket) continue
      this.#flushes.delete(flush)
      flush.done()
    }
  }

  // ------------------------------------------------------------ time

  /** While something is not settled: ends what is too old, and says what stands in the way. */
  #startWatch(): void {
    const everyMs = Math.min(complaint.firstMs, this.#options.deliveryTimeoutMs / 4)
    this.#watch = this.#client.runtime.clock.after(everyMs, () => {
      this.#watch = null
      this.#look()
      if (!this.#accumulator.isIdle) this.#startWatch()
    })
  }

  #look(): void {
    const nowMs = this.#client.runtime.clock.nowMs()
    const sentBeforeMs = nowMs - this.#options.deliveryTimeoutMs
    const within = `within ${this.#options.deliveryTimeoutMs} ms`
    this.#accumulator.expire(
      sentBeforeMs,
      (what) => new CastellanError('DELIVERY_TIMEOUT', `not delivered ${within}: ${what}`),
    )
    for (const batch of [...this.#accumulator.unsettled]) {
      // What is in flight is answered or breaks within the request timeout.
      if (batch.sentAtMs <= sentBeforeMs && batch.flight === null)
        this.#end(batch, 'DELIVERY_TIMEOUT', `not delivered ${within}`)
    }
    this.#settled()
    this.#complain(nowMs)
  }

  #end(batch: ProducerBatch, code: 'CLOSED' | 'DELIVERY_TIMEOUT', text: string): void {
    const { topic, partition, problem } = batch.queue
    const reason = batch.lastError === null ? problem : messageOf(batch.lastError)
    const maybe = batch.maybeWritten || batch.flight !== null
    const full = `${topic.name}/${partition}: ${text}${reason === null ? '' : ` (${reason})`}`
    const details = batch.lastError === null ? {} : { cause: batch.lastError }
    const error = new CastellanError(maybe ? 'DELIVERY_UNKNOWN' : code, full, details)
    this.#outcomes.giveUp(batch, maybe ? perhapsWritten(error) : error)
  }

  #complain(nowMs: number): void {
    const stalled = this.#stalled(nowMs)
    if (stalled === undefined) {
      if (this.#isWaiting) this.#hooks.onWaiting?.(null)
      if (this.#isWaiting) this.#client.log.info({}, 'messages are being delivered again')
      this.#isWaiting = false
      this.#complainedMs = Number.NEGATIVE_INFINITY
      return
    }
    if (nowMs - this.#complainedMs < complaint.againMs) return
    this.#complainedMs = nowMs
    this.#isWaiting = true
    this.#client.log.warn(
      { ...stalled, unsettledBatches: this.#accumulator.unsettled.size },
      'messages wait to be delivered',
    )
    this.#hooks.onWaiting?.(`${stalled.where}: ${stalled.reason}`)
  }

  /** What has waited longest, if that is long, and why. */
  #stalled(nowMs: number): { where: string; reason: string; waitsMs: number } | undefined {
    const outside = this.#hooks.problem?.() ?? null
    const unknown = this.#accumulator.waitsForTopic
    if (unknown !== undefined && nowMs - unknown.sinceMs >= complaint.firstMs) {
      const { lastError } = this.#client.metadata
      const reason = outside ?? (lastError === null ? 'nobody told about it yet' : messageOf(lastError))
      return { where: unknown.topic, reason, waitsMs: Math.round(nowMs - unknown.sinceMs) }
    }
    const [oldest] = this.#accumulator.unsettled
    if (oldest === undefined || nowMs - oldest.sentAtMs < complaint.firstMs + this.#options.lingerMs) return undefined
    const { topic, partition, problem } = oldest.queue
    const reason = problem ?? (oldest.flight === null ? 'the brokers are slow' : 'no answer yet')
    return {
      where: `${topic.name}/${partition}`,
      reason: outside === null ? reason : `${reason}; ${outside}`,
      waitsMs: Math.round(nowMs - oldest.sentAtMs),
    }
  }
}
