// The platform's own client: sends for the test, and looks at logs and offsets from outside. It speaks to the brokers alone, so it needs
// no Castle; its machine is never cut off.
import { type Runtime, silentLogger } from '@castellan/protocol/runtime'
import {
  type AnyTopic,
  type Castellan,
  connectKafkaWith,
  type Message,
  type OutgoingMessage,
  type Sent,
} from '@castellan/sdk'
import { Admin, KafkaClient } from '@castellan/sdk/kafka'
import { ownService } from './hosts.ts'

type Producer = ReturnType<Castellan['producer']>

export class Looker {
  readonly #runtime: Runtime
  readonly #bootstrap: string[]
  readonly #client: KafkaClient
  readonly #admin: Admin
  /** Made by the first `send`. */
  #producing: Promise<{ castellan: Castellan; producer: Producer }> | null = null

  constructor(runtime: Runtime, bootstrap: readonly { readonly host: string; readonly port: number }[]) {
    this.#runtime = runtime
    this.#bootstrap = bootstrap.map(({ host, port }) => `${host}:${port}`)
    this.#client = new KafkaClient(runtime, { bootstrap, clientId: ownService }, silentLogger)
    this.#admin = new Admin(this.#client)
  }

  async send<T extends string | AnyTopic>(message: OutgoingMessage<T>): Promise<Sent> {
    this.#producing ??= this.#connect().catch((error: unknown) => {
      this.#producing = null // the next call tries again
      throw error
    })
    const { producer } = await this.#producing
    return producer.send(message)
  }

  /** By partition; null: nothing yet. */
  async committed(group: string, topic: string): Promise<(number | null)[]> {
    const { partitions } = await this.#admin.topic(topic)
    const offsets = await this.#admin.groupOffsets(group)
    return partitions.map((_, partition) => {
      const found = offsets.find((one) => one.topic === topic && one.partition === partition)
      return found === undefined || found.offset < 0 ? null : found.offset
    })
  }

  /** Partitions in which the group has not committed the end, one line each. */
  async leftOf(group: string, topics: readonly string[]): Promise<string[]> {
    const left: string[] = []
    for (const topic of topics) {
      const ends = await this.#admin.offsets(topic, 'latest')
      const committed = await this.committed(group, topic)
      for (const { partition, offset: end } of ends) {
        const offset = committed[partition] ?? null
        if (end > (offset ?? 0)) left.push(`${topic}/${partition}: committed ${offset ?? 'nothing'} of ${end}`)
      }
    }
    return left
  }

  async messages(topic: string): Promise<Message[]> {
    const found: Message[] = []
    const starts = await this.#admin.offsets(topic, 'earliest')
    for (const { partition, offset: start } of starts) {
      for (let offset = start; ; ) {
        const read = await this.#admin.read({ topic, partition, offset, messagesMax: 1_000 })
        for (const message of read.messages) found.push(message)
        if (read.nextOffset === offset || read.nextOffset >= read.highWatermark) break
        offset = read.nextOffset
      }
    }
    return found
  }

  async close(): Promise<void> {
    const producing = await this.#producing?.catch(() => null) // nothing was opened
    await producing?.castellan.close({ timeoutMs: 1_000 })
    this.#client.close()
  }

  async #connect() {
    const castellan = await connectKafkaWith(this.#runtime, {
      bootstrap: this.#bootstrap,
      service: ownService,
      log: silentLogger,
    })
    return { castellan, producer: castellan.producer() }
  }
}
