// The connections of one client, by broker address and lane.
//
// A broker answers a connection's requests in order, so a fetch that waits half a second would hold up everything behind
// it. Hence lanes: each producer and each fetcher has connections of its own.
import { SlabPool } from '@castellan/protocol'
import { type ConnectionOptions, KafkaConnection } from '@castellan/protocol/client'
import type { Address, Logger, Runtime } from '@castellan/protocol/runtime'
import { CastellanError } from '../errors.ts'

interface Entry {
  readonly address: Address
  readonly lane: string
  readonly promise: Promise<KafkaConnection>
  /** Ends the waiting for it. */
  readonly abandon: (why: CastellanError) => void
  connection: KafkaConnection | null
}

const slabs = { slabBytes: 64 * 1024, keepBytesMax: 4 * 1024 * 1024 }

export class ConnectionPool {
  readonly #runtime: Runtime
  readonly #options: ConnectionOptions
  readonly #log: Logger
  readonly #slabs = new SlabPool(slabs)
  readonly #entries = new Map<string, Entry>()
  #closed = false

  constructor(runtime: Runtime, options: ConnectionOptions, log: Logger) {
    this.#runtime = runtime
    this.#options = options
    this.#log = log
  }

  /** Whether a connection there is open. */
  has(address: Address, lane: string): boolean {
    return this.#entries.get(keyOf(address, lane))?.connection != null
  }

  /**
   * The connection there, opened when there is none. All who ask get the same promise, so they go on in the order in which
   * they asked: requests of a producer must not overtake each other. Throws like KafkaConnection.open, or CLOSED.
   */
  get(address: Address, lane: string): Promise<KafkaConnection> {
    const key = keyOf(address, lane)
    const known = this.#entries.get(key)
    if (known !== undefined) return known.promise
    const forget = () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    }
    let abandon: Entry['abandon'] = () => {}
    // A broker that hangs takes connections and answers nothing: who waits for one shall hear at once that it counts as gone.
    const abandoned = new Promise<never>((_, reject) => {
      abandon = reject
    })
    const opening = this.#open(address, forget)
    const promise = Promise.race([opening, abandoned])
    const entry: Entry = { address, lane, promise, abandon, connection: null }
    this.#entries.set(key, entry)
    opening.then(
      (connection) => {
        entry.connection = connection
        if (this.#entries.get(key) !== entry) connection.close()
      },
      forget, // whoever asked hears of the error
    )
    return promise
  }

  close(): void {
    this.#closed = true
    this.#drop(() => true, new CastellanError('CLOSED', 'this client was closed'))
  }

  /** Closes the connections of one lane, when its user is gone. */
  closeLane(lane: string): void {
    this.#drop((entry) => entry.lane === lane, new CastellanError('CLOSED', `the connections of ${lane} were closed`))
  }

  /** Closes the connections to a broker that is gone. */
  closeAddress({ host, port }: Address): void {
    const gone = new CastellanError('CONNECT_FAILED', `the broker at ${host}:${port} counts as gone`)
    this.#drop(({ address }) => address.host === host && address.port === port, gone)
  }

  #drop(which: (entry: Entry) => boolean, why: CastellanError): void {
    for (const [key, entry] of [...this.#entries]) {
      if (!which(entry)) continue
      this.#entries.delete(key)
      if (entry.connection === null) entry.abandon(why)
      else entry.connection.close()
    }
  }

  async #open(address: Address, onClose: () => void): Promise<KafkaConnection> {
    if (this.#closed) throw new CastellanError('CLOSED', 'this client was closed')
    const connection = await KafkaConnection.open(this.#runtime, address, this.#slabs, this.#options, this.#log)
    connection.onClose = onClose
    // It may have ended in the very turn in which it began: then nobody else would say so.
    if (connection.closed) onClose()
    return connection
  }
}

function keyOf({ host, port }: Address, lane: string): string {
  return `${host}:${port}/${lane}`
}
