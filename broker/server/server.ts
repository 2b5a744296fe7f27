// The listener and its connections: how many there may be, which are idle, and how all of them end.
import { SlabPool } from '@castellan/protocol'
import { type Address, Complaints, type Connection, type Listener, type Timer } from '@castellan/protocol/runtime'
import { BrokerError, messageOf, stackOf, systemCode } from '../errors.ts'
import type { BrokerParts, Handler } from '../handlers/handler.ts'
import type { Counters } from '../metrics/counters.ts'
import { ClientConnection, type ConnectionHost, type Trouble } from './client-connection.ts'
import { type HandlerTable, handlerTable } from './dispatch.ts'
import { RequestMemory } from './request-memory.ts'
import { type Progress, SlowPeers } from './slow-peers.ts'

/** Larger than most frames, so that one read brings many; small enough that a slab held by a few bytes costs little. */
const slabBytes = 256 * 1024
const idleSlabBytesMax = 32 * 1024 * 1024
/** How often senders are looked at in the time in which one is found too slow. */
const stallLooks = 4
/** What is in flight at a graceful stop has this long to be answered. */
const drainMs = 1_000
const drainCheckMs = 10

const meanings = {
  malformed: 'a connection was closed: what it sent is no request',
  refused: 'a connection was closed: it asked for what this broker does not know',
  failed: 'a connection was closed: its request failed',
  stalled:
    'a connection was closed: it held memory that others waited for (queued.max.request.bytes, queued.max.response.bytes)',
} satisfies Record<Trouble, string>

export class Server implements ConnectionHost {
  readonly parts: BrokerParts
  readonly table: HandlerTable
  readonly slabs: SlabPool
  readonly memory: RequestMemory
  readonly counters: Counters
  readonly #complaints: Complaints
  readonly #connections = new Set<ClientConnection>()
  #listener: Listener | undefined
  #idleTimer: Timer | undefined
  #stallTimer: Timer | undefined
  #stopping = false

  /** `poison`: memory of requests is overwritten when it is given back, so that whoever still reads it is found out. */
  constructor(
    parts: BrokerParts,
    handlers: readonly Handler[],
    counters: Counters,
    options: { poison?: boolean } = {},
  ) {
    const bytesMax = parts.config.queuedMaxRequestBytes
    const keepBytesMax = Math.min(idleSlabBytesMax, bytesMax / 4)
    this.slabs = new SlabPool({ slabBytes, keepBytesMax, poison: options.poison ?? false })
    this.memory = new RequestMemory(parts.runtime.clock, { bytesMax, usualBytes: slabBytes })
    this.parts = parts
    this.table = handlerTable(handlers)
    this.counters = counters
    this.#complaints = new Complaints(parts.runtime.clock, parts.log)
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Listens; returns the real address. Throws a BrokerError when the address cannot be had. */
  async listen(address: Address): Promise<Address> {
    try {
      this.#listener = await this.parts.runtime.network.listen(address, (connection) => this.#accept(connection))
    } catch (error) {
      const why = systemCode(error) === 'EADDRINUSE' ? 'another process uses it' : messageOf(error)
      throw new BrokerError('LISTEN_FAILED', `cannot listen on ${address.host}:${address.port}: ${why}`, {
        cause: error,
      })
    }
    this.#watchIdle()
    this.#watchStalled()
    return this.#listener.address
  }

  complain(kind: Trouble, peer: string, reason: string): void {
    this.#complaints.say(kind, { peer, reason }, meanings[kind])
  }

  complainOfFailure(api: string, fields: Record<string, unknown>, error: unknown): void {
    const all = { ...fields, api, error: messageOf(error), stack: stackOf(error) }
    this.#complaints.say(`failure of ${api}`, all, 'a handler failed', 'error')
  }

  onClosed(connection: ClientConnection): void {
    this.#connections.delete(connection)
  }

  /** Takes no more requests and waits, for a bounded time, until those in flight are answered. */
  async drain(): Promise<void> {
    const { clock } = this.parts.runtime
    this.#beginStop()
    for (const connection of this.#connections) connection.stopReading()
    const endMs = clock.nowMs() + drainMs
    while (clock.nowMs() < endMs && [...this.#connections].some((connection) => connection.inFlight > 0)) {
      await new Promise<void>((resolve) => void clock.after(drainCheckMs, resolve))
    }
  }

  /** Ends all connections, then the listener: a refused connection tells others that this broker is gone. */
  async close(): Promise<void> {
    this.#beginStop()
    for (const connection of [...this.#connections]) connection.leave()
    await this.#listener?.close()
  }

  #beginStop(): void {
    this.#stopping = true
    this.#idleTimer?.cancel()
    this.#stallTimer?.cancel()
  }

  #accept(connection: Connection): void {
    if (this.#stopping || this.#connections.size >= this.parts.config.maxConnections) {
      this.counters.connectionsRefused++
      if (!this.#stopping)
        this.#complaints.say(
          'full',
          { peer: connection.peer },
          'a connection was refused: there are max.connections already',
        )
      return connection.reset()
    }
    this.counters.connectionsAccepted++
    const client = new ClientConnection(this, connection)
    this.#connections.add(client)
    client.start()
  }

  /** Twice in `connections.max.idle.ms`: a connection that brought no request since the last look but one is closed. */
  #watchIdle(): void {
    const { clock } = this.parts.runtime
    const seen = new WeakMap<ClientConnection, { frames: number; sinceMs: number }>()
    const maxIdleMs = this.parts.config.connectionsMaxIdleMs
    const look = () => {
      for (const connection of [...this.#connections]) {
        const before = seen.get(connection)
        if (!before || before.frames !== connection.framesSeen || connection.inFlight > 0) {
          seen.set(connection, { frames: connection.framesSeen, sinceMs: clock.nowMs() })
        } else if (clock.nowMs() - before.sinceMs >= maxIdleMs) {
          this.counters.connectionsIdle++
          connection.destroy()
        }
      }
      this.#idleTimer = clock.after(maxIdleMs / 2, look)
    }
    this.#idleTimer = clock.after(maxIdleMs / 2, look)
  }

  /** Closes who holds memory that others wait for, and neither sends its request on nor takes its answers. */
  #watchStalled(): void {
    const { clock } = this.parts.runtime
    const stallMs = this.parts.config.connectionRequestStallMs
    const senders = new SlowPeers<ClientConnection>(stallMs)
    const takers = new SlowPeers<ClientConnection>(stallMs)
    let lastMs = clock.nowMs()
    const lookAtAll = () => {
      const elapsedMs = clock.nowMs() - lastMs
      lastMs += elapsedMs
      for (const connection of senders.look(this.#halfSending(), elapsedMs)) this.#closeStalled(connection, 'request')
      for (const connection of takers.look(this.#notTaking(), elapsedMs)) this.#closeStalled(connection, 'answers')
      this.#stallTimer = clock.after(stallMs / stallLooks, lookAtAll)
    }
    this.#stallTimer = clock.after(stallMs / stallLooks, lookAtAll)
  }

  *#halfSending(): Generator<[ClientConnection, Progress]> {
    if (this.memory.waiting === 0) return
    for (const connection of this.#connections) {
      const lane = connection.halfSentIn
      if (lane !== null && this.memory.hasWaiting(lane)) yield [connection, connection.sending]
    }
  }

  *#notTaking(): Generator<[ClientConnection, Progress]> {
    if (this.parts.responseMemory.waiting === 0) return
    for (const connection of this.#connections) {
      if (connection.isHoldingAnswers) yield [connection, connection.taking]
    }
  }

  #closeStalled(connection: ClientConnection, what: 'request' | 'answers'): void {
    this.counters.connectionsStalled++
    connection.closeStalled(what)
  }
}
