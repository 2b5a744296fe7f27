// What `connect` gives: makes producers and consumers, and closes them all.
import { type Logger, sleep } from '@castellan/protocol/runtime'
import type { CastleLink } from './castle/castle-link.ts'
import { type CloseOptions, closeTimeoutMs } from './close-options.ts'
import type { SdkEvent } from './connect.ts'
import { Consumer } from './consumer/consumer.ts'
import { type ConsumerOptions, consumerOptions, type RetryOptions, topicNames } from './consumer/options.ts'
import { CastellanError, messageOf } from './errors.ts'
import type { KafkaClient } from './kafka/client.ts'
import { checkOptions } from './options.ts'
import { type ProducerOptions, producerOptions } from './producer/options.ts'
import { Producer } from './producer/producer.ts'
import { type AnyTopic, type MessageOf, topic } from './serde/topic.ts'
import { type CloseOnSignalsOptions, type Signals, signalRules } from './signals.ts'

/** What may be given: `group` and `topics`, and whatever shall differ from the defaults. */
export type ConsumerInput<T extends string | AnyTopic = string | AnyTopic> = {
  readonly group: string
  readonly topics: readonly T[]
  readonly retry?: Partial<RetryOptions>
} & Partial<Omit<ConsumerOptions, 'group' | 'topics' | 'retry'>>

/** Of the time for closing: what handlers may use of it. */
const handlersShare = 0.7
const nothing = () => {}

export class Castellan {
  /** A typed topic. The same as the function `topic`, which needs no connection. */
  readonly topic = topic
  readonly #client: KafkaClient
  readonly #castle: CastleLink | null
  readonly #log: Logger
  readonly #onEvent: (event: SdkEvent) => void
  readonly #producers = new Set<Producer>()
  readonly #consumers = new Set<Pick<Consumer, 'close'>>()
  readonly #signals: Signals
  #endSignals: (() => void) | null = null
  #closing: Promise<boolean> | null = null

  /** @internal `connect` makes it. */
  constructor(
    client: KafkaClient,
    castle: CastleLink | null,
    options: { readonly log: Logger; readonly onEvent: (event: SdkEvent) => void; readonly signals: Signals },
  ) {
    this.#client = client
    this.#castle = castle
    this.#log = options.log
    this.#signals = options.signals
    this.#onEvent = (event) => {
      try {
        options.onEvent(event)
      } catch (error) {
        options.log.error({ error: messageOf(error) }, 'onEvent failed')
      }
    }
  }

  /** A producer of its own order, buffer and connections; a service needs one. Throws OPTION_UNKNOWN, OPTION_WRONG, CLOSED. */
  producer(options: Partial<ProducerOptions> = {}): Producer {
    this.#checkOpen()
    const producer: Producer = new Producer(this.#client, producerOptions(options), {
      onTopic: (topic) => this.#castle?.useTopic(topic) ?? nothing,
      onWaiting: (reason) => this.#onEvent({ kind: 'producer-waiting', reason }),
      problem: () => this.#castle?.problem ?? null,
      onClosed: () => this.#producers.delete(producer),
    })
    this.#producers.add(producer)
    return producer
  }

  /**
   * A member of a group, which begins with `run`, `runBatches` or `for await`. Messages of typed topics come decoded.
   * Throws OPTION_UNKNOWN, OPTION_WRONG, CLOSED.
   */
  consumer<const T extends string | AnyTopic>(options: ConsumerInput<T>): Consumer<MessageOf<T>> {
    this.#checkOpen()
    const checked = consumerOptions(options)
    const { group } = checked
    const uses = topicNames(checked).map((topic) => this.#castle?.useTopic(topic))
    const consumer: Consumer<MessageOf<T>> = new Consumer(this.#client, checked, {
      onStarted: () => this.#castle?.addMember(consumer),
      onChange: () => this.#castle?.changed(),
      onFailed: (error) => this.#onEvent({ kind: 'consumer-failed', group, error }),
      onClosed: () => {
        for (const end of uses) end?.()
        this.#castle?.removeMember(consumer)
        this.#consumers.delete(consumer)
      },
    })
    consumer.on('stuck', ({ topic, partition, offset, error }) =>
      this.#onEvent({ kind: 'consumer-stuck', group, topic, partition, offset, error }),
    )
    consumer.on('going-on', ({ topic, partition, offset }) =>
      this.#onEvent({ kind: 'consumer-stuck', group, topic, partition, offset, error: null }),
    )
    this.#consumers.add(consumer)
    return consumer
  }

  /**
   * Ends everything in good order: consumers finish what they have begun, commit and leave their groups; producers deliver what was
   * sent; Castle is told. After `timeoutMs` it does so without waiting. Nothing keeps the process alive then. Throws nothing
   * but OPTION_UNKNOWN, OPTION_WRONG.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    await this.#closeWithin(closeTimeoutMs(options))
  }

  /**
   * Closes at SIGTERM and SIGINT, and then ends the process: with 0, or with 1 when the time was up before all was done. A second signal ends
   * it at once. Where others listen to the signal too, ending the process is left to them. Returns how to take it back.
   * Throws OPTION_UNKNOWN, OPTION_WRONG, CLOSED.
   */
  closeOnSignals(options: CloseOnSignalsOptions = {}): () => void {
    this.#checkOpen()
    const checked = checkOptions('closeOnSignals', signalRules, options)
    const { signals, timeoutMs, before } = checked as Required<CloseOnSignalsOptions>
    const { clock } = this.#client.runtime
    this.#endSignals?.()
    const end = this.#signals.add({ clock, log: this.#log, signals, close: () => this.#closeAfter(before, timeoutMs) })
    this.#endSignals = end
    return end
  }

  /** False: `before` failed, or the time was up. */
  async #closeAfter(before: CloseOnSignalsOptions['before'], timeoutMs: number): Promise<boolean> {
    const { clock } = this.#client.runtime
    const untilMs = clock.nowMs() + timeoutMs
    const inGoodOrder = await this.#within(timeoutMs, async () => {
      try {
        await before?.()
        return true
      } catch (error) {
        this.#log.error({ error: messageOf(error) }, '`before` of closeOnSignals failed')
        return false
      }
    })
    const isClosed = await this.#closeWithin(Math.max(0, untilMs - clock.nowMs()))
    return inGoodOrder && isClosed
  }

  /** False: the time was up before all was done. */
  #closeWithin(timeoutMs: number): Promise<boolean> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  async #close(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#client.runtime
    const untilMs = clock.nowMs() + timeoutMs
    const leftMs = () => Math.max(0, untilMs - clock.nowMs())
    // Consumers first: their handlers may be sending. Their handlers' time leaves some for commits and for what they sent.
    const handlersMs = timeoutMs * handlersShare
    const consumers = [...this.#consumers].map((consumer) => consumer.close({ timeoutMs: handlersMs }))
    const areConsumersClosed = await this.#within(leftMs(), () => Promise.all(consumers).then(() => true))
    await Promise.all([...this.#producers].map((producer) => producer.close({ timeoutMs: leftMs() })))
    const inGoodOrder = areConsumersClosed && leftMs() > 0
    await this.#within(leftMs(), async () => this.#castle?.stop().then(() => true) ?? true)
    this.#client.close()
    this.#endSignals?.()
    if (inGoodOrder) this.#log.debug({}, 'closed')
    else this.#log.warn({ timeoutMs }, 'closed without waiting any longer: the time was up')
    return inGoodOrder
  }

  /** What `work` says; false when it takes longer. */
  async #within(timeoutMs: number, work: () => Promise<boolean>): Promise<boolean> {
    const over = new AbortController()
    const late = sleep(this.#client.runtime.clock, timeoutMs, over.signal).then(
      () => false,
      () => false,
    )
    const result = await Promise.race([work(), late])
    over.abort()
    return result
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw new CastellanError('CLOSED', 'this client was closed')
  }
}
