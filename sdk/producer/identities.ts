// The producer's id and epoch: asked once of any broker, and raised here when a partition must start anew (KIP-360).
import { initProducerId } from '@castellan/protocol'
import { sleep } from '@castellan/protocol/runtime'
import { backoffMs, requestBackoff } from '../backoff.ts'
import { messageOf, refusal } from '../errors.ts'
import type { KafkaClient } from '../kafka/client.ts'
import { newStop } from '../stop.ts'
import type { Identity, IdentitySource } from './line.ts'

const epochMax = 32_767

export class Identities implements IdentitySource {
  /** Why there is none yet; null: there is one, or nobody needed it. */
  problem: string | null = null
  readonly #client: KafkaClient
  /** There is one, or it is known why there is none yet. */
  readonly #onChange: () => void
  readonly #stop = newStop()
  #newest: Identity | null = null
  #asking = false

  constructor(client: KafkaClient, onChange: () => void) {
    this.#client = client
    this.#onChange = onChange
  }

  current(): Identity | undefined {
    if (this.#newest === null && !this.#asking) void this.#ask()
    return this.#newest ?? undefined
  }

  after(identity: Identity): Identity | undefined {
    const { producerId, producerEpoch } = identity
    const newest = this.#newest
    // Otherwise another partition has started anew before: its epoch will do.
    if (newest?.producerId === producerId && newest.producerEpoch === producerEpoch) {
      this.#newest = producerEpoch < epochMax ? { producerId, producerEpoch: producerEpoch + 1 } : null
    }
    return this.current()
  }

  close(): void {
    this.#stop.abort()
  }

  /** Until a broker gives an id: without one nothing can be sent, and the delivery timeout ends the waiting. */
  async #ask(): Promise<void> {
    this.#asking = true
    const { clock, random } = this.#client.runtime
    const { signal } = this.#stop
    try {
      for (let failures = 1; this.#newest === null; failures++) {
        try {
          this.#newest = await this.#askOnce(signal)
        } catch (error) {
          signal.throwIfAborted()
          this.problem = `no broker gives a producer id: ${messageOf(error)}`
          this.#onChange()
          await sleep(clock, backoffMs(requestBackoff, failures, random), signal)
        }
      }
      this.problem = null
      this.#onChange()
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      this.#asking = false
    }
  }

  async #askOnce(signal: AbortSignal): Promise<Identity> {
    const body = { transactionalId: null, transactionTimeoutMs: 0x7fffffff }
    const { errorCode, producerId, producerEpoch } = await this.#client.dispatch(initProducerId, body, { signal })
    if (errorCode !== 0) throw refusal('InitProducerId', errorCode)
    return { producerId, producerEpoch }
  }
}
