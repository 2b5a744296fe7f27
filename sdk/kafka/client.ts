// The plain Kafka client: requests to a broker, to any, or to a group's coordinator, over connections it keeps; and a
// view of the cluster that it keeps fresh. Works with every broker of the Kafka protocol, Castle or not.
//
//   request ── retry (trouble that goes by, with back-off) ── dispatch ── pool ── connection
import type { Api, RequestInput, ResponseOf } from '@castellan/protocol'
import { ClientError, type VersionLimits } from '@castellan/protocol/client'
import { type Address, type Logger, type Runtime, randomInt } from '@castellan/protocol/runtime'
import { CastellanError } from '../errors.ts'
import { release } from '../release.ts'
import { Coordinators } from './coordinators.ts'
import { Metadata } from './metadata.ts'
import { ConnectionPool } from './pool.ts'
import { retry } from './retry.ts'
import { ClusterView } from './view.ts'

export interface KafkaClientOptions {
  /** Where to learn the brokers from; Castle's word, when there is one, makes them unneeded. */
  readonly bootstrap: readonly Address[]
  /** Shown in brokers' logs and metrics. */
  readonly clientId: string
  /** How long one request may take, unless it says so itself. */
  readonly requestTimeoutMs?: number
  readonly connectTimeoutMs?: number
  /** The longest answer that is taken, bytes. */
  readonly frameBytesMax?: number
}

export interface RequestOptions extends VersionLimits {
  /** 'any' (default): one that is up. */
  readonly broker?: number | 'any'
  /** Requests of one lane share a connection, and the broker answers them in order. */
  readonly lane?: string
  /** For `dispatch` one try; for `request` all of them. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
  /** Produce at Ack 0: done when the request has left; the result is undefined. */
  readonly unanswered?: boolean
}

const defaults = { requestTimeoutMs: 10_000, connectTimeoutMs: 3_000, frameBytesMax: 128 * 1024 * 1024 }
const inFlightMax = 1_000
const software = { name: 'castellan-sdk', version: release }

export class KafkaClient {
  readonly runtime: Runtime
  readonly log: Logger
  readonly view = new ClusterView()
  /** Keeps the view fresh, and finds topics. */
  readonly metadata: Metadata
  /** @internal */
  readonly coordinators: Coordinators
  readonly requestTimeoutMs: number
  readonly #pool: ConnectionPool
  #bootstrap: readonly Address[]
  #lanes = 0

  constructor(runtime: Runtime, options: KafkaClientOptions, log: Logger) {
    const { requestTimeoutMs, connectTimeoutMs, frameBytesMax } = { ...defaults, ...options }
    this.runtime = runtime
    this.log = log
    this.requestTimeoutMs = requestTimeoutMs
    this.#bootstrap = options.bootstrap
    const { clientId } = options
    const connection = { clientId, software, connectTimeoutMs, frameBytesMax, inFlightMax }
    this.#pool = new ConnectionPool(runtime, connection, log)
    this.view.onBrokerEnded = (broker) => this.#pool.closeAddress(broker)
    this.metadata = new Metadata(this)
    this.coordinators = new Coordinators(this)
  }

  /** Where to learn the brokers from, from now on: for whoever hears of them elsewhere, as Castle does. */
  set bootstrap(addresses: readonly Address[]) {
    this.#bootstrap = addresses
  }

  /**
   * @internal One request, one try. Error codes inside the answer are the caller's to read.
   * Throws NO_BROKER, CONNECT_FAILED, and what KafkaConnection.request throws.
   */
  async dispatch<A extends Api>(api: A, body: RequestInput<A>, options: RequestOptions = {}): Promise<ResponseOf<A>> {
    const address = this.#addressOf(options.broker ?? 'any')
    try {
      const connection = await this.#pool.get(address, options.lane ?? 'main')
      return await connection.request(api, body, { timeoutMs: this.requestTimeoutMs, ...options })
    } catch (error) {
      throw error instanceof ClientError ? new CastellanError(error.code, error.message, { cause: error.cause }) : error
    }
  }

  /**
   * @internal One request, tried again while the trouble is the network's, within `timeoutMs` (default: 30 s). Only for what may be
   * asked twice. Throws the last error.
   */
  request<A extends Api>(api: A, body: RequestInput<A>, options: RequestOptions = {}): Promise<ResponseOf<A>> {
    const { timeoutMs = 3 * this.requestTimeoutMs, signal } = options
    return retry(this.runtime, { timeoutMs, signal }, (leftMs) =>
      this.dispatch(api, body, { ...options, timeoutMs: Math.min(leftMs, this.requestTimeoutMs) }),
    )
  }

  /** A lane for one user alone; `closeLane` gives it back. */
  newLane(name: string): string {
    this.#lanes++
    return `${name}-${this.#lanes}`
  }

  closeLane(lane: string): void {
    this.#pool.closeLane(lane)
  }

  /** Closes all connections; whatever waits fails with CONNECTION_LOST. */
  close(): void {
    this.metadata.close()
    this.#pool.close()
  }

  #addressOf(broker: number | 'any'): Address {
    if (broker === 'any') return this.#anyAddress()
    const known = this.view.brokers.get(broker)
    if (known !== undefined) return known
    throw new CastellanError('NO_BROKER', `broker ${broker} is down or not known`)
  }

  #anyAddress(): Address {
    const brokers = [...this.view.brokers.values()]
    // Those that were known may all be gone; where we started from may know better.
    const isLost = brokers.length === 0 || this.metadata.lastError !== null
    const addresses: readonly Address[] = isLost ? [...brokers, ...this.#bootstrap] : brokers
    if (addresses.length === 0) throw new CastellanError('NO_BROKER', 'no broker is known')
    // One that answers already saves opening a connection; by lot otherwise, so that a dead one is not tried for ever.
    const connected = addresses.filter((address) => this.#pool.has(address, 'main'))
    const choice = connected.length > 0 ? connected : addresses
    return choice[randomInt(this.runtime.random, choice.length)]!
  }
}
