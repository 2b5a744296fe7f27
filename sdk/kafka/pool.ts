// The connections of one client, by broker address and lane.
//
// A broker answers a connection's requests in order, so a fetch that waits half a second would hold up everything behind
// it. Hence lanes: each producer and each fetcher has connections of its own.
import { SlabPool } from '@castellan/protocol'
import type { Address, Logger, Runtime } from '@castellan/protocol/runtime'
import { CastellanError } from '../errors.ts'
import { type ConnectionOptions, KafkaConnection } from './connection.ts'

const slabs = { slabBytes: 64 * 1024, keepBytesMax: 4 * 1024 * 1024 }

export class ConnectionPool {
  readonly #runtime: Runtime
  readonly #options: ConnectionOptions
  readonly #log: Logger
  readonly #slabs = new SlabPool(slabs)
  readonly #open = new Map<string, KafkaConnection>()
  readonly #opening = new Map<string, Promise<KafkaConnection>>()
  #closed = false

  constructor(runtime: Runtime, options: ConnectionOptions, log: Logger) {
    this.#runtime = runtime
    this.#options = options
    this.#log = log
  }

  /** The open connection there, if there is one. */
  peek(address: Address, lane: string): KafkaConnection | undefined {
    return this.#open.get(keyOf(address, lane))
  }

  /** The connection there, opened when there is none; who asks meanwhile shares it. Throws like KafkaConnection.open, or CLOSED. */
  get(address: Address, lane: string): Promise<KafkaConnection> {
    const key = keyOf(address, lane)
    const open = this.#open.get(key)
    if (open !== undefined) return Promise.resolve(open)
    const opening = this.#opening.get(key)
    if (opening !== undefined) return opening
    const started = this.#start(key, address).finally(() => this.#opening.delete(key))
    this.#opening.set(key, started)
    return started
  }

  close(): void {
    this.#closed = true
    for (const connection of [...this.#open.values()]) connection.close()
  }

  /** Closes the connections of one lane, when its user is gone. */
  closeLane(lane: string): void {
    for (const [key, connection] of [...this.#open]) if (key.endsWith(`/${lane}`)) connection.close()
  }

  async #start(key: string, address: Address): Promise<KafkaConnection> {
    if (this.#closed) throw new CastellanError('CLOSED', 'this client was closed')
    const connection = await KafkaConnection.open(this.#runtime, address, this.#slabs, this.#options, this.#log)
    if (this.#closed) {
      connection.close()
      throw new CastellanError('CLOSED', 'this client was closed')
    }
    this.#open.set(key, connection)
    connection.onClose = () => this.#open.delete(key)
    return connection
  }
}

function keyOf({ host, port }: Address, lane: string): string {
  return `${host}:${port}/${lane}`
}
