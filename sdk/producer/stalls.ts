// Tells people when messages wait, and why: which has waited longest, and what stands in its way.
import { messageOf } from '../errors.ts'
import type { KafkaClient } from '../kafka/client.ts'
import type { Accumulator } from './accumulator.ts'
import type { ProducerOptions } from './options.ts'

export interface StallHooks {
  /** Messages wait, and why; null: they go on. */
  readonly onWaiting?: (reason: string | null) => void
  /** Why Castle or the cluster cannot be asked, if that is so. */
  readonly problem?: () => string | null
}

/** After how long without progress people are told, and how often again. */
export const stalledAfterMs = 1_000
const againMs = 10_000

export class Stalls {
  readonly #client: KafkaClient
  readonly #options: ProducerOptions
  readonly #accumulator: Accumulator
  readonly #hooks: StallHooks
  #toldMs = Number.NEGATIVE_INFINITY
  /** Of what was told: why Castle cannot be asked. */
  #toldOutside: string | null = null
  #isWaiting = false

  constructor(client: KafkaClient, options: ProducerOptions, accumulator: Accumulator, hooks: StallHooks) {
    this.#client = client
    this.#options = options
    this.#accumulator = accumulator
    this.#hooks = hooks
  }

  look(nowMs: number): void {
    const outside = this.#hooks.problem?.() ?? null
    const stalled = this.#longest(nowMs, outside)
    if (stalled === undefined) return this.#goesOn()
    // That Castle is away, too, or is back, is news: without it nobody else can be elected.
    if (nowMs - this.#toldMs < againMs && outside === this.#toldOutside) return
    this.#toldMs = nowMs
    this.#toldOutside = outside
    this.#isWaiting = true
    const fields = { ...stalled, unsettledBatches: this.#accumulator.unsettled.size }
    this.#client.log.warn(fields, 'messages wait to be delivered')
    this.#hooks.onWaiting?.(`${stalled.where}: ${stalled.reason}`)
  }

  #goesOn(): void {
    if (this.#isWaiting) {
      this.#hooks.onWaiting?.(null)
      this.#client.log.info({}, 'messages are being delivered again')
    }
    this.#isWaiting = false
    this.#toldMs = Number.NEGATIVE_INFINITY
  }

  /** What has waited longest, if that is long, and why. */
  #longest(nowMs: number, outside: string | null): { where: string; reason: string; waitsMs: number } | undefined {
    const unknown = this.#accumulator.waitsForTopic
    if (unknown !== undefined && nowMs - unknown.sinceMs >= stalledAfterMs) {
      const { lastError } = this.#client.metadata
      const reason =
        outside ?? (lastError === null ? 'neither Castle nor a broker has told of it yet' : messageOf(lastError))
      return { where: unknown.topic, reason, waitsMs: Math.round(nowMs - unknown.sinceMs) }
    }
    const [oldest] = this.#accumulator.unsettled
    if (oldest === undefined || nowMs - oldest.sentAtMs < stalledAfterMs + this.#options.lingerMs) return undefined
    const { topic, partition, problem } = oldest.queue
    const reason = problem ?? (oldest.flight === null ? 'the brokers are slow' : 'no answer yet')
    return {
      where: `${topic.name}/${partition}`,
      reason: outside === null ? reason : `${reason}; ${outside}`,
      waitsMs: Math.round(nowMs - oldest.sentAtMs),
    }
  }
}
