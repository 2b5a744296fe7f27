// What `connect` gives: makes producers and consumers, and closes them all.
import type { Logger } from '@castellan/protocol/runtime'
import type { CastleLink } from './castle/castle-link.ts'
import type { SdkEvent } from './connect.ts'
import { Consumer } from './consumer/consumer.ts'
import { type ConsumerOptions, consumerOptions, type RetryOptions, topicNames } from './consumer/options.ts'
import { CastellanError, messageOf } from './errors.ts'
import type { KafkaClient } from './kafka/client.ts'
import { type ProducerOptions, producerOptions } from './producer/options.ts'
import { Producer } from './producer/producer.ts'
import { type AnyTopic, type MessageOf, topic } from './serde/topic.ts'

/** What may be given: `group` and `topics`, and whatever shall differ from the defaults. */
export type ConsumerInput<T extends string | AnyTopic = string | AnyTopic> = {
  readonly group: string
  readonly topics: readonly T[]
  readonly retry?: Partial<RetryOptions>
} & Partial<Omit<ConsumerOptions, 'group' | 'topics' | 'retry'>>

export interface CloseOptions {
  /** For handlers to finish and messages to be acknowledged. Default 10 s. */
  readonly timeoutMs?: number
}

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
  #closing: Promise<void> | null = null

  /** @internal `connect` makes it. */
  constructor(
    client: KafkaClient,
    castle: CastleLink | null,
    options: { readonly log: Logger; readonly onEvent: (event: SdkEvent) => void },
  ) {
    this.#client = client
    this.#castle = castle
    this.#log = options.log
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
   * sent; Castle is told. After `timeoutMs` it does so without waiting. Nothing keeps the process alive then. Never throws.
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  async #close(options: CloseOptions): Promise<void> {
    // Consumers first: their handlers may be sending.
    await Promise.all([...this.#consumers].map((consumer) => consumer.close(options)))
    await Promise.all([...this.#producers].map((producer) => producer.close(options)))
    await this.#castle?.stop()
    this.#client.close()
    this.#log.debug({}, 'closed')
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw new CastellanError('CLOSED', 'this client was closed')
  }
}
