// Which broker coordinates a group: Castle's word where it has one, else FindCoordinator.
import { findCoordinator } from '@castellan/protocol'
import type { CoordinatorState } from '@castellan/protocol/heartbeat'
import { refusal } from '../errors.ts'
import type { KafkaClient } from './client.ts'
import { retry } from './retry.ts'

export class Coordinators {
  readonly #client: KafkaClient
  readonly #known = new Map<string, number>()
  /** What Castle said last: its newer word wins, but the same word again does not undo what a broker told. */
  readonly #castle = new Map<string, number>()

  constructor(client: KafkaClient) {
    this.#client = client
  }

  /** Castle's subject `coordinator/<group>`. */
  tell({ group, brokerId }: CoordinatorState): void {
    if (this.#castle.get(group) === brokerId) return
    this.#castle.set(group, brokerId)
    if (brokerId >= 0) this.#known.set(group, brokerId)
  }

  /** A broker said that it does not coordinate the group, or it cannot be reached. */
  forget(group: string, brokerId: number): void {
    if (this.#known.get(group) === brokerId) this.#known.delete(group)
  }

  known(group: string): number | undefined {
    return this.#known.get(group)
  }

  /**
   * The coordinator's broker id; asks brokers when it is not known, until `timeoutMs` is over. Throws what KafkaClient.dispatch
   * throws, or REFUSED with Kafka's code.
   */
  async find(group: string, options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<number> {
    const known = this.#known.get(group)
    if (known !== undefined) return known
    const found = await retry(this.#client.runtime, options, (leftMs) => this.#ask(group, leftMs, options.signal))
    this.#known.set(group, found)
    return found
  }

  async #ask(group: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<number> {
    const body = { keyType: 0, coordinatorKeys: [group] }
    const options = { timeoutMs: Math.min(timeoutMs, this.#client.requestTimeoutMs), signal, versionMin: 4 }
    const answer = await this.#client.dispatch(findCoordinator, body, options)
    const [coordinator] = answer.coordinators
    if (coordinator === undefined) throw refusal(`FindCoordinator of group '${group}'`, -1)
    const { errorCode, errorMessage, nodeId, host, port } = coordinator
    if (errorCode !== 0) throw refusal(`FindCoordinator of group '${group}'`, errorCode, errorMessage)
    if (!this.#client.view.brokers.has(nodeId)) this.#client.view.tellBroker({ id: nodeId, host, port, rack: null })
    return nodeId
  }
}
