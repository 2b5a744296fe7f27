// Committed offsets and lag of a group, asked of the brokers with the plain Kafka client: they are the brokers' state, not
// Castle's. Brokers that do not answer in time cost the answer its offsets, never the whole view.

import type { Logger, Runtime } from '@castellan/protocol/runtime'
import { Admin, KafkaClient } from '@castellan/sdk/kafka'
import type { Castle } from '../castle.ts'
import { messageOf } from '../errors.ts'
import { brokersOf } from '../state/state.ts'
import type { Offsets } from '../views/groups.ts'

const patienceMs = 3_000

export class GroupOffsets {
  readonly #castle: Castle
  readonly #runtime: Runtime
  readonly #log: Logger
  /** By cluster; made when first asked. */
  readonly #clients = new Map<string, KafkaClient>()

  constructor(castle: Castle, runtime: Runtime, log: Logger) {
    this.#castle = castle
    this.#runtime = runtime
    this.#log = log
  }

  /** Never rejects. */
  async of(cluster: string, group: string): Promise<Offsets> {
    if (this.#castle.groups.coordinatorOf(cluster, group) === -1) {
      return { offsets: [], offsetsProblem: 'the group has no coordinator at the moment' }
    }
    try {
      return { offsets: await this.#inTime(this.#ask(cluster, group)), offsetsProblem: null }
    } catch (error) {
      return { offsets: [], offsetsProblem: messageOf(error) }
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.close()
    this.#clients.clear()
  }

  async #ask(cluster: string, group: string): Promise<Offsets['offsets']> {
    const admin = new Admin(this.#clientOf(cluster))
    const committed = await admin.groupOffsets(group)
    const topics = [...new Set(committed.map(({ topic }) => topic))].filter((name) => this.#exists(cluster, name))
    const ends = new Map(
      await Promise.all(topics.map(async (topic) => [topic, await admin.offsets(topic, 'latest')] as const)),
    )
    return committed.map(({ topic, partition, offset }) => {
      const end = ends.get(topic)?.find((each) => each.partition === partition)?.offset ?? null
      return { topic, partition, committed: offset, end, lag: end === null ? null : Math.max(0, end - offset) }
    })
  }

  #exists(cluster: string, topic: string): boolean {
    return this.#castle.state.topicNamed(cluster, topic) !== undefined
  }

  #clientOf(cluster: string): KafkaClient {
    const brokers = [...brokersOf(this.#castle.state, cluster)].filter(({ up }) => up)
    const bootstrap = brokers.map(({ host, port }) => ({ host, port }))
    let client = this.#clients.get(cluster)
    if (client === undefined) {
      client = new KafkaClient(
        this.#runtime,
        { bootstrap, clientId: 'castle', requestTimeoutMs: patienceMs },
        this.#log,
      )
      this.#clients.set(cluster, client)
    }
    client.bootstrap = bootstrap
    return client
  }

  #inTime<T>(task: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const problem = new Error(`the brokers did not tell the offsets within ${patienceMs} ms`)
      const timer = this.#runtime.clock.after(patienceMs, () => reject(problem))
      task.then(resolve, reject).finally(() => timer.cancel())
    })
  }
}
