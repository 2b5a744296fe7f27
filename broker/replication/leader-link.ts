// The connection to a leader's broker: opened when it is asked for, and after a failure, also of what came through it, not before a while
// that grows. Where the leader is, Castle says; a new address, or the same in a new life, is tried at once.
import { ClientError, KafkaConnection } from '@castellan/protocol/client'
import type { Address } from '@castellan/protocol/runtime'
import { messageOf } from '../errors.ts'
import { type BackOff, backOffMs } from './back-off.ts'
import type { FetcherOptions } from './fetcher-options.ts'

const connectTimeoutMs = 1_000
const frameBytesMax = 128 * 1024 * 1024
const backOff: BackOff = { minMs: 20, maxMs: 1_000 }

export interface LeaderLinkHooks {
  readonly onOpen: () => void
  /** There may be another one after `notBeforeMs`. */
  readonly onFail: () => void
  /** What was under way on a connection has ended with it. */
  readonly onEnd: () => void
}

export class LeaderLink {
  readonly leader: number
  /** Before that no connection is tried. */
  notBeforeMs = 0
  readonly #options: FetcherOptions
  readonly #inFlightMax: number
  readonly #hooks: LeaderLinkHooks
  #address: Address | undefined
  /** Tells a connection that counts from earlier ones. */
  #generation = 0
  #connection: KafkaConnection | null = null
  #isConnecting = false
  #failures = 0
  /** When the leader's broker first could not be reached, since it last answered or Castle gave it a new address. */
  #lostAtMs: number | null = null

  constructor(leader: number, options: FetcherOptions, inFlightMax: number, hooks: LeaderLinkHooks) {
    this.leader = leader
    this.#options = options
    this.#inFlightMax = inFlightMax
    this.#hooks = hooks
  }

  get connection(): KafkaConnection | null {
    return this.#connection
  }

  /** The broker could be reached, and cannot be any more, for so long; null: all is well, as far as this broker knows. */
  get lostForMs(): number | null {
    return this.#lostAtMs === null ? null : this.#options.runtime.clock.nowMs() - this.#lostAtMs
  }

  /** Undefined: it is down. */
  setAddress(address: Address | undefined): void {
    this.#address = address
    if (address !== undefined) this.#lostAtMs = null
    this.#failures = 0
    this.notBeforeMs = 0
    this.close()
  }

  /** Its time has come: connects, unless it does already. */
  connect(): void {
    if (this.#isConnecting || this.#address === undefined) return
    this.#isConnecting = true
    void this.#open(this.#address, this.#generation)
  }

  /** It answered as a leader does. */
  answered(): void {
    this.#failures = 0
    this.#lostAtMs = null
  }

  /** Connects anew after a while. */
  fail(error: unknown): void {
    const { runtime, complaints, counters } = this.#options
    counters.failures++
    this.close()
    this.#failures++
    this.#lostAtMs ??= runtime.clock.nowMs()
    this.notBeforeMs = runtime.clock.nowMs() + backOffMs(backOff, this.#failures, runtime.random)
    const fields = { leader: this.leader, ...this.#address, failures: this.#failures, error: messageOf(error) }
    complaints.say(`leader ${this.leader}`, fields, 'cannot fetch from a leader; it is tried again')
    this.#hooks.onFail()
  }

  close(): void {
    this.#generation++
    this.#isConnecting = false
    const connection = this.#connection
    this.#connection = null
    this.#hooks.onEnd()
    connection?.close()
  }

  async #open(address: Address, generation: number): Promise<void> {
    const { runtime, pool, release, brokerId, log } = this.#options
    const clientId = `broker-${brokerId}`
    const software = { name: 'castellan-broker', version: release }
    const options = { clientId, software, connectTimeoutMs, frameBytesMax, inFlightMax: this.#inFlightMax }
    try {
      const connection = await KafkaConnection.open(runtime, address, pool, options, log)
      if (generation !== this.#generation) return connection.close()
      this.#isConnecting = false
      this.#connection = connection
      connection.onClose = () => {
        if (generation === this.#generation)
          this.fail(new ClientError('CONNECTION_LOST', 'the leader closed the connection'))
      }
      this.#hooks.onOpen()
    } catch (error) {
      if (generation === this.#generation) this.fail(error)
    }
  }
}
