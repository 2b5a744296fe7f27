// The producer as services see it.
//
//   send ─> Accumulator (partition, batch) ─> Sender (leader, request) ─> broker
//                  ▲                              │
//                  └── room, when settled ────────┘

import { Complaints, type Timer } from '@castellan/protocol/runtime'
import { type CloseOptions, closeTimeoutMs } from '../close-options.ts'
import { CastellanError, messageOf, perhapsWritten } from '../errors.ts'
import type { KafkaClient } from '../kafka/client.ts'
import type { AnyTopic } from '../serde/topic.ts'
import { Accumulator } from './accumulator.ts'
import type { ProducerBatch } from './batch.ts'
import { Identities } from './identities.ts'
import { checkMessage } from './message-check.ts'
import type { ProducerOptions } from './options.ts'
import { Outcomes } from './outcomes.ts'
import { unsendable } from './record.ts'
import { BatchSend, refusedAt } from './send-batch.ts'
import { Sender } from './sender.ts'
import { type StallHooks, Stalls, stalledAfterMs } from './stalls.ts'
import type { OutgoingMessage, PlainMessage, Sent, Settlers } from './types.ts'

export interface ProducerHooks extends StallHooks {
  /** The producer begins to use a topic. Returns how to end that. */
  readonly onTopic?: (topic: string) => () => void
  readonly onClosed?: () => void
}

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
  readonly #complaints: Complaints
  readonly #stalls: Stalls
  readonly #stopWatching: () => void
  /** Topics used, and how to end that. */
  readonly #topics = new Map<string, () => void>()
  readonly #flushes = new Set<{ readonly ticket: number; readonly done: () => void }>()
  #closing: Promise<void> | null = null
  #postsFailed = 0
  #watch: Timer | null = null

  /** @internal `castellan.producer` makes it. */
  constructor(client: KafkaClient, options: ProducerOptions, hooks: ProducerHooks = {}) {
    this.#client = client
    this.#options = options
    this.#hooks = hooks
    this.#complaints = new Complaints(client.runtime.clock, client.log)
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
    this.#stalls = new Stalls(client, options, this.#accumulator, hooks)
    this.#sender = new Sender(client, options, this.#accumulator, this.#identities, this.#lane, this.#outcomes)
    this.#stopWatching = client.view.onChange(() => this.#sender.viewChanged())
  }

  /**
   * Sends a message and resolves when it is acknowledged at its topic's Ack level: with its partition and offset (-1 at Ack 0). Until
   * then it waits and tries again, through changes of leaders and restarts of anything, for `deliveryTimeoutMs`. Messages of
   * one partition are written in the order of the calls. Awaiting it is how the producer pushes back when its buffer is full.
   *
   * Throws MESSAGE_INVALID, VALUE_REFUSED, SERDE_FAILED, SCHEMA_ASYNC, MESSAGE_TOO_LARGE, PARTITION_UNKNOWN, TOPIC_UNKNOWN, TOPIC_DELETED,
   * BUFFER_FULL, CLOSED, REFUSED, DELIVERY_TIMEOUT (surely not written), DELIVERY_UNKNOWN. `maybeWritten` says whether a broker may have it.
   */
  send<T extends string | AnyTopic>(message: OutgoingMessage<T>): Promise<Sent> {
    return new Promise((resolve, reject) => this.#add(message, resolve, reject))
  }

  /**
   * `send`, if there is room in the buffer now; null: there is none, and the message was not taken. Never waits for room, and a topic that
   * is still being looked for makes no difference: its messages wait in the buffer. The promise throws like that of `send`.
   */
  trySend<T extends string | AnyTopic>(message: OutgoingMessage<T>): Promise<Sent> | null {
    return this.#accumulator.hasRoom || this.#closing !== null ? this.send(message) : null
  }

  /**
   * Sends a message that nobody waits for. Whatever goes wrong with it, a full buffer too, reaches the option `onPostFailed`, is counted in
   * `postsFailed` and logged now and then. Throws nothing.
   */
  post<T extends string | AnyTopic>(message: OutgoingMessage<T>): void {
    const failed = (error: CastellanError) => this.#postFailed(error, message)
    if (this.#accumulator.hasRoom || this.#closing !== null) return this.#add(message, nothing, failed)
    failed(new CastellanError('BUFFER_FULL', `no room in a buffer of ${this.#options.bufferBytes} bytes`))
  }

  /**
   * Sends messages, in order, and resolves with the place of each when all are acknowledged. A list that is larger than the buffer
   * enters as room comes. When one cannot be sent at all, none is: MESSAGE_INVALID, VALUE_REFUSED, SERDE_FAILED, SCHEMA_ASYNC, CLOSED.
   * Throws BATCH_FAILED when some were not acknowledged: its `outcomes` say of each whether it was written (and where), surely not, or perhaps.
   */
  sendBatch<const T extends readonly (string | AnyTopic)[]>(
    messages: {
      readonly [I in keyof T]: OutgoingMessage<T[I]>
    },
  ): Promise<Sent[]> {
    return new Promise((resolve, reject) => {
      if (!Array.isArray(messages)) throw new CastellanError('MESSAGE_INVALID', 'sendBatch takes a list of messages')
      const checked = messages.map((message, index) => this.#checkedAt(index, message, messages.length))
      if (this.#closing !== null) throw closed()
      if (checked.length === 0) return resolve([])
      for (const { topic } of checked) this.#use(topic)
      const batch = new BatchSend(checked.length, resolve, reject)
      this.#accumulator.addAll(checked, (index) => batch.settlersOf(index))
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
   * fail with CLOSED, or with DELIVERY_UNKNOWN where a broker may have written them. Throws nothing but
   * OPTION_UNKNOWN, OPTION_WRONG.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const timeoutMs = closeTimeoutMs(options)
    this.#closing ??= this.#close(timeoutMs)
    await this.#closing
  }

  /** How often a partition started anew because its leader missed earlier messages (lost at Ack 1, R4). */
  get gaps(): number {
    return this.#outcomes.gaps
  }

  /** How many messages given to `post` were not acknowledged. */
  get postsFailed(): number {
    return this.#postsFailed
  }

  // ------------------------------------------------------------ inside

  #add(message: OutgoingMessage<string | AnyTopic>, resolve: Settlers['resolve'], reject: Settlers['reject']): void {
    try {
      if (this.#closing !== null) throw closed()
      const checked = checkMessage(message)
      this.#use(checked.topic)
      this.#accumulator.add(checked, resolve, reject)
      if (this.#watch === null) this.#startWatch()
    } catch (error) {
      reject(error instanceof CastellanError ? error : unsendable(error))
    }
  }

  #checkedAt(index: number, message: OutgoingMessage<string | AnyTopic>, count: number): PlainMessage {
    try {
      return checkMessage(message)
    } catch (error) {
      throw refusedAt(index, count, error instanceof CastellanError ? error : unsendable(error))
    }
  }

  #use(topic: string): void {
    if (!this.#topics.has(topic)) this.#topics.set(topic, this.#hooks.onTopic?.(topic) ?? nothing)
  }

  #postFailed(error: CastellanError, message: OutgoingMessage<string | AnyTopic>): void {
    this.#postsFailed++
    const fields = { code: error.code, error: error.message, failed: this.#postsFailed }
    this.#complaints.say('post', fields, 'a message that nobody waits for was not delivered')
    try {
      this.#options.onPostFailed(error, message)
    } catch (cause) {
      this.#complaints.say('hook', { error: messageOf(cause) }, 'onPostFailed failed')
    }
  }

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
    const everyMs = Math.min(stalledAfterMs, this.#options.deliveryTimeoutMs / 4)
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
    this.#stalls.look(nowMs)
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
}

function closed(): CastellanError {
  return new CastellanError('CLOSED', 'the producer was closed')
}
