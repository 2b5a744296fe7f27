// What `connect` gives: makes producers and consumers, and closes them all.
import type { Logger } from '@castellan/protocol/runtime'
import type { CastleLink } from './castle/castle-link.ts'
import type { SdkEvent } from './connect.ts'
import { Consumer } from './consumer/consumer.ts'
import { type ConsumerOptions, consumerOptions, type RetryOptions } from './consumer/options.ts'
import { CastellanError, messageOf } from './errors.ts'
import type { KafkaClient } from './kafka/client.ts'
import { type ProducerOptions, producerOptions } from './producer/options.ts'
import { Producer } from './producer/producer.ts'
import { topic } from './serde/topic.ts'

/** What may be given: `group` and `topics`, and whatever shall differ from the defaults. */
export type ConsumerInput = Pick<ConsumerOptions, 'group' | 'topics'> &
  Partial<Omit<ConsumerOptions, 'group' | 'topics' | 'retry'>> & { readonly retry?: Partial<RetryOptions> }

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
  readonly #consumers = new Set<Consumer>()
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

  /** A member of a group, which begins with `run` or `runBatches`. Throws OPTION_UNKNOWN, OPTION_WRONG, CLOSED. */
  consumer(options: ConsumerInput): Consumer {
    this.#checkOpen()
    const checked = consumerOptions(options)
    const { group, topics } = checked
    const uses = topics.map((topic) => this.#castle?.useTopic(topic))
    const consumer: Consumer = new Consumer(this.#client, checked, {
      onStarted: () => this.#castle?.addMember(consumer),
      onChange: () => this.#castle?.changed(),
      onStuck: (stuck, partition) =>
        this.#onEvent({ kind: 'consumer-stuck', group, ...partition, error: stuck?.error ?? null }),
      onFailed: (error) => this.#onEvent({ kind: 'consumer-failed', group, error }),
      onClosed: () => {
        for (const end of uses) end?.()
        this.#castle?.removeMember(consumer)
        this.#consumers.delete(consumer)
      },
    })
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
