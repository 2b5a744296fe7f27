// Sends to topics that are not known yet: they wait, in order, while the topic is being found.

import { Fifo } from '@castellan/protocol'
import { CastellanError } from '../errors.ts'
import type { KafkaClient } from '../kafka/client.ts'
import type { TopicView } from '../kafka/view.ts'
import { newStop } from '../stop.ts'
import type { Placing } from './blocked.ts'
import { unsendable } from './record.ts'

export interface TopicWait extends Placing {
  readonly bytes: number
}

export interface TopicWaitsHooks {
  /** The topic is known: what waited for it is to be taken out, in order. */
  readonly onFound: (topic: TopicView, waits: Fifo<TopicWait>) => void
  /** One that waited was rejected. */
  readonly onRejected: (wait: TopicWait) => void
  /** There is no such topic: what waited for it was rejected. */
  readonly onUnknown: (topic: string) => void
}

export class TopicWaits {
  readonly #client: KafkaClient
  readonly #timeoutMs: number
  readonly #hooks: TopicWaitsHooks
  readonly #waits = new Map<string, Fifo<TopicWait>>()
  readonly #stop = newStop()

  constructor(client: KafkaClient, timeoutMs: number, hooks: TopicWaitsHooks) {
    this.#client = client
    this.#timeoutMs = timeoutMs
    this.#hooks = hooks
  }

  get isEmpty(): boolean {
    return this.#waits.size === 0
  }

  /** Number of the earliest send; infinite: none waits. */
  get oldestTicket(): number {
    let oldest = Number.POSITIVE_INFINITY
    for (const waits of this.#waits.values()) oldest = Math.min(oldest, waits.peek()?.ticket ?? oldest)
    return oldest
  }

  /** Since when the first send waits for its topic to be told, and which. */
  get first(): { topic: string; sinceMs: number } | undefined {
    for (const [topic, waits] of this.#waits) {
      const first = waits.peek()
      if (first !== undefined) return { topic, sinceMs: first.sentAtMs }
    }
    return undefined
  }

  add(wait: TopicWait): void {
    const { topic } = wait.message
    const others = this.#waits.get(topic)
    if (others !== undefined) return others.push(wait)
    const waits = new Fifo<TopicWait>()
    waits.push(wait)
    this.#waits.set(topic, waits)
    void this.#find(topic, waits)
  }

  /** Rejects what waits since before `sentBeforeMs`. */
  expire(sentBeforeMs: number, error: (what: string) => CastellanError): void {
    for (const [topic, waits] of this.#waits) {
      for (let one = waits.peek(); one !== undefined && one.sentAtMs <= sentBeforeMs; one = waits.peek()) {
        waits.shift()
        this.#reject(one, error(`nobody could tell about topic '${topic}'`))
      }
    }
  }

  close(): void {
    this.#stop.abort(new CastellanError('CLOSED', 'the producer was closed'))
  }

  async #find(name: string, waits: Fifo<TopicWait>): Promise<void> {
    while (waits.length > 0) {
      try {
        const options = { timeoutMs: this.#timeoutMs, signal: this.#stop.signal }
        const topic = await this.#client.metadata.topic(name, options)
        this.#waits.delete(name)
        this.#hooks.onFound(topic, waits)
      } catch (error) {
        // Nobody could tell: `expire` has ended those who waited long enough, and others go on waiting.
        if (error instanceof CastellanError && error.code === 'REQUEST_TIMEOUT') continue
        const reason = error instanceof CastellanError ? error : unsendable(error)
        // What is sent from now on, as by a hook that hears of these, is looked for anew.
        this.#waits.delete(name)
        for (let one = waits.shift(); one !== undefined; one = waits.shift()) this.#reject(one, reason)
        this.#hooks.onUnknown(name)
      }
    }
    if (this.#waits.get(name) === waits) this.#waits.delete(name)
  }

  #reject(wait: TopicWait, error: CastellanError): void {
    wait.settlers.reject(error)
    this.#hooks.onRejected(wait)
  }
}
